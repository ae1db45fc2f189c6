"""Common Voice: clips/ and a table for each verdict, of which only the validated ones say what was said."""

from __future__ import annotations

from pod_image.dataset.corpora.corpus import Corpus, Listing, name_of, under
from pod_image.dataset.names import folder_of
from pod_image.dataset.tables import Table, read_table

VALIDATED, SPLITS, OPEN = "validated.tsv", ("train.tsv", "dev.tsv", "test.tsv"), "other.tsv"
"""`validated` holds all of `train`, `dev` and `test`; `other` was not listened to yet."""
BESIDE = (
    "invalidated.tsv", "reported.tsv", "clip_durations.tsv", "validated_sentences.tsv",
    "unvalidated_sentences.tsv", "times.txt",
)  # fmt: skip
OF_CLIPS = ("client_id", "path", "sentence")


def find(listing: Listing) -> Corpus | None:
    found = Corpus(
        "Common Voice", [], why="its clips were refused, or nobody has listened to them yet"
    )
    tables = listing.named(VALIDATED, *SPLITS, OPEN)
    for folder in sorted({folder_of(path) for path in tables if _is_of_clips(listing, path)}):
        _read(listing, folder, found)
    return found if found.tables else None


def _is_of_clips(listing: Listing, path: str) -> bool:
    lines = listing.head(path).splitlines()
    columns = lines[0].split("\t") if lines else []
    return all(name in columns for name in OF_CLIPS)


def _read(listing: Listing, folder: str, found: Corpus) -> None:
    there = {name_of(path).lower(): path for path in listing.folders[folder]}
    for names in ((VALIDATED,), SPLITS, (OPEN,)):
        read = [_table(listing, there[name]) for name in names if name in there]
        tables = [table for table in read if table.rows]
        if tables:
            break
    else:
        return
    found.tables += tables
    used = {table.path for table in tables}
    for name, path in there.items():
        if path in used:
            continue
        if name in (VALIDATED, *SPLITS, OPEN, *BESIDE) or name.startswith("times"):
            found.texts.add(path)
        if name in (VALIDATED, *SPLITS, OPEN, "invalidated.tsv"):
            found.left[path] = _why(name, tables[0].path)
    found.texts |= used | {under(folder, "clip_durations.tsv")}


def _table(listing: Listing, path: str) -> Table:
    return read_table(path, listing.source.read(path))


def _why(name: str, read: str) -> str:
    if name == "invalidated.tsv":
        return "its clips were refused by those who listened"
    if name == OPEN:
        return "nobody has listened to its clips yet"
    return f"{name_of(read)} is read"
