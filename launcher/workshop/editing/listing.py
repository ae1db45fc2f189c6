"""The clips of a dataset with thousands of them, listed again and again: only what changed is looked at anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher.workshop.library import ClipLine, clip_seconds
from launcher.workshop.report import DatasetReport
from launcher.workshop.table import read_lines
from pod_image.contract.findings import Finding, Severity
from pod_image.dataset import FolderSource
from pod_image.dataset.names import FileNames

SHORT_SECONDS = 1.0
LONG_SECONDS = 15.0
NAMED = "problems"
"""The filter that shows clips which a check has named."""


@dataclass(frozen=True)
class ListedClip:
    """A clip, the path of its sound, and a version that is another one as soon as its sound is."""

    line: ClipLine
    path: str | None
    version: str = ""

    @property
    def file(self) -> str:
        return self.line.file

    @property
    def short(self) -> str:
        return self.line.file.rsplit("/", 1)[-1]


@dataclass
class Listing:
    """Of one dataset; `read` lists it as it is now. Blocking."""

    folder: Path
    _known: dict[str, tuple[str, float | None]] = field(default_factory=dict)

    def read(self) -> list[ListedClip]:
        names = FileNames(FolderSource(self.folder, follows_links=True).entries())
        clips, known = [], {}
        for line in read_lines(self.folder):
            path = names.find(line.file)
            version, seconds = "", None
            if path is not None:
                version = _version(self.folder / path)
                before = self._known.get(path)
                if before is not None and before[0] == version:
                    seconds = before[1]
                else:
                    seconds = clip_seconds(self.folder, path)
                known[path] = (version, seconds)
            one = ClipLine(line.file, line.text, line.speaker, seconds, line.place)
            clips.append(ListedClip(one, path, version))
        self._known = known
        return clips


def _version(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def is_shown(clip: ClipLine, kind: str, search: str, named: Collection[str] = ()) -> bool:
    """Whether a clip passes the filter and holds the searched words. `named` are clips that a check found wanting."""
    seconds = clip.seconds
    passes = {
        NAMED: clip.file in named,
        "untyped": not clip.text,
        "short": seconds is not None and seconds < SHORT_SECONDS,
        "long": seconds is not None and seconds > LONG_SECONDS,
        "missing": seconds is None,
    }.get(kind, True)
    text = f"{clip.file} {clip.text}".casefold()
    return passes and all(word in text for word in search.casefold().split())


def problems_by_file(
    report: DatasetReport, clips: Sequence[ClipLine]
) -> dict[str, tuple[Finding, ...]]:
    """What has to be or may be put right, by the clip it is about; notes, and what is about the whole, are left out."""
    by_place = {clip.place: clip.file for clip in clips}
    found: dict[str, tuple[Finding, ...]] = {}
    for each in report.findings:
        file = by_place.get(each.place)
        if file is not None and each.severity is not Severity.NOTE:
            found[file] = (*found.get(file, ()), each)
    return found


def next_problem(
    clips: Sequence[ListedClip], problems: Mapping[str, object], after: int
) -> int | None:
    """The number of the next clip with a problem, round the end to the beginning; None if there is none."""
    count = len(clips)
    for step in range(1, count + 1):
        number = (after + step) % count
        if clips[number].file in problems:
            return number
    return None
