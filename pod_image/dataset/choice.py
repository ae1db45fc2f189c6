"""Which tables of a dataset count: those of known corpora, those that agree, those a person chose; never by chance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from pod_image.contract.figures import counted, size
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset.archives import DamagedMember
from pod_image.dataset.corpora import find_corpora
from pod_image.dataset.corpora.corpus import Listing
from pod_image.dataset.findings import Code
from pod_image.dataset.matching import Files, Matched
from pod_image.dataset.names import fold, folder_of
from pod_image.dataset.parquet import ParquetSource, is_embedded
from pod_image.dataset.sidecars import Sidecars, say_damaged
from pod_image.dataset.tables import MOST_TABLE_BYTES, Table, read_table
from pod_image.dataset.weighing import TABLE_NAMES, Choice, rank_of, weigh

TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".list")
PERHAPS_TABLE_ENDINGS = (".txt", ".json")
NEVER_TABLES = ("readme", "changelog", "license", "licence", "launcher.json", "dataset_info")
MOST_TABLES = 500
"""Each is a read, from the Hub a request; a corpus with more of them is one of its own kind."""
MOST_NAMED = 8


def choose(
    source: ParquetSource, files: Files, sidecars: Sidecars, wanted: Collection[str]
) -> Choice:
    """The tables of a dataset, or those `wanted` by a person."""
    if wanted:
        return _wanted(source, files, wanted)
    choice = Choice()
    listing = Listing(source)
    known: set[str] = set()
    for corpus in find_corpora(listing):
        choice.read += [files.match(table) for table in corpus.tables]
        choice.spare |= corpus.spare
        choice.of_corpora |= {table.path for table in corpus.tables}
        known |= corpus.texts | set(corpus.left)
        choice.find(
            Code.TABLE_FORMAT, corpus.tables[0].path, f"Read as {corpus.name}.",
            "Nothing to do if that is right.",
        )  # fmt: skip
        for path, why in corpus.left.items():
            choice.find(
                Code.TABLE_IGNORED, path, f"This table of {corpus.name} is not read: {why}.",
                Sentence("To read it, ", NextStep.SET.of("table", path), "."),
            )  # fmt: skip
        if corpus.spare:
            choice.find(
                Code.TABLE_IGNORED, "",
                f"{counted(len(corpus.spare), f'recording of {corpus.name} is', f'recordings of {corpus.name} are')} "
                f"not read: {corpus.why}.",
                "Nothing to do.",
            )  # fmt: skip
    candidates = _candidates(listing, sidecars, known)
    read = [_read(source, files, path, listing.sizes[path]) for path in candidates]
    read = [_like_the_larger(each, read, listing, files) for each in read]
    weigh([each for each in read if _counts(each, choice)], choice)
    if not choice.read:
        _take_what_names_nothing(read, choice)
    _parquet(source, files, choice)
    return choice


# A person's choice


def _wanted(source: ParquetSource, files: Files, wanted: Collection[str]) -> Choice:
    choice = Choice(is_persons=True)
    sizes = {entry.path: entry.size for entry in source.entries()}
    parquet = {table.path: table for table in source.tables}
    for name in wanted:
        path = _path_of(name, sizes)
        if path is None:
            choice.find(
                Code.NO_TABLE, "", f"There is no table {name} in {source.name}.",
                "Write its path as it is in the dataset, such as metadata.csv.",
            )  # fmt: skip
        elif path in parquet:
            choice.read.append(files.match(parquet[path]))
        else:
            choice.read.append(_read(source, files, path, sizes[path]))
    for matched in choice.read:
        if matched.table.lacks:
            _say_lacking(matched, choice)
    return choice


def tables_held(wanted: Collection[str], paths: Collection[str], prefix: str) -> tuple[str, ...]:
    """Of several datasets' tables those of one: that it holds, or that are named with its own name before them."""
    return tuple(
        name.removeprefix(prefix)
        for name in wanted
        if name.startswith(prefix) or _path_of(name, paths) is not None
    )


def _path_of(name: str, paths: Collection[str]) -> str | None:
    """The path itself, also in another case, or the only file of that name."""
    plain = name.replace("\\", "/").removeprefix("./")
    if plain in paths:
        return plain
    alike = [path for path in paths if fold(path) == fold(plain)]
    if not alike and "/" not in plain:
        alike = [path for path in paths if fold(path.rsplit("/", 1)[-1]) == fold(plain)]
    return alike[0] if len(alike) == 1 else None


# What is there


def _candidates(listing: Listing, sidecars: Sidecars, known: Collection[str]) -> list[str]:
    """Files that may be tables: by name, by ending, or texts that are of no single clip. Nearest to the top first."""
    stems = sidecars.stems()
    found: dict[str, bool] = {}
    for path in listing.texts:
        name = path.rsplit("/", 1)[-1].lower()
        if path in known or name.startswith(NEVER_TABLES):
            continue
        is_of_a_clip = fold(name.rsplit(".", 1)[0]) in stems
        is_text = name.endswith(PERHAPS_TABLE_ENDINGS) or name == "text"
        if name in TABLE_NAMES or name.endswith(TABLE_ENDINGS) or (is_text and not is_of_a_clip):
            found[path] = is_of_a_clip
    named = {path for path in found if rank_of(path) < len(TABLE_NAMES)}
    ordered = sorted(
        found, key=lambda path: (path not in named, found[path], path.count("/"), path)
    )
    return sorted(ordered[: max(MOST_TABLES, len(named))], key=lambda path: (rank_of(path), path))


