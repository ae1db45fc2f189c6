"""Programs that speak, as a person would write them around a model of their own: real processes, in the protocol."""

from __future__ import annotations

import sys
from pathlib import Path

SPEAKS = """
import json, os, sys
import soundfile
from tests.kit.recognisers import demo_sound
from tests.pod_image.recipes.distil.made_clips import FILES

print("loading the model")
for line in sys.stdin:
    job = json.loads(line)
    {before}
    wave, rate = soundfile.read(demo_sound(FILES[job["text"]]), dtype="float32")
    soundfile.write(job["wav"], wave, rate)
    {after}
{end}
"""
SAYS = 'print(json.dumps({"id": job["id"]}), flush=True)'


def program(folder: Path, before: str = "pass", after: str = SAYS, end: str = "") -> list[str]:
    """The command line of one; its lines stand before each clip, behind it, and at the end."""
    path = folder / "speak.py"
    folder.mkdir(parents=True, exist_ok=True)
    text = SPEAKS
    for name, lines in (("before", before), ("after", after), ("end", end)):
        text = text.replace(f"{{{name}}}", lines)
    path.write_text(text)
    return [sys.executable, str(path)]
