"""A dataset as its table and file list describe it: every transcript matched to its file, nothing decoded."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pod_image.contract.figures import size
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Said, Sentence
from pod_image.contract.paths import safe_path
from pod_image.dataset.archives import DamagedMember, OpenedSource
from pod_image.dataset.encoding import decode
from pod_image.dataset.endings import AUDIO_ENDINGS
from pod_image.dataset.file_remedies import EMPTY, SHARD
from pod_image.dataset.findings import Code
from pod_image.dataset.names import FileNames, fold
from pod_image.dataset.parquet import ParquetSource
from pod_image.dataset.source import FileSource
from pod_image.dataset.tables import MOST_TABLE_BYTES, Row, Table, add_record, read_table

TABLE_NAMES = (
    "metadata.csv", "metadata.jsonl", "metadata.txt", "metadata.tsv", "transcripts.csv",
    "transcripts.txt", "transcripts.tsv", "transcript.txt", "line_index.tsv", "train.jsonl",
    "train.csv", "filelist.txt",
)  # fmt: skip
TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson")
SIDECAR_ENDINGS = (".txt", ".lab", ".json")
MOST_SIDECAR_BYTES = 64 * 2**10
MOST_UNUSED_NAMED = 5


@dataclass(frozen=True)
class Utterance:
    """One transcript with its file: `path` within the opened source; None where the file cannot be seen."""

    place: str
    path: str | None
    size: int
    text: str
    speaker: str | None
    in_package: bool = False


@dataclass
class Survey:
    """What the table says and what is there. `source` reads the paths of the utterances, also in shards."""

    source: FileSource
    utterances: list[Utterance] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    rows: int = 0
    total_bytes: int = 0

    def find(self, code: Code, place: str, message: str, hint: Said) -> None:
        self.findings.append(code.finding(place, message, hint))


def survey(base: FileSource) -> Survey:
    """Read listing and tables of a dataset. Never raises for what is in it; OSError if it cannot be reached."""
    opened = OpenedSource(base)
    source = ParquetSource(opened)
    found = Survey(source, total_bytes=sum(entry.size for entry in base.entries()))
    found.findings.extend(getattr(base, "findings", []))
    found.findings.extend(opened.findings + source.findings)
    _say_unsafe_names(found, base)
    tables = _tables(source, found) or [_sidecars(source)]
    tables = [table for table in tables if table.rows or table.findings]
    if not tables:
        _say_no_table(found)
        return found
    files = FileNames(source.entries())
    packed = {entry.path for entry in source.entries() if _is_packed(opened, source, entry.path)}
    for table in tables:
        found.tables.append(table.path)
        found.findings.extend(table.findings)
        found.rows += len(table.rows)
        for row in table.rows:
            _match(row, table, files, packed, source.has_unlisted or _has_unlisted(opened), found)
    _say_duplicates(found)
    _say_unused(found, source)
    _say_clashes(found, source)
    if not found.utterances:
        found.find(
            Code.NO_CLIPS, ", ".join(found.tables), "No line of the table leads to a clip.",
            "See the findings above; the first column is the file, the last the text.",
        )  # fmt: skip
    return found


def _is_packed(opened: OpenedSource, source: ParquetSource, path: str) -> bool:
    return opened.is_packed(path) or source.is_packed(path)


def _has_unlisted(opened: OpenedSource) -> bool:
    return any(each.code is Code.ARCHIVE_UNLISTED for each in opened.findings)


# Tables


def _tables(source: ParquetSource, found: Survey) -> list[Table]:
    """The tables that count: of each folder the best-named one; parquet only where there is no other."""
    by_folder: dict[str, list[str]] = defaultdict(list)
    sizes = {entry.path: entry.size for entry in source.entries()}
    for path in sizes:
        if PurePosixPath(path).name.lower() in TABLE_NAMES:
            by_folder[PurePosixPath(path).parent.as_posix()].append(path)
    if not by_folder:
        lone = [p for p in sizes if p.lower().endswith(TABLE_ENDINGS) and p.count("/") <= 1]
        if not lone and not source.tables:
            return []
        if lone:
            by_folder[""] = lone
    tables: list[Table] = []
    for folder in sorted(by_folder):
        best, *others = sorted(by_folder[folder], key=_table_rank)
        tables.append(_read(source, best, sizes[best]))
        for other in others:
            found.find(
                Code.TABLE_IGNORED, other, f"{best} is read instead of this table.",
                "Keep one table, or remove the other.",
            )  # fmt: skip
    return tables or source.tables


def _table_rank(path: str) -> tuple[int, str]:
    name = PurePosixPath(path).name.lower()
    return (TABLE_NAMES.index(name) if name in TABLE_NAMES else len(TABLE_NAMES), path)


def _read(source: FileSource, path: str, size_bytes: int) -> Table:
    if size_bytes > MOST_TABLE_BYTES:
        table = Table(path)
        table.find(
            Code.BAD_LINE, path, f"The table has {size(size_bytes)}; transcripts never do.",
            "Check that it is the table.",
        )  # fmt: skip
        return table
    try:
        table = read_table(path, source.read(path))
    except DamagedMember as exc:
        table = Table(path)
        _say_damaged(table, path, exc)
    if not table.rows and not table.findings:
        table.find(
            Code.NO_CLIPS, path, "The table is empty.", "Write file|text, one clip per line."
        )
    return table


def _sidecars(source: FileSource) -> Table:
    """Transcripts beside each clip (a.wav with a.txt, a.lab or a.json), as WebDataset shards have them."""
    sizes = {entry.path: entry.size for entry in source.entries()}
    table = Table("transcripts beside the clips")
    for path in sizes:
        if not path.lower().endswith(AUDIO_ENDINGS):
            continue
        stem = path.rsplit(".", 1)[0]
        beside = next((stem + e for e in SIDECAR_ENDINGS if stem + e in sizes), None)
        if beside is None or sizes[beside] > MOST_SIDECAR_BYTES:
            continue
        try:
            text = decode(source.read(beside)).text.strip()
        except DamagedMember as exc:
            _say_damaged(table, beside, exc)
            continue
        if beside.endswith(".json"):
            _add_json_sidecar(table, path, beside, text)
        else:
            table.rows.append(Row(beside, path, " ".join(text.split()), None))
    return table


def _say_damaged(table: Table, place: str, exc: DamagedMember) -> None:
    table.find(
        Code.ARCHIVE_DAMAGED, place, f"{exc}".rstrip(".") + ".",
        SHARD,
    )  # fmt: skip


def _add_json_sidecar(table: Table, path: str, beside: str, text: str) -> None:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = None
    if isinstance(record, dict):
        add_record(table, beside, {**record, "file_name": path})
    else:
        table.find(Code.BAD_LINE, beside, "This is not a JSON object.", 'Write {"text": "…"}.')


def _say_unsafe_names(found: Survey, base: FileSource) -> None:
    """A pod refuses to fetch them, so they are said before one is rented."""
    for entry in base.entries():
        if safe_path(entry.path) != entry.path:
            found.find(
                Code.PATH_OUTSIDE, entry.path, f"{entry.path!r} is no file name on every system.",
                "Rename the file: no ':', no dot or blank at the end, and no name of a Windows device.",
            )  # fmt: skip


def _say_no_table(found: Survey) -> None:
    unread = next((each for each in found.findings if each.code is Code.EXTRA_MISSING), None)
    if unread is not None:
        found.find(
            Code.NO_TABLE, unread.place, "The transcripts are in parquet, which cannot be read here.",
            unread.hint,
        )  # fmt: skip
        return
    paths = [entry.path for entry in found.source.entries()]
    audio = sum(path.lower().endswith(AUDIO_ENDINGS) for path in paths)
    what = f"{audio:,} sound files but no transcripts" if audio else "neither clips nor transcripts"
    found.find(
        Code.NO_TABLE, "", f"There are {what} in {found.source.name}.",
        Sentence("Add metadata.csv with one line per clip: file|text. ", NextStep.MAKE_DATASET, " can write it."),
    )  # fmt: skip


# Rows to files


def _match(
    row: Row, table: Table, files: FileNames, packed: set[str], may_hide: bool, found: Survey
) -> None:
    path = safe_path(row.file)
    if path is None:
        found.find(
            Code.PATH_OUTSIDE, row.place,
            f"The path {row.file!r} leads out of the dataset, or is none on every system.",
            "Write paths relative to the table, without '..', without ':' and without a leading '/'.",
        )  # fmt: skip
        return
    folder = PurePosixPath(table.path).parent.as_posix() if "/" in table.path else ""
    at = files.exact(path, folder)
    if at is None:
        at = _other_case(row, files.folded(path, folder), found)
    if at is None and may_hide:
        if _has_text(row, found):
            found.utterances.append(Utterance(row.place, None, 0, row.text, row.speaker, True))
        return
    if at is None:
        found.find(
            Code.FILE_ABSENT, row.place, f"There is no file {row.file}.",
            "Add the file, correct its name, or remove the line.",
        )  # fmt: skip
        return
    if files.size(at) == 0:
        found.find(Code.FILE_EMPTY, row.place, f"{at} is empty (0 bytes).", EMPTY)
        return
    if _has_text(row, found):
        found.utterances.append(
            Utterance(row.place, at, files.size(at), row.text, row.speaker, at in packed)
        )


def _other_case(row: Row, at: str | None, found: Survey) -> str | None:
    if at is not None:
        found.find(
            Code.NAME_CASE, row.place, f"The table says {row.file}, the file is {at}; it is used.",
            "Write the name as the file has it: other programs will not find it.",
        )  # fmt: skip
    return at


def _has_text(row: Row, found: Survey) -> bool:
    if row.text.strip():
        return True
    found.find(
        Code.TEXT_EMPTY,
        row.place,
        f"No text for {row.file}.",
        "Write what is said, or remove the line.",
    )
    return False


# The whole


def _say_duplicates(found: Survey) -> None:
    """A file listed twice counts once: the first line."""
    first: dict[str, Utterance] = {}
    kept: list[Utterance] = []
    for each in found.utterances:
        if each.path is None or each.path not in first:
            kept.append(each)
            if each.path is not None:
                first[each.path] = each
            continue
        found.find(
            Code.FILE_TWICE, each.place,
            f"{each.path} is already at {first[each.path].place}; the first line counts.",
            "Remove one of the lines.",
        )  # fmt: skip
    found.utterances = kept


def _say_unused(found: Survey, source: FileSource) -> None:
    used = {each.path for each in found.utterances}
    unused = [
        entry.path
        for entry in source.entries()
        if entry.path.lower().endswith(AUDIO_ENDINGS) and entry.path not in used
    ]
    mentioned = {each.message for each in found.findings if each.code is Code.FILE_EMPTY}
    unused = [path for path in unused if f"{path} is empty (0 bytes)." not in mentioned]
    if unused:
        named = ", ".join(unused[:MOST_UNUSED_NAMED])
        more = f" and {len(unused) - MOST_UNUSED_NAMED:,} more" * (len(unused) > MOST_UNUSED_NAMED)
        found.find(
            Code.FILE_UNUSED, "", f"{len(unused):,} sound files have no transcript: {named}{more}.",
            "Add lines for them, or leave them: they are not used.",
        )  # fmt: skip


def _say_clashes(found: Survey, source: FileSource) -> None:
    by_name: dict[str, list[str]] = defaultdict(list)
    for entry in source.entries():
        by_name[fold(entry.path)].append(entry.path)
    for paths in _clashing(by_name.values()):
        found.find(
            Code.NAMES_CLASH, paths[0], f"{' and '.join(paths)} differ only in case or accents.",
            "Rename one: on Windows and Mac one would overwrite the other.",
        )  # fmt: skip


def _clashing(groups: Iterable[Sequence[str]]) -> list[list[str]]:
    return [sorted(paths) for paths in groups if len(paths) > 1]
