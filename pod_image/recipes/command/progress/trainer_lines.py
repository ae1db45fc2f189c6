"""The line that Hugging Face's Trainer prints: a Python dict of numbers, quoted in version 5 and bare in version 4.

No step is in it: the bar that is drawn around it has that. Source: transformers' trainer_callback.py, 4.57 and 5.24.
"""

from __future__ import annotations

import ast
import re

from pod_image.recipes.command.progress.reading import Reading, number, reading_of

LONGEST_LINE = 8_192
_LIKE_A_DICT = re.compile(r"\{'[^']{1,100}': .*\}", re.ASCII)
_NOT_LITERAL = re.compile(r"(?<=: )(-?inf|nan)(?=[,}])")
"""Version 4 prints these bare, which no literal is."""
_OF_THE_LEG = ("_runtime", "_per_second")
"""Told once at an end, of this leg alone: nothing to draw."""


def reading_in(line: str) -> Reading | None:
    """What such a line tells; None for any other. Never raises."""
    if len(line) > LONGEST_LINE or not _LIKE_A_DICT.fullmatch(line):
        return None
    try:
        row = ast.literal_eval(_NOT_LITERAL.sub(r"'\1'", line))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(row, dict) or not all(isinstance(name, str) for name in row):
        return None
    told = {name: value for name, value in row.items() if not name.endswith(_OF_THE_LEG)}
    if number(told.get("epoch")) is None and not any("loss" in name for name in told):
        return None  # a script may print any dict
    return reading_of(told)
