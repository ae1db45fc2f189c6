"""What the rows of a dataset hold, by the beginning of one file: cheap, and enough to tell a wrong dataset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pod_image.contract.datasets import ChosenDataset
from pod_image.contract.findings import Finding, Severity
from pod_image.hub import (
    Hub,
    HubError,
    RemoteFile,
    Repo,
    list_files,
    read_range,
    resolve_commit,
)

HEAD_BYTES = 1 << 18
LINES, PARQUET = (".jsonl", ".json"), ".parquet"
FORMS = (("messages",), ("prompt", "completion"), ("text",))
"""Columns that trl learns from; the first that are all there count."""
WANTED = "Each row has messages, or prompt and completion, or text."


@dataclass(frozen=True)
class Shape:
    """`columns` are those that are learnt from."""

    columns: tuple[str, ...]
    is_conversation: bool


def look_at_shape(hub: Hub, dataset: ChosenDataset) -> tuple[Shape | None, tuple[Finding, ...]]:
    """None where it could not be told. Never raises HubError: who cannot reach the dataset says so elsewhere."""
    repo, brief = Repo(dataset.repo, "dataset"), hub.hasty()
    try:
        commit = resolve_commit(brief, repo, dataset.revision)
        rows = [row for row in list_files(brief, repo, commit, dataset.inside) if row.size_bytes]
        found = _first(rows)
        if found is None:
            return None, (_without_files(dataset),)
        if found.path.endswith(PARQUET):
            return None, (_not_looked_into(found.path),)
        length = min(HEAD_BYTES, found.size_bytes)
        head = read_range(brief, repo, commit, found.path, 0, length)
    except HubError:
        return None, ()
    return _of_line(found.path, head, is_whole=length == found.size_bytes)


def _first(rows: Sequence[RemoteFile]) -> RemoteFile | None:
    """What is learnt from, of the splits that there may be."""
    data = [row for row in rows if PurePosixPath(row.path).suffix in (*LINES, PARQUET)]
    named = [row for row in data if "train" in row.path.lower()]
    return min(named or data, key=lambda row: row.path, default=None)


def _of_line(path: str, head: bytes, *, is_whole: bool) -> tuple[Shape | None, tuple[Finding, ...]]:
    line, end, _ = head.partition(b"\n")
    if not end and not is_whole:
        return None, (_not_looked_into(path),)
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if isinstance(row, list) or (row is None and path.endswith(".json")):
        return None, (_not_looked_into(path),)  # one array over all lines
    if not isinstance(row, dict):
        return None, (
            _error(
                f"The first line of {path} is not a JSON object.", f"One row per line. {WANTED}"
            ),
        )
    for form in FORMS:
        if all(name in row for name in form):
            shape = Shape(form, isinstance(row[form[0]], list))
            return shape, (_said(path, shape),)
    columns = ", ".join(map(repr, list(row)[:8])) or "nothing"
    return None, (
        _error(f"The rows of {path} have {columns}, but nothing that trl can learn from.", WANTED),
    )


def _said(path: str, shape: Shape) -> Finding:
    kind = {
        "messages": "conversations",
        "prompt": "prompts with completions; only the completions are learnt",
        "text": "texts",
    }[shape.columns[0]]
    return Finding(
        Severity.NOTE,
        "dataset_shape",
        f"According to the first line of {path} the dataset has {kind}.",
    )


def _not_looked_into(path: str) -> Finding:
    return Finding(
        Severity.NOTE,
        "dataset_shape",
        f"The content of the rows of {path} was not checked.",
        WANTED,
    )


def _without_files(dataset: ChosenDataset) -> Finding:
    where = f"The folder {dataset.inside} of {dataset.repo}" if dataset.inside else dataset.repo
    return _error(f"{where} has no .jsonl or .parquet file.", WANTED)


def _error(message: str, hint: str) -> Finding:
    return Finding(Severity.ERROR, "dataset_shape", message, hint)
