"""The recordings a person named, with their transcripts: files, folders and archives; originals only read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.errors import InvalidRequest
from launcher.workshop.beside import TextsBeside
from launcher.workshop.table_texts import texts_of
from pod_image.contract.findings import Finding
from pod_image.dataset import Entry, FileSource, FolderSource
from pod_image.dataset.archives import OpenedSource, is_archive
from pod_image.dataset.endings import MEDIA_ENDINGS
from pod_image.dataset.timed_texts import BY_CONTENT, BY_ENDING, TIMED_ENDINGS

SUBTITLE_ENDINGS = tuple(BY_ENDING)
TEXT_ENDINGS = BY_CONTENT
"""Of which some are texts with times: what stands in them says so."""


@dataclass(frozen=True)
class Recording:
    """One recording; `name` is what people call it, `text` what is said in the whole of it, if known."""

    path: Path
    name: str
    text: str | None = None
    timed_text: Path | None = None
    speaker: str | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """Something that was named but not used, with the reason as a sentence."""

    name: str
    reason: str


@dataclass(frozen=True)
class Gathered:
    """The recordings, what was left out with why, and what was found about their texts."""

    recordings: list[Recording]
    skipped: list[Skipped]
    findings: list[Finding]


def gather(
    named: Sequence[Path],
    table: Path | None,
    out: Path,
    staging: Path,
    language: str = "en_US",
) -> Gathered:
    """All recordings below what was named, in order. Archives are unpacked, safely, into `staging`."""
    for path in named:
        if not path.exists():
            raise InvalidRequest(
                f"There is no file {path}.", hint="Give recordings, or folders or archives of them."
            )
    gathering = _Gathering(named, out, staging, language)
    found: dict[Path, Recording] = {}
    for path in named:
        for recording in gathering.below(path):
            found.setdefault(recording.path.resolve(), recording)
    recordings = list(found.values())
    findings = gathering.found + [each for one in recordings for each in one.findings]
    findings += gathering.beside.unused(str(named[0]) if named else "")
    if table is not None:
        recordings = _with_texts(recordings, table, gathering.skipped)
    return Gathered(recordings, gathering.skipped, findings)


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


class _Gathering:
    """One look at all that was named."""

    def __init__(self, named: Sequence[Path], out: Path, staging: Path, language: str) -> None:
        self._out, self._staging = out, staging
        self.skipped: list[Skipped] = []
        self.found: list[Finding] = []
        texts = [path for path in named if path.is_file() and _is_text(path)]
        self.beside = TextsBeside(language, MEDIA_ENDINGS, texts)

    def below(self, path: Path) -> Iterator[Recording]:
        if not path.is_dir():
            if not _is_text(path):
                yield from self._of_file(path, path.name, None, is_named=True)
            return
        source = FolderSource(path, follows_links=True)
        self.found += source.findings
        for entry in sorted(source.entries(), key=lambda each: each.path.split("/")):
            inner = path / entry.path
            if not inner.is_relative_to(self._out):
                yield from self._of_file(inner, entry.path, path)

    def _of_file(
        self, path: Path, name: str, root: Path | None, *, is_named: bool = False
    ) -> Iterator[Recording]:
        if is_archive(name):
            yield from self._of_archive(path, name)
        elif is_named or name.lower().endswith(MEDIA_ENDINGS):
            yield self._with_texts(path, name, root)

    def _with_texts(self, path: Path, name: str, root: Path | None) -> Recording:
        found = self.beside.of(path, root)
        return Recording(path, name, found.whole, found.timed, findings=tuple(found.findings))

    def _of_archive(self, path: Path, name: str) -> Iterator[Recording]:
        folder = self._staging / f"archive-{len(list(self._staging.iterdir())):04d}"
        folder.mkdir()
        for inner in _unpack(path, name, folder, self.skipped):
            if inner.lower().endswith(MEDIA_ENDINGS):
                yield self._with_texts(folder / inner, f"{name}/{inner}", folder)


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in TIMED_ENDINGS


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


def _unpack(path: Path, name: str, folder: Path, skipped: list[Skipped]) -> list[str]:
    """Recordings and texts of an archive, written below `folder`; returns their paths in it."""
    base: FileSource = _OneFile(path)
    opened = OpenedSource(base)
    skipped.extend(Skipped(name, str(each.message)) for each in opened.findings)
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
    return unpacked
