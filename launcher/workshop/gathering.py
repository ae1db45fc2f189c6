"""The recordings a person named, with their transcripts: files, folders and archives; originals only read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import InvalidRequest
from pod_image.dataset import Entry, FileSource
from pod_image.dataset.archives import OpenedSource, is_archive
from pod_image.dataset.encoding import decode
from pod_image.dataset.survey import AUDIO_ENDINGS
from pod_image.dataset.tables import read_table

VIDEO_ENDINGS = (
    ".mkv",
    ".mov",
    ".avi",
    ".mpg",
    ".mpeg",
    ".ts",
    ".3gp",
    ".wmv",
    ".amr",
    ".caf",
    ".w64",
)
MEDIA_ENDINGS = AUDIO_ENDINGS + VIDEO_ENDINGS
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
    texts = _texts(table)
    found: dict[Path, Recording] = {}
    for path in named:
        if not path.exists():
            raise InvalidRequest(
                f"There is no file {path}.", hint="Name recordings, or folders or archives of them."
            )
        for recording in _below(path, out, staging, skipped):
            found.setdefault(recording.path.resolve(), _with_text(recording, texts))
    return list(found.values()), skipped


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


def _texts(table: Path | None) -> dict[str, tuple[str, str | None]]:
    """Texts and speakers by file name, with and without its ending."""
    if table is None:
        return {}
    if not table.is_file():
        raise InvalidRequest(
            f"There is no table {table}.",
            hint="Give a table with one line per recording: file|text.",
        )
    read = read_table(table.name, table.read_bytes())
    if not read.rows:
        first = read.findings[0] if read.findings else None
        raise InvalidRequest(
            f"No line of {table} can be used{f': {first.message}' if first else '.'}",
            hint=first.hint if first else "Write file|text, one recording per line.",
        )
    texts: dict[str, tuple[str, str | None]] = {}
    for row in read.rows:
        name = row.file.replace("\\", "/").rsplit("/", 1)[-1]
        texts[name.casefold()] = (row.text, row.speaker)
        texts.setdefault(name.rsplit(".", 1)[0].casefold(), (row.text, row.speaker))
    return texts


def _with_text(recording: Recording, texts: dict[str, tuple[str, str | None]]) -> Recording:
    name = recording.path.name.casefold()
    found = texts.get(name) or texts.get(name.rsplit(".", 1)[0])
    if found is None:
        return recording
    return Recording(
        recording.path, recording.name, found[0] or None, recording.subtitles, found[1]
    )
