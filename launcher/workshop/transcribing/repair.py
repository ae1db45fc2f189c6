"""Texts moved to the clips they belong to, and back: what stood there before is kept until the next repair."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from launcher.config import is_private
from launcher.errors import InvalidRequest
from launcher.workshop.changing import changing
from launcher.workshop.transcribing.proofread import Move
from launcher.workshop.transcribing.table_edit import EditableTable, open_table, write_table
from pod_image.contract.whole_file import replacing
from pod_image.dataset import FolderSource, survey

UNDO = ".before-repair.json"


@dataclass(frozen=True)
class Repaired:
    """`moved` lines have another transcript now; `emptied` have none, because theirs was nowhere in the table."""

    moved: int
    emptied: int


def repair(folder: Path, moved: Sequence[Move]) -> Repaired:
    """Write the moves into the table. InvalidRequest where it cannot be edited, or where a text is not as it was."""
    with changing(folder):
        table = _table(folder)
        _expect(table, {each.place: each.old_text for each in moved})
        raw = table.changed({each.place: each.text for each in moved})
        before = [Move(each.place, each.file, each.old_text, "", each.text) for each in moved]
        document = {"table": table.path, "texts": [asdict(each) for each in before]}
        # A repair that is refused leaves the one before it to be undone.
        private = is_private(folder)
        with replacing(folder / UNDO, is_private=private, is_durable=True) as part:
            part.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
            write_table(table, raw)
    return Repaired(sum(bool(each.text) for each in moved), sum(not each.text for each in moved))


def undo_repair(folder: Path) -> Repaired:
    """Put the texts back that the last repair moved. InvalidRequest where one was changed since, or there is none."""
    path = folder / UNDO
    with changing(folder):
        if not path.is_file():
            raise InvalidRequest(
                "There is no repair to undo.", hint="Only the last repair can be undone, once."
            )
        document = json.loads(path.read_text(encoding="utf-8"))
        back = [Move(**each) for each in document["texts"]]
        table = _table(folder)
        _expect(table, {each.place: each.old_text for each in back})
        write_table(table, table.changed({each.place: each.text for each in back}))
        path.unlink()
    return Repaired(sum(bool(each.text) for each in back), sum(not each.text for each in back))


def _table(folder: Path) -> EditableTable:
    return open_table(folder, survey(FolderSource(folder, follows_links=True)).tables)


def _expect(table: EditableTable, texts: dict[str, str]) -> None:
    there = {row.place: row.text for row in table.rows}
    for place, text in texts.items():
        if there.get(place) != text:
            raise InvalidRequest(
                f"{place} is not as it was: the table was changed meanwhile.",
                hint="Compare the texts again, or change that line back.",
            )
