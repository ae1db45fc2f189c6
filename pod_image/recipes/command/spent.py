"""Results that a program keeps without end, dropped from the pod's disk once they are in the results repo."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pod_image.contract.bodies import Upload
from pod_image.contract.paths import RunFolder
from pod_image.recipes.command.collecting import named


@dataclass(frozen=True)
class SpentRule:
    """Patterns of files or folders that the program itself does not read again; the newest of each are left."""

    patterns: tuple[str, ...] = ()
    leave: int = 2


class SpentResults:
    """`drop` is called after each turn. Nothing goes that the agent has not said to be in the repo, checked."""

    def __init__(self, folder: RunFolder, collected: Path, rule: SpentRule) -> None:
        self._folder, self._collected, self._rule = folder, collected, rule
        self._delivered: dict[str, int] = {}
        """Paths below the run's folder, with their sizes."""
        self._read_bytes = 0

    def drop(self) -> list[Path]:
        """What was dropped, of the program's own. Never raises: it is room alone."""
        if not self._rule.patterns:
            return []
        dropped = []
        with suppress(OSError):
            self._hear()
            for pattern in self._rule.patterns:
                found = named(self._folder.prepared, [pattern])
                by_age = sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))
                for path in by_age[: max(len(by_age) - self._rule.leave, 0)]:
                    if self._is_delivered(path):
                        self._remove(path)
                        dropped.append(path)
        return dropped

    def _hear(self) -> None:
        """What the agent has said since: an upload is an event once it was proved."""
        with self._folder.events.open("rb") as file:
            file.seek(self._read_bytes)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read_bytes += len(line)
                if b'"upload"' in line:
                    self._delivered.update(_uploaded(line))

    def _is_delivered(self, path: Path) -> bool:
        files = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
        return bool(files) and all(
            self._delivered.get(self._copy_of(one).relative_to(self._folder.out).as_posix())
            == one.stat().st_size
            for one in files
        )

    def _copy_of(self, path: Path) -> Path:
        return self._collected / path.relative_to(self._folder.prepared)

    def _remove(self, path: Path) -> None:
        """The program's own first: its copy alone is brought to nowhere again."""
        for one in (path, self._copy_of(path)):
            if one.is_dir():
                shutil.rmtree(one)
            else:
                one.unlink(missing_ok=True)


def _uploaded(line: bytes) -> Iterator[tuple[str, int]]:
    """Without the folder of the run, which every path in the repo begins with."""
    with suppress(ValueError):
        document = json.loads(line)
        if isinstance(document, dict) and document.get("event") == Upload.event:
            for file in Upload.model_validate(document).files:
                yield file.path.partition("/")[2], file.size_bytes
