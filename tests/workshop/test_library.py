"""The datasets on this machine are listed, shown, edited and deleted, under names that are safe anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.cli.terminal.dataset_view import list_text
from launcher.cli.terminal.next_steps import in_terminal
from launcher.errors import InvalidRequest
from launcher.workshop.library import (
    delete_dataset,
    drop_clips,
    edit_clip,
    list_datasets,
    show_dataset,
)
from launcher.workshop.make import MakeRequest, make_dataset
from launcher.workshop.names import checked_name, clip_prefix, dataset_folder
from launcher.workshop.table import Line, read_lines, read_record
from pod_image.dataset import read_dataset
from tests.kit.dataset_files import wav, write


def dataset(root: Path, name: str = "mine") -> Path:
    table = "wavs/a.wav|Hello.\nwavs/b.wav|Bye.\nwavs/c.wav|\n"
    clips = {f"wavs/{each}.wav": wav(1.0 + n) for n, each in enumerate("abc")}
    return write(root / name, {**clips, "metadata.csv": table})


def test_plain_names_are_taken_as_they_are() -> None:
    for name in ("clips", "My-Clips_2", "v1.2", "a" * 64):
        assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../up", "a/b", "a\\b", "/abs", "C:", ".hidden", "-x", "a b", "ü", "x.", "con",
     "NUL", "com1.txt", "a" * 65, "a\n", "a\0b", "~", "$HOME", "a|b"],
)  # fmt: skip
def test_a_name_that_could_be_more_than_a_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest) as raised:
        dataset_folder(tmp_path, name)
    assert in_terminal(raised.value.hint)


async def test_no_function_of_the_library_follows_an_unsafe_name(tmp_path: Path) -> None:
    dataset(tmp_path, "outside")
    root = tmp_path / "datasets"
    root.mkdir()
    with pytest.raises(InvalidRequest):
        await show_dataset(root, "../outside")
    with pytest.raises(InvalidRequest):
        await delete_dataset(root, "../outside", confirmed=True)
    (root / "link").symlink_to(tmp_path / "outside")
    assert await list_datasets(root) == []
    assert read_lines(tmp_path / "outside")


@pytest.mark.parametrize(
    ("recording", "prefix"),
    [
        ("talk.mp3", "talk"),
        ("sub/My talk (final).WAV", "My-talk-final"),
        ("../../etc/passwd.wav", "passwd"),
        ("Ärger.flac", "Arger"),
        ("a" * 300 + ".wav", "a" * 48),
    ],
)
def test_clips_are_named_after_their_recording(recording: str, prefix: str) -> None:
    assert clip_prefix(recording) == prefix


def test_a_recording_without_plain_letters_still_gives_a_name() -> None:
    assert clip_prefix("世界.wav").startswith("clip-")
    assert clip_prefix("世界.wav") != clip_prefix("日本.wav")
    assert clip_prefix("NUL.wav").startswith("clip-")


async def test_a_damaged_dataset_is_named_in_the_list_and_hides_no_other(tmp_path: Path) -> None:
    dataset(tmp_path, "good")
    (dataset(tmp_path, "odd") / "launcher.json").write_text("{")
    table = dataset(tmp_path, "worse") / "metadata.csv"
    table.unlink()
    table.mkdir()
    (tmp_path / "worse" / "launcher.json").write_text("[]")
    good, odd, worse = await list_datasets(tmp_path)
    assert (good.name, good.clips, good.damage) == ("good", 3, "")
    assert (odd.name, odd.clips) == ("odd", 3)
    assert odd.damage.startswith(f"{tmp_path}/odd/launcher.json is damaged. Remove launcher.json")
    assert (worse.name, worse.clips, "is damaged" in worse.damage) == ("worse", 0, True)
    assert odd.damage in list_text([good, odd, worse])


async def test_a_table_that_may_not_be_read_is_said_in_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset(tmp_path, "good")
    closed = dataset(tmp_path, "closed") / "metadata.csv"
    read_bytes = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    first, second = await list_datasets(tmp_path)
    assert first.damage == f"It cannot be read: Permission denied ({closed})."
    assert (second.name, second.clips) == ("good", 3)


async def test_the_list_counts_clips_minutes_and_what_is_untyped(tmp_path: Path) -> None:
    dataset(tmp_path, "zebra")
    dataset(tmp_path, "Ant")
    write(tmp_path, {"not-a-dataset/readme.txt": "x"})
    ant, zebra = await list_datasets(tmp_path)
    assert (ant.name, zebra.name) == ("Ant", "zebra")
    assert (zebra.clips, zebra.untyped, zebra.created_at) == (3, 1, None)
    assert zebra.minutes == pytest.approx(0.1)
    assert zebra.size_bytes > 250_000
    assert await list_datasets(tmp_path / "absent") == []


async def test_a_made_dataset_knows_when_it_was_made_and_changed(tmp_path: Path) -> None:
    source = write(tmp_path / "in", {"a.wav": wav(1.0)})
    await make_dataset(MakeRequest(tmp_path / "sets/mine", (source,)), now=lambda: 100.0)
    await edit_clip(tmp_path / "sets", "mine", "a.flac", text="Hello.", now=lambda: 200.0)
    (summary,) = await list_datasets(tmp_path / "sets")
    assert (summary.created_at, summary.updated_at, summary.untyped) == (100.0, 200.0, 0)


async def test_showing_gives_every_line_with_its_length(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    (folder / "wavs/b.wav").unlink()
    shown = await show_dataset(tmp_path, "MINE")
    assert [(clip.file, clip.text, clip.seconds) for clip in shown.clips] == [
        ("wavs/a.wav", "Hello.", 1.0), ("wavs/b.wav", "Bye.", None), ("wavs/c.wav", "", 3.0),
    ]  # fmt: skip


async def test_clips_named_without_folder_or_ending_are_found_too(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    (folder / "metadata.csv").write_text("a|Hello.\nB|Bye.\n")
    shown = await show_dataset(tmp_path, "mine")
    assert [clip.seconds for clip in shown.clips] == [1.0, 2.0]
    assert (await edit_clip(tmp_path, "mine", "a.wav", text="Hi.")).text == "Hi."
    await drop_clips(tmp_path, "mine", ["a"])
    assert not (folder / "wavs/a.wav").exists()


async def test_a_text_is_typed_and_stays_one_cell(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    line = await edit_clip(tmp_path, "mine", "c.wav", text=" New |\n text ")
    assert line == Line("wavs/c.wav", "New text")
    assert [clip.text for clip in read_dataset(folder).clips] == ["Hello.", "Bye.", "New text"]


async def test_a_speaker_adds_the_column_and_the_last_one_takes_it_away(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    await edit_clip(tmp_path, "mine", "a.wav", speaker="anna")
    assert (folder / "metadata.csv").read_text().startswith("file|speaker|text\n")
    assert [line.speaker for line in read_lines(folder)] == ["anna", None, None]
    await edit_clip(tmp_path, "mine", "a.wav", speaker="")
    assert (folder / "metadata.csv").read_text().startswith("wavs/a.wav|Hello.\n")


async def test_dropping_takes_lines_and_files_and_nothing_else(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    assert await drop_clips(tmp_path, "mine", ["a.wav", "wavs/c.wav"]) == 2
    assert [line.file for line in read_lines(folder)] == ["wavs/b.wav"]
    assert [path.name for path in (folder / "wavs").iterdir()] == ["b.wav"]
    with pytest.raises(InvalidRequest, match="no clip a"):
        await drop_clips(tmp_path, "mine", ["b.wav", "a.wav"])
    assert len(read_lines(folder)) == 1


async def test_dropping_a_line_that_points_outside_deletes_nothing_there(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    outside = write(tmp_path, {"precious.wav": b"x"}) / "precious.wav"
    (folder / "metadata.csv").write_text("../precious.wav|Gone?\nwavs/a.wav|Hello.\n")
    assert await drop_clips(tmp_path, "mine", ["../precious.wav"]) == 1
    assert outside.read_bytes() == b"x"


async def test_deleting_asks_and_then_deletes(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    with pytest.raises(InvalidRequest, match="3 clips") as raised:
        await delete_dataset(tmp_path, "mine", confirmed=False)
    assert "--yes" in in_terminal(raised.value.hint)
    assert folder.is_dir()
    summary = await delete_dataset(tmp_path, "mine", confirmed=True)
    assert (summary.clips, folder.exists()) == (3, False)
    with pytest.raises(InvalidRequest, match="does not exist"):
        await show_dataset(tmp_path, "mine")


async def test_a_damaged_record_is_a_clear_error(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    (folder / "launcher.json").write_text('{"format": 1')
    with pytest.raises(InvalidRequest, match="damaged"):
        read_record(folder)
