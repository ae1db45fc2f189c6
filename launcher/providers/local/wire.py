"""The lines that `pod_image.own_machine` answers with. Standard library alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pod_image.contract.own_machine import MARK


def document_in(line: str) -> Mapping[str, Any] | None:
    """What a line of the program says; None for a line of anybody else's."""
    if not line.startswith(MARK):
        return None
    try:
        document = json.loads(line.removeprefix(MARK))
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def answer_in(output: str) -> Mapping[str, Any] | None:
    """The last document that was printed; None where there is none."""
    found = [document_in(line) for line in output.splitlines()]
    return next((each for each in reversed(found) if each is not None), None)
