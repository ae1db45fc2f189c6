"""A Dockerfile read into its steps: enough of the format for ours, and anything else is refused."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

_KNOWN = ("FROM", "ARG", "LABEL", "RUN", "COPY", "ENV", "WORKDIR", "ENTRYPOINT")


@dataclass(frozen=True)
class Step:
    """One instruction; `text` is what follows its name, continued lines joined."""

    name: str
    text: str


@dataclass
class Stage:
    """The steps from one FROM to the next. `name` is what other stages call it."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    @property
    def labels(self) -> dict[str, str]:
        return self._pairs("LABEL", self._arguments())

    @property
    def entrypoint(self) -> list[str]:
        words = [step.text for step in self.steps if step.name == "ENTRYPOINT"]
        return list(json.loads(words[-1])) if words else []

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        return {**base, **self._pairs("ENV", base)}

    def _arguments(self) -> dict[str, str]:
        return dict(step.text.split("=", 1) for step in self.steps if step.name == "ARG")

    def _pairs(self, name: str, known: Mapping[str, str]) -> dict[str, str]:
        return {
            key: Template(value).substitute(known)
            for step in self.steps
            if step.name == name
            for key, value in (word.split("=", 1) for word in shlex.split(step.text))
        }


def read(path: Path) -> list[Stage]:
    """The stages in order. Raises ValueError for an instruction that nobody here knows."""
    stages: list[Stage] = []
    for step in _steps(path.read_text("utf-8")):
        if step.name not in _KNOWN:
            raise ValueError(f"{path.name} has {step.name}, which its test does not know")
        if step.name == "FROM":
            base, _, name = step.text.partition(" AS ")
            stages.append(Stage(base.strip(), name.strip()))
        else:
            stages[-1].steps.append(step)
    return stages


def _steps(text: str) -> list[Step]:
    kept = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(kept))
    lines = [line.strip() for line in joined.splitlines() if line.strip()]
    return [Step(*line.split(maxsplit=1)) for line in lines]
