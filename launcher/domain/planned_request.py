"""What a launch would send, shown before anything is sent: a placeholder stands wherever a secret would."""

from __future__ import annotations

import json as json_text
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PlannedRequest:
    """An HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str]
    json: Mapping[str, Any]

    def as_shell(self) -> str:
        """As a command line for people who trust curl; placeholders are left for them to fill."""
        parts = [f"curl -X {self.method} {shlex.quote(self.url)}"]
        parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in self.headers.items()]
        parts.append(f"--data {shlex.quote(json_text.dumps(self.json, ensure_ascii=False))}")
        return " \\\n  ".join(parts)


@dataclass(frozen=True)
class PlannedCommand:
    """A program that would be started, for a provider without an HTTP interface."""

    command: tuple[str, ...]

    def as_shell(self) -> str:
        return shlex.join(self.command)


Planned = PlannedRequest | PlannedCommand
