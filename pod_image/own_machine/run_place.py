"""Where a run lies on a person's own machine: one folder each, and what each file in it says."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pod_image.contract.interpreter import without_current_folder
from pod_image.contract.own_machine import FOLDER_VARIABLE, Kind
from pod_image.contract.whole_file import write_whole
from pod_image.own_machine.refused import Refused

_ID = re.compile(r"[a-z0-9][a-z0-9-]{5,99}")


def runs_folder(environment: Mapping[str, str]) -> Path:
    """Where this user's runs lie on this machine. Raises RuntimeError for a user without a home."""
    if given := environment.get(FOLDER_VARIABLE):
        return Path(given)
    data = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "pod-launcher" / "runs"


def is_another_users(folder: Path) -> bool:
    """Whether somebody else put it there, such as below a folder that several users share. Raises OSError."""
    try:
        return folder.stat().st_uid != os.getuid()
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class RunPlace:
    """The files of one run. Its folder's name ends with the run's nonce, so that no other has it."""

    root: Path

    @classmethod
    def of(cls, runs: Path, pod_id: str) -> RunPlace:
        """Raises Refused for what can be no name of a run."""
        if not _ID.fullmatch(pod_id):
            raise Refused(Kind.GONE, f"There is no run {pod_id[:40]!r} on this machine.")
        return cls(runs / pod_id)

    @property
    def pod_id(self) -> str:
        return self.root.name

    @property
    def order(self) -> dict[str, Any]:
        """What was ordered; empty where nothing was, or nothing that can be read."""
        return document_in(self.root / "order.json")

    @property
    def process(self) -> dict[str, Any]:
        """Who the run's first process is, as it says itself; empty before it does."""
        return document_in(self.root / "process.json")

    @property
    def ended(self) -> dict[str, Any]:
        """When its first process ended, and how; empty before, and where it was killed."""
        return document_in(self.root / "ended.json")

    @property
    def log(self) -> Path:
        """What the agent puts out."""
        return self.root / "log.txt"

    @property
    def disk(self) -> Path:
        """Where the agent works."""
        return self.root / "disk"

    @property
    def events(self) -> Path:
        """What the agent said, one event a line."""
        return self.disk / "run" / "out" / "events.jsonl"

    def write(self, name: str, document: Mapping[str, Any]) -> None:
        """Raises OSError."""
        text = json.dumps(document)
        write_whole(self.root / f"{name}.json", text, is_private=True, is_durable=True)


def all_runs(runs: Path) -> Iterator[RunPlace]:
    """Every run that has a folder here, whatever became of it."""
    with suppress(OSError):
        for path in sorted(runs.iterdir()):
            if _ID.fullmatch(path.name) and path.is_dir():
                yield RunPlace(path)


def agents_environment(place: RunPlace, given: Mapping[str, str]) -> dict[str, str]:
    """What this user's programs find around them, as far as a run has a use for it; then what the run was told.

    Chosen by name: whatever keys stand in this user's environment are not the run's.
    """
    found = {name: text for name, text in os.environ.items() if _is_for_runs(name)}
    if python_path := without_current_folder(found.pop("PYTHONPATH", "")):
        found["PYTHONPATH"] = python_path
    return {**found, **given, "PWD": str(place.disk)}


_FOR_RUNS = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "PYTHONPATH",
        "LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "OMP_NUM_THREADS",
        "CUDA_VISIBLE_DEVICES", "HF_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", FOLDER_VARIABLE,
    }
)  # fmt: skip


def _is_for_runs(name: str) -> bool:
    return name.upper() in _FOR_RUNS or name.startswith("LC_")


def document_in(path: Path) -> dict[str, Any]:
    """The object that a file holds; empty where it holds none."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
