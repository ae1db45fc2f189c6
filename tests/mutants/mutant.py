"""A planted bug as data: one change of the source text, and the few tests that have to notice it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

AREAS = Path(__file__).parent / "areas"
"""One file for each part of the program: agent, hub, launch, reap, watch, secrets."""


class DoesNotApply(Exception):
    """The text that a mutant replaces is not there exactly once: the code has moved on and the mutant has to follow."""


@dataclass(frozen=True)
class Mutant:
    """`name` says, as a sentence, what the program does with the bug in it."""

    area: str
    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, tree: Path) -> str:
        """The text of the file with the bug in it. Raises DoesNotApply."""
        path = tree / self.file
        text = path.read_text() if path.is_file() else ""
        found = text.count(self.old)
        if found != 1 or self.old == self.new:
            raise DoesNotApply(f"{self.name}: its old text is {found} times in {self.file}")
        return text.replace(self.old, self.new)


def mutants(folder: Path = AREAS) -> list[Mutant]:
    """All there are, in the order of their files."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        for entry in tomllib.loads(path.read_text())["mutant"]:
            texts = {name: entry[name].strip("\n") for name in ("name", "file", "old", "new")}
            found.append(Mutant(area=path.stem, tests=tuple(entry["tests"]), **texts))
    return found
