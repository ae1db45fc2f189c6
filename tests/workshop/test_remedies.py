"""Findings by kind, with the clips they are about and what leaving those out would mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.workshop import library
from launcher.workshop.check import CheckSettings, look_over
from launcher.workshop.remedies import FindingGroup, finding_groups
from pod_image.dataset import Code, FolderSource
from tests.kit.dataset_files import wav, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    seconds = {"a": 2.0, "b": 0.2, "c": 2.5, "d": 0.3}
    table = [f"wavs/{name}.wav|This is clip number {name}." for name in seconds]
    table += ["wavs/absent.wav|There is no such file."]
    clips = {f"wavs/{name}.wav": wav(length) for name, length in seconds.items()}
    return write(tmp_path / "anna", {**clips, "metadata.csv": "\n".join(table) + "\n"})


async def groups(folder: Path) -> dict[str, FindingGroup]:
    shown = await library.show_dataset(folder.parent, folder.name)
    report = look_over(FolderSource(folder), CheckSettings())
    return {one.code: one for one in finding_groups(report, shown.clips)}


async def test_each_kind_names_its_clips(folder: Path) -> None:
    found = await groups(folder)
    assert found[Code.CLIP_SHORT].files == ("wavs/b.wav", "wavs/d.wav")
    assert found[Code.CLIP_SHORT].times == 2
    assert found[Code.FILE_ABSENT].files == ("wavs/absent.wav",)


async def test_leaving_them_out_mends_it(folder: Path) -> None:
    found = await groups(folder)
    for code in (Code.CLIP_SHORT, Code.FILE_ABSENT):
        assert found[code].is_mended_without
        await library.drop_clips(folder.parent, folder.name, found[code].files)
    left = await groups(folder)
    assert Code.CLIP_SHORT not in left
    assert Code.FILE_ABSENT not in left


async def test_what_is_of_the_whole_is_mended_by_no_clip(folder: Path) -> None:
    found = await groups(folder)
    whole = found[Code.MINUTES_FEW]
    assert whole.files == ()
    assert not whole.is_mended_without
    assert in_terminal(whole.hint).startswith("Record more")


async def test_remedies_that_differ_are_not_said_as_one(folder: Path) -> None:
    found = await groups(folder)
    different = FindingGroup(
        Code.CLIP_SHORT,
        2,
        (found[Code.CLIP_SHORT].findings[0], found[Code.FILE_ABSENT].findings[0]),
        (),
    )
    assert in_terminal(different.hint) == ""
