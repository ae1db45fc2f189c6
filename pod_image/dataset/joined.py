"""Several datasets as one: their files, their tables and clips, each under the name of its dataset.

One way for the check and the pod, so that what is said of a run's clips before it is what it learns from.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pod_image.contract.datasets import ChosenDataset, speaker_apart
from pod_image.contract.findings import Finding
from pod_image.dataset.choice import tables_held
from pod_image.dataset.dataset_error import DatasetError
from pod_image.dataset.findings import Code
from pod_image.dataset.reader import Clip, Dataset, read_dataset
from pod_image.dataset.source import Entry, FileSource, FolderSource
from pod_image.dataset.survey import Survey, Utterance, survey


@dataclass(frozen=True)
class Part:
    """One of the datasets, and where its files come from."""

    dataset: ChosenDataset
    source: FileSource

    @property
    def prefix(self) -> str:
        return f"{self.dataset.name}/"


@dataclass(frozen=True)
class JoinedSource:
    """The files of several datasets, below the names of these. `is_apart`: speakers of two are never the same."""

    parts: tuple[Part, ...]
    is_apart: bool = False
    clips: dict[str, int] = field(default_factory=dict)
    """How many lines of each dataset lead to a clip, by its name, once they were surveyed."""

    @property
    def name(self) -> str:
        return ", ".join(part.dataset.name for part in self.parts)

    @property
    def is_remote(self) -> bool:
        return any(part.source.is_remote for part in self.parts)

    def entries(self) -> Sequence[Entry]:
        return [
            Entry(part.prefix + entry.path, entry.size)
            for part in self.parts
            for entry in part.source.entries()
        ]

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        part = next(each for each in self.parts if path.startswith(each.prefix))
        return part.source.read(path.removeprefix(part.prefix), start, length)


def survey_of(source: FileSource, tables: Collection[str] = ()) -> Survey:
    """The survey of a dataset, or of several as one, by the `tables` that a person chose.

    Of several datasets each reads those of the tables that it has. As `survey`, never raises for what is in them.
    """
    return _joined(source, tables) if isinstance(source, JoinedSource) else survey(source, tables)


def _joined(source: JoinedSource, tables: Collection[str]) -> Survey:
    surveys = [
        (part, survey(part.source, _tables_of(part.dataset, part.source, tables)))
        for part in source.parts
    ]
    opened = tuple(Part(part.dataset, each.source) for part, each in surveys)
    whole = Survey(JoinedSource(opened, source.is_apart))
    for part, each in surveys:
        source.clips[part.dataset.name] = len(each.utterances)
        whole.utterances += [_within(part, one, source.is_apart) for one in each.utterances]
        whole.untexted += [_within(part, one, source.is_apart) for one in each.untexted]
        whole.findings += [placed(part.dataset.name, one) for one in each.findings]
        whole.tables += [part.prefix + table for table in each.tables]
        whole.rows += each.rows
        whole.total_bytes += each.total_bytes
    for name in tables:
        if not any(_tables_of(part.dataset, part.source, (name,)) for part in source.parts):
            whole.find(
                Code.NO_TABLE, "", f"None of the datasets has a table {name}.",
                "Write its path as it is in its dataset, such as metadata.csv.",
            )  # fmt: skip
    return whole


def _tables_of(
    dataset: ChosenDataset, source: FileSource, tables: Collection[str]
) -> tuple[str, ...]:
    paths = {entry.path for entry in source.entries()} if tables else set()
    return tables_held(tables, paths, f"{dataset.name}/")


def _within(part: Part, one: Utterance, is_apart: bool) -> Utterance:
    return replace(
        one,
        place=_place(part.dataset.name, one.place),
        path=None if one.path is None else part.prefix + one.path,
        speaker=speaker_apart(part.dataset, one.speaker) if is_apart else one.speaker,
    )


def placed(name: str, finding: Finding) -> Finding:
    """The finding with the dataset's name before its place."""
    return replace(finding, place=_place(name, finding.place))


def _place(name: str, place: str) -> str:
    return f"{name}: {place}" if place else name


def read_datasets(
    folder: Path,
    datasets: Sequence[ChosenDataset],
    *,
    unpack_to: Path,
    is_apart: bool,
    tables: Collection[str] = (),
    with_untexted: bool = False,
) -> Dataset:
    """The clips of all datasets of a run, which the pod has in `folder`, in their order.

    Raises DatasetError when one of them has no clip.
    """
    if len(datasets) < 2:
        inside = datasets[0].inside if datasets else ""
        return read_dataset(
            folder / inside, unpack_to=unpack_to, tables=tables, with_untexted=with_untexted
        )
    clips: list[Clip] = []
    untexted: list[Clip] = []
    findings: list[Finding] = []
    for number, dataset in enumerate(datasets):
        try:
            there = folder / dataset.folder / dataset.inside
            chosen = _tables_of(dataset, FolderSource(there), tables)
            read = read_dataset(
                there,
                unpack_to=unpack_to / dataset.folder,
                tables=chosen,
                with_untexted=with_untexted,
            )
        except DatasetError as exc:
            raise DatasetError(f"{dataset.name}: {exc.message}", hint=exc.hint) from exc
        clips += [_clip_within(dataset, number, clip, is_apart) for clip in read.clips]
        untexted += [_clip_within(dataset, number, clip, is_apart) for clip in read.untexted]
        findings += [placed(dataset.name, finding) for finding in read.findings]
    return Dataset(clips, findings, untexted)


def _clip_within(dataset: ChosenDataset, number: int, clip: Clip, is_apart: bool) -> Clip:
    return replace(
        clip,
        place=_place(dataset.name, clip.place),
        speaker=speaker_apart(dataset, clip.speaker) if is_apart else clip.speaker,
        dataset=number,
    )