def _read(source: ParquetSource, files: Files, path: str, size_bytes: int) -> Matched:
    table = Table(path)
    if size_bytes > MOST_TABLE_BYTES:
        table.find(
            Code.BAD_LINE, path, f"The table has {size(size_bytes)}; transcripts never do.",
            "Make sure that this file is the table.",
        )  # fmt: skip
        return Matched(table, [])
    try:
        table = read_table(path, source.read(path), files.leads_from(path))
    except DamagedMember as exc:
        say_damaged(table, path, exc)
    if not table.rows and not table.findings and not table.lacks:
        table.find(
            Code.NO_CLIPS, path, "The table is empty.", "Write file|text, one clip per line."
        )
    return files.match(table)


def _like_the_larger(
    matched: Matched, tables: Sequence[Matched], listing: Listing, files: Files
) -> Matched:
    """In val.txt of a few lines the speakers' numbers do not come again and again: train.txt tells what they are."""
    mine = matched.table.columns
    if mine is None or mine.has_header or mine.speaker is not None:
        return matched
    for other in tables:
        theirs = other.table.columns
        is_larger = len(other.table.rows) > len(matched.table.rows)
        if theirs is None or not is_larger or folder_of(other.path) != folder_of(matched.path):
            continue
        if theirs == replace(
            mine, speaker=theirs.speaker, how=theirs.how, is_unsure=theirs.is_unsure
        ):
            path = matched.path
            leads = files.leads_from(path)
            return files.match(read_table(path, listing.source.read(path), leads, theirs))
    return matched


def _counts(matched: Matched, choice: Choice) -> bool:
    """Whether this is a table of transcripts of this dataset; else why not is kept."""
    table = matched.table
    is_named = rank_of(table.path) < len(TABLE_NAMES)
    if table.lacks:
        choice.others[table.path] = table.lacks
        if is_named:
            _say_lacking(matched, choice)
        return False
    if is_named:
        return True
    if table.rows and (matched.leading * 2 >= len(table.rows) or _names_some(matched)):
        return True
    if table.rows and (table.has_header or matched.leading):
        choice.left[table.path] = "none of its lines names an existing sound file"
    if table.has_header and table.findings and not table.rows:
        choice.left[table.path] = "no line of it can be used"
    choice.others[table.path] = (
        "None of the names in it is that of a sound file."
        if table.rows
        else "No line of it can be read."
    )
    return False


def _names_some(matched: Matched) -> bool:
    return matched.table.has_header and matched.leading > 0


def _say_lacking(matched: Matched, choice: Choice) -> None:
    choice.find(
        Code.BAD_LINE, matched.path, matched.table.lacks,
        "Name the columns on the first line, for example file|text.",
    )  # fmt: skip


def _take_what_names_nothing(read: Sequence[Matched], choice: Choice) -> None:
    """A table whose files are all absent is still the table, if there is one alone; its lines say what is wrong."""
    tables = [each for each in read if each.path in choice.left or _is_plain_table(each)]
    if len(tables) == 1:
        choice.read.append(tables[0])
        choice.left.pop(tables[0].path, None)


def _is_plain_table(matched: Matched) -> bool:
    is_near = matched.path.count("/") <= 1 and matched.path.lower().endswith(TABLE_ENDINGS)
    return (
        is_near and not matched.table.lacks and bool(matched.table.rows or matched.table.findings)
    )


def _parquet(source: ParquetSource, files: Files, choice: Choice) -> None:
    """Parquet with clips inside counts where there is no other table: beside one it is most often the same again."""
    naming: list[Matched] = []
    holding: list[Matched] = []
    for table in source.tables:
        is_holding = any(is_embedded(row.file) for row in table.rows)
        (holding if is_holding else naming).append(files.match(table))
    weigh([each for each in naming if each.matches or not choice.read], choice)
    if not choice.read:
        choice.read += holding
        return
    for matched in holding:
        choice.find(
            Code.TABLE_LEFT, matched.path,
            f"The {counted(len(matched.matches), 'clip in this file is', 'clips in this file are')} not read: "
            f"{choice.read[0].path} is.",
            Sentence("Remove one of them, or say which: ", NextStep.SET.of("table", matched.path), "."),
        )  # fmt: skip


def say_left(choice: Choice, unused: int) -> None:
    """A table left aside while clips go unused is an error; else it is mentioned."""
    for path, why in list(choice.left.items())[:MOST_NAMED]:
        if unused and not choice.is_persons:
            choice.find(
                Code.TABLE_LEFT, path,
                f"This table is not read ({why}), and "
                f"{counted(unused, 'sound file has', 'sound files have')} no transcript.",
                Sentence(
                    "Correct the names in it, remove it, or say that it is the one: ",
                    NextStep.SET.of("table", path), ".",
                ),
            )  # fmt: skip
        else:
            choice.find(
                Code.TABLE_IGNORED, path, f"This table is not read: {why}.", "Nothing to do."
            )
