"""A dataset as its table and file list describe it: every transcript matched to its file, nothing decoded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import NextStep, Said, Sentence
from pod_image.contract.paths import safe_path
from pod_image.dataset.archives import OpenedSource, is_archive
from pod_image.dataset.choice import NEVER_TABLES, choose, say_left
from pod_image.dataset.endings import is_audio
from pod_image.dataset.file_remedies import EMPTY
from pod_image.dataset.findings import Code
from pod_image.dataset.matching import Files, How, Match, Matched, say_found_by_end, say_match
from pod_image.dataset.parquet import ParquetSource
from pod_image.dataset.sidecars import Sidecars, read_sidecars
from pod_image.dataset.source import FileSource
from pod_image.dataset.tables import Row
from pod_image.dataset.timed_texts import BY_ENDING
from pod_image.dataset.weighing import Choice

TRANSCRIPT_ENDINGS = (
    ".txt", ".lab", ".csv", ".tsv", ".json", ".jsonl", ".list", *BY_ENDING, ".xlsx", ".xls", ".ods",
    ".docx", ".xml",
)  # fmt: skip
"""Files that may hold transcripts, in forms that are read here or not."""
SPREADSHEET_ENDINGS = (".xlsx", ".xls", ".ods")
UNREAD_ENDINGS = (
    ".7z", ".rar", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".arrow", ".tfrecord",
)  # fmt: skip
UNPACK = "If clips are in it, unpack it: they are read as files, in a zip or tar of their own, and in parquet."
MOST_NAMED = 5


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
    untexted: list[Utterance] = field(default_factory=list)
    """Clips whose line has no text, or all of a dataset without any transcripts. What nobody named is none of
    them."""

    def find(self, code: Code, place: str, message: str, hint: Said) -> None:
        self.findings.append(code.finding(place, message, hint))


def survey(base: FileSource, tables: Collection[str] = ()) -> Survey:
    """Read listing and tables of a dataset, or the `tables` that a person chose.

    Never raises for what is in it; OSError if it cannot be reached.
    """
    opened = OpenedSource(base)
    source = ParquetSource(opened)
    found = Survey(source, total_bytes=sum(entry.size for entry in base.entries()))
    found.findings.extend(getattr(base, "findings", []))
    found.findings.extend(opened.findings + source.findings)
    _say_unsafe_names(found, base)
    unread = _say_unread(found)
    entries = source.entries()
    files = Files(entries, may_hide=_has_unlisted(opened))
    sidecars = Sidecars({entry.path: entry.size for entry in entries}, files.audio)
    choice = choose(source, files, sidecars, tables)
    packed = {path for path in files.audio if opened.is_packed(path) or source.is_packed(path)}
    for matched in choice.read:
        _take(matched, files, packed, found)
    _take_sidecars(choice, sidecars, files, packed, found)
    unused = _unused(found, files, choice)
    say_left(choice, len(unused))
    found.findings.extend(choice.findings)
    if not found.tables:
        if not any(each.severity is Severity.ERROR for each in choice.findings):
            _say_no_table(found, choice, unread, _sounds(files, packed))
        else:
            found.find(
                Code.NO_CLIPS, "", "No table is read until the errors above are corrected.",
                "Correct them, and check again.",
            )  # fmt: skip
        return found
    _say_duplicates(found)
    _say_unused(found, unused)
    _say_clashes(found, files)
    if not found.utterances:
        found.find(
            Code.NO_CLIPS, ", ".join(found.tables), "No line of the table leads to a clip.",
            UNPACK if unread else "See the findings above; the first column is the file, the last the text.",
        )  # fmt: skip
    return found


def _has_unlisted(opened: OpenedSource) -> bool:
    return any(each.code is Code.ARCHIVE_UNLISTED for each in opened.findings)


# Rows to clips


def _take(matched: Matched, files: Files, packed: Collection[str], found: Survey) -> None:
    table = matched.table
    if not table.rows and not table.findings:
        return
    found.tables.append(table.path)
    found.rows += len(matched.matches)
    say_found_by_end(matched)
    found.findings.extend(table.findings)
    for match in matched.matches:
        _take_row(match, files, packed, found)


def _take_row(match: Match, files: Files, packed: Collection[str], found: Survey) -> None:
    row, path = match.row, match.path
    finding = say_match(match)
    if finding is not None:
        found.findings.append(finding)
    if path is None:
        if match.how is How.HIDDEN and _has_text(row, found):
            found.utterances.append(Utterance(row.place, None, 0, row.text, row.speaker, True))
    elif files.names.size(path) == 0:
        found.find(Code.FILE_EMPTY, row.place, f"{path} is empty (0 bytes).", EMPTY)
    else:
        size = files.names.size(path)
        one = Utterance(row.place, path, size, row.text, row.speaker, path in packed)
        (found.utterances if _has_text(row, found) else found.untexted).append(one)


def _take_sidecars(
    choice: Choice, sidecars: Sidecars, files: Files, packed: Collection[str], found: Survey
) -> None:
    """Clips that no table speaks of take the text beside them, unless a person said which table counts."""
    if choice.is_persons:
        return
    spoken_of = {match.path for matched in choice.read for match in matched.matches}
    clips = [path for path in files.audio if path not in spoken_of and path not in choice.spare]
    table = read_sidecars(found.source, sidecars, clips, has_table=bool(found.tables))
    if table.rows and found.tables:
        table.find(
            Code.TABLE_FORMAT, table.path,
            counted(len(table.rows), "clip that the table does not name has a text of its own",
                    "clips that the table does not name have a text of their own") + "; it is read.",
            "Nothing to do if that is right.",
        )  # fmt: skip
    _take(files.match(table), files, packed, found)


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


def _say_unsafe_names(found: Survey, base: FileSource) -> None:
    """A pod refuses to fetch them, so they are said before one is rented."""
    for entry in base.entries():
        if safe_path(entry.path) != entry.path:
            found.find(
                Code.PATH_OUTSIDE, entry.path, f"{entry.path!r} is not a valid file name on every system.",
                "Rename the file: no ':', no dot or space at the end, and not the name of a Windows device.",
            )  # fmt: skip


def _say_unread(found: Survey) -> list[str]:
    """Files that may well hold clips, and are not looked into."""
    unread = [
        entry.path
        for entry in found.source.entries()
        if is_archive(entry.path) or entry.path.lower().endswith(UNREAD_ENDINGS)
    ]
    for path in unread[:MOST_NAMED]:
        what = "is inside an archive" if is_archive(path) else "is of a kind that is not read"
        found.find(Code.ARCHIVE_UNREAD, path, f"{path} {what}: nothing of it is read.", UNPACK)
    return unread


def _sounds(files: Files, packed: Collection[str]) -> list[Utterance]:
    """Every clip, without a text."""
    return [
        Utterance(path, path, size, "", None, path in packed)
        for path in sorted(files.audio)
        if (size := files.names.size(path))
    ]


def _say_no_table(
    found: Survey, choice: Choice, packages: list[str], sounds: list[Utterance]
) -> None:
    unread = next((each for each in found.findings if each.code is Code.EXTRA_MISSING), None)
    if unread is not None:
        found.find(
            Code.NO_TABLE, unread.place, "The transcripts are in parquet, which cannot be read here.",
            unread.hint,
        )  # fmt: skip
        return
    paths = [entry.path for entry in found.source.entries()]
    audio = sum(is_audio(path) for path in paths)
    perhaps = list(choice.others) + [
        path
        for path in paths
        if path.lower().endswith(TRANSCRIPT_ENDINGS)
        and path not in choice.others
        and not path.rsplit("/", 1)[-1].lower().startswith(NEVER_TABLES)
    ]
    if packages and not audio:
        found.find(
            Code.NO_TABLE, packages[0],
            f"There are no clips in {found.source.name} that can be read, and {packages[0]} is not read.",
            UNPACK,
        )  # fmt: skip
        return
    if audio and perhaps:
        _say_unreadable(found, audio, perhaps, choice)
        return
    found.untexted += sounds
    what = f"{audio:,} sound files but no transcripts" if audio else "neither clips nor transcripts"
    found.find(
        Code.NO_TABLE, "", f"There are {what} in {found.source.name}.",
        Sentence("Add metadata.csv with one line per clip: file|text. ", NextStep.MAKE_DATASET, " can write it."),
    )  # fmt: skip


def _none_gives(audio: int) -> str:
    if audio == 1:
        return "There is 1 sound file, and none of these contains its transcript"
    return f"There are {audio:,} sound files, and none of these contains their transcripts"


def _say_unreadable(found: Survey, audio: int, perhaps: list[str], choice: Choice) -> None:
    """Transcripts that are there are named, with what to do, rather than said to be absent."""
    named = ", ".join(perhaps[:MOST_NAMED])
    more = f" and {len(perhaps) - MOST_NAMED:,} more" if len(perhaps) > MOST_NAMED else ""
    why = choice.others.get(perhaps[0], "")
    hint: Said = "Write them as metadata.csv with one line per clip: file|text."
    if perhaps[0].lower().endswith(SPREADSHEET_ENDINGS):
        hint = "Save the spreadsheet as metadata.csv, in UTF-8."
    elif any(path.lower().endswith(tuple(BY_ENDING)) for path in perhaps):
        hint = Sentence(NextStep.MAKE_DATASET, " cuts a recording at the times of its transcript.")
    found.find(
        Code.NO_TABLE, perhaps[0],
        f"{_none_gives(audio)}: {named}{more}."
        f"{' ' + why if why else ''}",
        hint,
    )  # fmt: skip


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


def _unused(found: Survey, files: Files, choice: Choice) -> list[str]:
    """Recordings that no clip is made of, empty ones apart, which are said where they are named."""
    used = {each.path for each in found.utterances}
    empty = {each.message for each in found.findings if each.code is Code.FILE_EMPTY}
    return [
        path
        for path in files.audio
        if path not in used
        and path not in choice.spare
        and f"{path} is empty (0 bytes)." not in empty
    ]


def _say_unused(found: Survey, unused: list[str]) -> None:
    if unused:
        named = ", ".join(unused[:MOST_NAMED])
        more = f" and {len(unused) - MOST_NAMED:,} more" * (len(unused) > MOST_NAMED)
        found.find(
            Code.FILE_UNUSED, "",
            f"{counted(len(unused), 'sound file has', 'sound files have')} no transcript: {named}{more}.",
            "Add lines for them, or leave them: they are not used.",
        )  # fmt: skip


def _say_clashes(found: Survey, files: Files) -> None:
    for paths in files.names.clashing():
        found.find(
            Code.NAMES_CLASH, paths[0], f"{' and '.join(paths)} differ only in case or accents.",
            "Rename one: on Windows and Mac one would overwrite the other.",
        )  # fmt: skip
