"""The shapes in which a JSON document lists clips: an array, names with texts, or columns."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pod_image.dataset.columns import FILE_NAMES, TEXT_NAMES

Record = dict[str, object]


def records_of(text: str) -> list[tuple[str, Record]] | None:
    """(what a person calls it, the record) of each clip; None for what is no single JSON document."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return list(_records(document))


def _records(document: object) -> Iterator[tuple[str, Record]]:
    if isinstance(document, list):
        for number, value in enumerate(document, 1):
            yield f"entry {number}", value if isinstance(value, dict) else {}
    elif isinstance(document, dict):
        if _is_record(document):
            yield from _columns(document) or [("entry 1", document)]
            return
        # {"data": […]}, or a list for each split: {"train": […], "test": […]}
        lists = [
            value
            for value in document.values()
            if isinstance(value, list) and _is_of_records(value)
        ]
        if lists:
            yield from _records([record for records in lists for record in records])
        else:
            yield from _by_name(document)


def _by_name(document: Record) -> Iterator[tuple[str, Record]]:
    """{"a.wav": "text"}, or {"a.wav": {"text": …}} as M-AILABS has it."""
    for name, value in document.items():
        if isinstance(value, str):
            yield f"entry {name!r}", {FILE_NAMES[0]: name, TEXT_NAMES[0]: value}
        elif isinstance(value, dict):
            spoken = value.get("clean") or value.get("original")
            plain = {TEXT_NAMES[0]: spoken} if isinstance(spoken, str) else {}
            yield f"entry {name!r}", {FILE_NAMES[0]: name, **plain, **value}


def _columns(document: Record) -> list[tuple[str, Record]]:
    """Columns as pandas writes them: {"file": {"0": …}, "text": {"0": …}} or lists; none for a single record."""
    columns: dict[str, list[object]] = {}
    for name, column in document.items():
        if isinstance(column, dict):
            columns[name] = list(column.values())
        elif isinstance(column, list):
            columns[name] = column
        else:
            return []
    length = min((len(column) for column in columns.values()), default=0)
    return [
        (f"entry {row + 1}", {name: column[row] for name, column in columns.items()})
        for row in range(length)
    ]


def _is_record(document: Record) -> bool:
    names = {str(name).lower() for name in document}
    return bool(names & set(FILE_NAMES)) and bool(names & set(TEXT_NAMES))


def _is_of_records(values: list[object]) -> bool:
    return bool(values) and all(isinstance(each, dict) for each in values)
