"""The dataset of a run as clips on disk: what a recipe trains on. Reads no audio."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from pod_image.contract.findings import Finding, Severity
from pod_image.contract.whole_file import write_whole
from pod_image.dataset.dataset_error import DatasetError
from pod_image.dataset.file_remedies import SHARD
from pod_image.dataset.findings import Code
from pod_image.dataset.source import FileSource, FolderSource
from pod_image.dataset.survey import Survey, Utterance, survey

UNPACKED_FOLDER = ".unpacked"


@dataclass(frozen=True)
class Clip:
    """One recording with what is said in it. `place` is where a person finds it: "metadata.csv line 12"."""

    path: Path
    text: str
    speaker: str | None
    place: str
    dataset: int = 0
    """Which of the run's datasets it is of, where there are several."""


@dataclass(frozen=True)
class Dataset:
    """All usable clips in the order of the table, and everything that was found on the way."""

    clips: list[Clip]
    findings: list[Finding]
    untexted: list[Clip] = field(default_factory=list)
    """Clips without a text, where they were asked for."""

    @property
    def speakers(self) -> list[str]:
        """Names in order of first appearance; empty when the table has no speakers."""
        return list(dict.fromkeys(clip.speaker for clip in self.clips if clip.speaker))


def read_dataset(
    folder: Path,
    *,
    unpack_to: Path | None = None,
    tables: Collection[str] = (),
    with_untexted: bool = False,
) -> Dataset:
    """Clips of the dataset in `folder`, in any layout the reader knows, or by the `tables` that a person chose.

    Clips inside shards are written below `unpack_to` (default: `.unpacked` in the folder), once: what is there
    with its full size is not written again. Lines that cannot be used are left out with a finding each.
    DatasetError when no clip is left, be it one without a text where these are asked for.
    """
    source = FolderSource(folder)
    found = survey(source, tables)
    target = folder / UNPACKED_FOLDER if unpack_to is None else unpack_to
    clips = [clip for each in found.utterances if (clip := _clip(each, found, folder, target))]
    wanted = found.untexted if with_untexted else []
    untexted = [clip for each in wanted if (clip := _clip(each, found, folder, target))]
    if not clips and not untexted:
        raise _nothing(found, folder)
    return Dataset(clips, found.findings, untexted)


def _clip(each: Utterance, found: Survey, folder: Path, target: Path) -> Clip | None:
    if each.path is None:
        return None
    path = folder / each.path
    if each.in_package:
        path = target / each.path
        try:
            _unpack(found.source, each.path, each.size, path)
        except OSError as exc:
            found.find(
                Code.ARCHIVE_DAMAGED, each.place, f"{each.path} cannot be unpacked: {exc}.",
                SHARD,
            )  # fmt: skip
            return None
    return Clip(path, each.text, each.speaker, each.place)


def _unpack(source: FileSource, name: str, size: int, path: Path) -> None:
    if path.exists() and path.stat().st_size == size:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, source.read(name))


def _nothing(found: Survey, folder: Path) -> DatasetError:
    grave = [each for each in found.findings if each.severity is Severity.ERROR]
    if not grave:
        return DatasetError(
            f"There is no clip in {folder}.", hint="Add metadata.csv: file|text, one clip per line."
        )
    first = grave[0]
    place = f" ({first.place})" if first.place else ""
    more = f" and {len(grave) - 1} more" if len(grave) > 1 else ""
    return DatasetError(f"No clip can be used: {first.message}{place}{more}", hint=first.hint)
