"""The recordings a person named, with their transcripts: files, folders and archives; originals only read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.errors import InvalidRequest
from launcher.workshop.table_texts import texts_of
from pod_image.dataset import Entry, FileSource
from pod_image.dataset.archives import OpenedSource, is_archive
from pod_image.dataset.encoding import decode
from pod_image.dataset.endings import MEDIA_ENDINGS

SUBTITLE_ENDINGS = (".srt", ".vtt")
TEXT_ENDINGS = (".txt", ".lab")
MOST_SUBTITLE_BYTES = 8 * 2**20
MOST_TEXT_BYTES = 64 * 2**10


@dataclass(frozen=True)
class Recording:
    """One recording; `name` is what people call it, `text` what is said in the whole of it, if known."""

    path: Path
    name: str
    text: str | None = None
    subtitles: Path | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class Skipped:
    """Something that was named and not used, with the reason as a sentence."""

    name: str
    reason: str


def gather(
    named: Sequence[Path], table: Path | None, out: Path, staging: Path
) -> tuple[list[Recording], list[Skipped]]:
    """All recordings below what was named, in order. Archives are unpacked, safely, into `staging`."""
    skipped: list[Skipped] = []
    found: dict[Path, Recording] = {}
    for path in named:
        if not path.exists():
            raise InvalidRequest(
                f"There is no file {path}.", hint="Name recordings, or folders or archives of them."
            )
        for recording in _below(path, out, staging, skipped):
            found.setdefault(recording.path.resolve(), recording)
    recordings = list(found.values())
    if table is not None:
        recordings = _with_texts(recordings, table, skipped)
    return recordings, skipped


def _with_texts(
    recordings: Sequence[Recording], table: Path, skipped: list[Skipped]
) -> list[Recording]:
    """What the table says comes before what lies beside a recording."""
    paths = [each.path.absolute().as_posix() for each in recordings]
    texts = texts_of(table, paths)
    skipped.extend(Skipped(table.name, said) for said in texts.left)
    with_texts = []
    for path, each in zip(paths, recordings, strict=True):
        row = texts.rows.get(path)
        with_texts.append(
            replace(each, text=row.text or None, speaker=row.speaker) if row else each
        )
    return with_texts


def _below(path: Path, out: Path, staging: Path, skipped: list[Skipped]) -> Iterator[Recording]:
    if path.is_dir():
        for inner in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in inner.relative_to(path).parts)
            if inner.is_file() and not hidden and not inner.is_relative_to(out):
                yield from _of_file(inner, inner.relative_to(path).as_posix(), staging, skipped)
    else:
        yield from _of_file(path, path.name, staging, skipped, is_named=True)


def _of_file(
    path: Path, name: str, staging: Path, skipped: list[Skipped], *, is_named: bool = False
) -> Iterator[Recording]:
    if is_archive(name):
        yield from _of_archive(path, name, staging, skipped)
    elif is_named or name.lower().endswith(MEDIA_ENDINGS):
        yield Recording(path, name, _sidecar_text(path), _subtitles(path))


class _OneFile:
    """A source with a single file in it: an archive that somebody named."""

    is_remote = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = str(path)

    def entries(self) -> Sequence[Entry]:
        return [Entry(self._path.name, self._path.stat().st_size)]

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read() if length is None else file.read(length)


def _of_archive(
    path: Path, name: str, staging: Path, skipped: list[Skipped]
) -> Iterator[Recording]:
    base: FileSource = _OneFile(path)
    opened = OpenedSource(base)
    skipped.extend(Skipped(name, str(each.message)) for each in opened.findings)
    folder = staging / f"archive-{len(list(staging.iterdir())):04d}"
    folder.mkdir()
    wanted = MEDIA_ENDINGS + SUBTITLE_ENDINGS + TEXT_ENDINGS
    unpacked: list[str] = []
    for entry in opened.entries():
        if not entry.path.lower().endswith(wanted):
            continue
        target = folder / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.write_bytes(opened.read(entry.path))
        except OSError as exc:
            skipped.append(Skipped(f"{name}: {entry.path}", f"It cannot be unpacked: {exc}."))
            continue
        unpacked.append(entry.path)
    for inner in unpacked:
        if inner.lower().endswith(MEDIA_ENDINGS):
            target = folder / inner
            yield Recording(target, f"{name}/{inner}", _sidecar_text(target), _subtitles(target))


def _sidecar_text(path: Path) -> str | None:
    beside = _beside(path, TEXT_ENDINGS, MOST_TEXT_BYTES)
    return " ".join(decode(beside.read_bytes()).text.split()) if beside else None


def _subtitles(path: Path) -> Path | None:
    return _beside(path, SUBTITLE_ENDINGS, MOST_SUBTITLE_BYTES)


def _beside(path: Path, endings: Sequence[str], most_bytes: int) -> Path | None:
    for ending in endings:
        for beside in (path.with_suffix(ending), path.with_name(path.name + ending)):
            if beside.is_file() and 0 < beside.stat().st_size <= most_bytes:
                return beside
    return None
