"""Hints of the services name commands and flags; on a page they name fields and pages instead. Pure."""

from __future__ import annotations

import re

from pod_image.contract.settings import SETTINGS

_COMMANDS = (
    (
        r"launcher keys set(?: [\w-]+)?(?:, or (?:set )?the variable \w+)?",
        "Enter it on the Keys page",
    ),
    (r"launcher keys check", "See the Keys page"),
    (r"`?launcher gpus`?(?: lists (?:all|what there is|them))?", "The table under Where lists all"),
    (r"`?launcher presets list`? shows all", "The cards above show all"),
    (r"`?launcher presets save ([\w-]+)`?", r"Use “Save as my preset”, for example \1"),
    (r"`?launcher runs`?(?: (?:shows|lists) what (?:is left|there is))?", "See the Runs page"),
    (r"`?launcher reap`?", "“Look for forgotten GPUs” on the Keys page"),
    (r"`?launcher (?:show|watch|logs|results) ?[\w-]*`?", "the page of the run"),
    (r"`?launcher (?:stop|release|abort) ?[\w-]*`?", "Stop and remove, on the page of the run"),
    (r"`?launcher deploy --help`?", "The Train page"),
    (r"`?launcher dataset make`?", "“Add sound” under Datasets"),
    (r"`?launcher dataset push --licence`? writes it", "“Licence” under Datasets writes it"),
    (r"`?launcher dataset push`?", "“Send it to Hugging Face” under Datasets"),
    (r"`?launcher dataset check`? lists them all", "“Check it” under Datasets lists them all"),
    (r"`?launcher dataset (?:list|show)(?: [\w.-]+)?`?", "Datasets"),
)
_FLAG = re.compile(r"--([a-z][a-z-]*[a-z])(?: (any|secure|community)\b)?")
_OTHER_FLAGS = {"resume": "“Continue an earlier run”"}


def for_page(text: str) -> str:
    """The text with every command and flag named as the page calls it."""
    for pattern, words in _COMMANDS:
        text = re.sub(pattern, words, text)
    return re.sub(r"`([^`]+)`", r"“\1”", _FLAG.sub(_field, text))


def _field(match: re.Match[str]) -> str:
    name = match[1].replace("-", "_")
    if name in SETTINGS:
        label = f"“{SETTINGS[name].knob.label}”"
        return f"{label}: {match[2]}" if match[2] else label
    return _OTHER_FLAGS.get(match[1], match[0])
