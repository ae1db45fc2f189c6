"""Several datasets as one: the check and the pod see the same clips, each under the name of its dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from pod_image.contract.datasets import ChosenDataset, chosen_datasets
from pod_image.contract.settings import RunSettings
from pod_image.dataset import (
    Code,
    DatasetError,
    FolderSource,
    JoinedSource,
    Part,
    read_datasets,
    survey_of,
)
from tests.kit.dataset_files import wav, write

SETTINGS = RunSettings(dataset_repo="me/ann", more_datasets=["me/ben"])
TWO = chosen_datasets(SETTINGS)


def on_pod(folder: Path, *, second: str = "file|speaker|text\nb|ann|How are you?\n") -> Path:
    """As the pod has them: each in the folder of its own."""
    write(folder / TWO[0].folder, {"metadata.csv": "a|Hello there.\n", "wavs/a.wav": wav(1.0)})
    write(folder / TWO[1].folder, {"metadata.csv": second, "wavs/b.wav": wav(1.5)})
    return folder


def joined(folder: Path, *, is_apart: bool = False) -> JoinedSource:
    parts = tuple(Part(each, FolderSource(folder / each.folder)) for each in TWO)
    return JoinedSource(parts, is_apart)


@pytest.mark.parametrize("is_apart", [False, True])
def test_what_the_check_passes_is_what_the_pod_takes(tmp_path: Path, is_apart: bool) -> None:
    found = survey_of(joined(on_pod(tmp_path / "pod"), is_apart=is_apart))
    read = read_datasets(tmp_path / "pod", TWO, unpack_to=tmp_path / "un", is_apart=is_apart)
    checked = [(each.place, each.text, each.speaker) for each in found.utterances]
    assert checked == [(each.place, each.text, each.speaker) for each in read.clips]
    assert [each.size for each in found.utterances] == [
        each.path.stat().st_size for each in read.clips
    ]
    assert [each.dataset for each in read.clips] == [0, 1]
    assert found.findings == read.findings


def test_speakers_are_those_of_the_tables_or_of_each_dataset_alone(tmp_path: Path) -> None:
    folder = on_pod(tmp_path / "pod")
    together = survey_of(joined(folder))
    assert [each.speaker for each in together.utterances] == [None, "ann"]
    apart = survey_of(joined(folder, is_apart=True))
    assert [each.speaker for each in apart.utterances] == ["ann", "ben/ann"]


def test_findings_and_clips_carry_the_name_of_their_dataset(tmp_path: Path) -> None:
    folder = on_pod(tmp_path / "pod", second="b|How are you?\nabsent|Where?\n")
    source = joined(folder)
    found = survey_of(source)
    (absent,) = [each for each in found.findings if each.code is Code.FILE_ABSENT]
    assert absent.place == "me/ben: metadata.csv line 2"
    assert found.tables == ["me/ann/metadata.csv", "me/ben/metadata.csv"]
    assert source.clips == {"me/ann": 1, "me/ben": 1}
    assert found.source.read("me/ben/wavs/b.wav", 0, 4) == b"RIFF"
    assert found.total_bytes == sum(entry.size for entry in source.entries())


def test_a_dataset_without_a_clip_is_named_on_the_pod(tmp_path: Path) -> None:
    folder = on_pod(tmp_path / "pod", second="absent|Where?\n")
    with pytest.raises(DatasetError, match=r"^me/ben: No clip can be used"):
        read_datasets(folder, TWO, unpack_to=tmp_path / "un", is_apart=False)


def test_a_single_dataset_is_read_as_ever(tmp_path: Path) -> None:
    write(tmp_path / "one", {"metadata.csv": "a|Hello there.\n", "wavs/a.wav": wav(1.0)})
    only = ChosenDataset("me/ann", "main", "me/ann", "ann")
    (clip,) = read_datasets(
        tmp_path / "one", [only], unpack_to=tmp_path / "un", is_apart=True
    ).clips
    assert (clip.place, clip.speaker, clip.dataset) == ("metadata.csv line 1", None, 0)


def test_of_several_datasets_each_reads_the_chosen_table_that_it_has(tmp_path: Path) -> None:
    folder = on_pod(tmp_path / "pod")
    write(folder / TWO[1].folder, {"other.csv": "b|Another text.\n"})
    source, chosen = joined(folder), ("other.csv",)
    assert Code.TABLES_DIFFER in {each.code for each in survey_of(source).findings}
    for tables in (chosen, (f"{TWO[1].name}/other.csv",)):
        found = survey_of(source, tables)
        assert [each.text for each in found.utterances] == ["Hello there.", "Another text."]
        read = read_datasets(folder, TWO, unpack_to=tmp_path / "un", is_apart=False, tables=tables)
        assert [each.text for each in read.clips] == ["Hello there.", "Another text."]
        assert found.findings == read.findings
    absent = survey_of(source, ("nowhere.csv",))
    assert next(each.text for each in absent.utterances) == "Hello there."
    assert Code.NO_TABLE in {each.code for each in absent.findings}
