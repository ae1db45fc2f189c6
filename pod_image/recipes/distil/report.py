"""What was kept and what was dropped, and why: for the log, for the card and as files among the results."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pod_image.contract.figures import counted, recorded
from pod_image.contract.whole_file import write_whole
from pod_image.recipes.distil.agreement import Drop
from pod_image.recipes.distil.rows import Row
from pod_image.recipes.distil.shards import FOLDER

REPORT_NAME = f"{FOLDER}/report.json"
DROPPED_NAME = f"{FOLDER}/dropped.csv"
HEADER = ("text", "why", "word", "heard")


@dataclass(frozen=True)
class Report:
    """`dropped`: how many for each reason. `recogniser` is empty where nothing was heard."""

    teacher: str
    recogniser: str
    spoken: int
    kept: int
    kept_minutes: float
    dropped: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, rows: Sequence[Row], dropped: Mapping[str, Drop], teacher: str, recogniser: str
    ) -> Report:
        kept = [row for row in rows if row.key not in dropped]
        seconds = sum(row.measured.seconds for row in kept if row.measured is not None)
        counts = Counter(dropped[row.key] for row in rows if row.key in dropped)
        by_reason = {each.value: counts[each] for each in Drop if counts[each]}
        return cls(teacher, recogniser, len(rows), len(kept), round(seconds / 60, 2), by_reason)

    @property
    def sentence(self) -> str:
        kept = f"{self.kept:,} of {counted(self.spoken, 'clip')} agree with their sentences"
        return f"{kept}: {recorded(self.kept_minutes)} to learn from.{self.of_dropped}"

    @property
    def of_dropped(self) -> str:
        """Such as " Dropped: 3 (a word of the sentence was not heard), 1 (clipped …)."; empty where none was."""
        parts = [f"{number:,} ({Drop(why).text})" for why, number in self.dropped.items()]
        return f" Dropped: {', '.join(parts)}." if parts else ""

    def write(self, out: Path, rows: Sequence[Row], dropped: Mapping[str, Drop]) -> None:
        """Raises OSError."""
        (out / FOLDER).mkdir(parents=True, exist_ok=True)
        write_whole(out / DROPPED_NAME, _table(rows, dropped))
        write_whole(out / REPORT_NAME, json.dumps(asdict(self), indent=1) + "\n", is_durable=True)


def read_report(out: Path) -> Report | None:
    """None where there is none yet, or one of another version."""
    try:
        return Report(**json.loads((out / REPORT_NAME).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _table(rows: Sequence[Row], dropped: Mapping[str, Drop]) -> str:
    """A line for each dropped clip, as a spreadsheet opens it."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(HEADER)
    for row in rows:
        if row.key in dropped:
            table.writerow((row.text, dropped[row.key].text, *_details(row, dropped[row.key])))
    return written.getvalue()


def _details(row: Row, why: Drop) -> tuple[str, str]:
    if row.measured is None:
        return "", row.why_not
    word = {Drop.OTHER_WORDS: row.measured.least_word, Drop.MORE_WORDS: row.measured.too_many}
    return word.get(why, ""), row.measured.heard
