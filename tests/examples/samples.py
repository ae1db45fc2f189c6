"""What a run made to hear, and what its programs printed."""

from pathlib import Path

import launcher

run = launcher.attach("run-01")
for sample in run.samples():
    Path(f"step-{sample.step}.wav").write_bytes(sample.read())
for line in run.logs(tail=100):
    if line.event is None:
        print(line)
