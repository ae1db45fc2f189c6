"""What can be said to a run."""

import launcher

run = launcher.attach("run-01")
print(run.save().state)
print(run.sample("How do I sound by now?").detail)
print(run.stop().state)
run.wait(timeout_seconds=600)
