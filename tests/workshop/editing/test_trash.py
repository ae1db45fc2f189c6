"""Clips that were left out lie in the dataset's own folder: unseen by check, push and pod, and brought back whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.errors import InvalidRequest
from launcher.workshop.editing import clips, trash
from launcher.workshop.table import Line, read_lines, write_lines
from pod_image.dataset import FolderSource, read_dataset
from tests.kit.dataset_files import wav, write
from tests.workshop.editing.conftest import content


def test_a_clip_left_out_is_seen_by_nobody_and_comes_back_whole(folder: Path) -> None:
    before = content(folder)
    clips.leave_out(folder, ["a.wav"], 5.0)
    assert [entry.path for entry in FolderSource(folder).entries()] == [
        "metadata.csv", "wavs/b.wav", "wavs/c.wav",
    ]  # fmt: skip
    assert [clip.text for clip in read_dataset(folder).clips] == ["Good bye."]
    (gone,) = trash.left_out(folder)
    assert (gone.line, gone.path, gone.at) == (
        Line("wavs/a.wav", "Hello there, you."), "wavs/a.wav", 5.0,
    )  # fmt: skip
    assert trash.restore(folder, ["a"], 6.0) == ["wavs/a.wav"]
    assert content(folder) == before
    assert trash.left_out(folder) == []


def test_clips_come_back_in_any_order_with_other_edits_between(folder: Path) -> None:
    clips.leave_out(folder, ["a.wav", "c.wav"], 1.0)
    clips.leave_out(folder, ["b.wav"], 2.0)
    assert [one.line.file[-5] for one in trash.left_out(folder)] == ["b", "c", "a"]
    trash.restore(folder, ["wavs/c.wav"], 3.0)
    assert [one.line.file[-5] for one in trash.left_out(folder)] == ["b", "a"]
    assert trash.restore(folder, (), 4.0) == ["wavs/b.wav", "wavs/a.wav"]
    assert [line.file[-5] for line in read_lines(folder)] == ["a", "b", "c"]
    assert trash.left_out(folder) == []
    for _ in range(4):
        clips.undo(folder, 5.0)
    assert (folder / "metadata.csv").read_text().count("\n") == 3


def test_bringing_back_is_undone_like_any_edit(folder: Path) -> None:
    clips.leave_out(folder, ["a.wav"], 1.0)
    gone = content(folder)
    trash.restore(folder, (), 2.0)
    clips.undo(folder, 3.0)
    assert content(folder) == gone
    assert len(trash.left_out(folder)) == 1


def test_a_clip_whose_name_was_taken_comes_back_under_a_free_one(folder: Path) -> None:
    sound = (folder / "wavs/a.wav").read_bytes()
    clips.leave_out(folder, ["a.wav"], 1.0)
    write(folder, {"wavs/a.wav": wav(0.3)})
    write_lines(folder, [Line("wavs/a.wav", "Another."), *read_lines(folder)])
    assert trash.restore(folder, ["a.wav"], 2.0) == ["wavs/a-v2.wav"]
    assert (folder / "wavs/a-v2.wav").read_bytes() == sound


def test_a_sound_that_two_lines_share_stays_until_both_are_gone(folder: Path) -> None:
    write_lines(folder, [Line("wavs/a.wav", "One."), Line("a", "Two.")])
    clips.leave_out(folder, ["wavs/a.wav"], 1.0)
    assert (folder / "wavs/a.wav").is_file()
    clips.leave_out(folder, ["a"], 2.0)
    assert not (folder / "wavs/a.wav").exists()
    trash.restore(folder, (), 3.0)
    assert (folder / "wavs/a.wav").is_file()
    assert [line.text for line in read_lines(folder)] == ["One.", "Two."]


def test_what_was_not_left_out_cannot_be_brought_back(folder: Path) -> None:
    with pytest.raises(InvalidRequest, match="No clip was left out of mine"):
        trash.restore(folder, (), 1.0)
    clips.leave_out(folder, ["a.wav"], 1.0)
    with pytest.raises(InvalidRequest, match=r"No clip b\.wav was left out") as raised:
        trash.restore(folder, ["b.wav"], 2.0)
    assert "launcher dataset restore mine" in in_terminal(raised.value.hint)


def test_the_trash_is_emptied_only_when_that_is_confirmed(folder: Path) -> None:
    clips.leave_out(folder, ["a.wav"], 1.0)
    with pytest.raises(
        InvalidRequest, match=r"1 clip left out of mine.*deleted permanently"
    ) as raised:
        trash.empty_trash(folder, confirmed=False)
    assert "--yes" in in_terminal(raised.value.hint)
    assert len(trash.left_out(folder)) == 1
    assert trash.empty_trash(folder, confirmed=True) == len(wav(1.0))
    assert trash.left_out(folder) == []
    assert clips.history(folder) == clips.History()
    assert not list(folder.rglob("a.wav"))
    clips.leave_out(folder, ["b.wav"], 2.0)
    assert len(trash.left_out(folder)) == 1


def test_neighbours_that_were_left_out_together_come_back_to_their_places(folder: Path) -> None:
    clips.leave_out(folder, ["a.wav", "b.wav"], 1.0)
    trash.restore(folder, (), 2.0)
    assert [line.file[-5] for line in read_lines(folder)] == ["a", "b", "c"]
