"""However many programs change a dataset at once, no line of it is lost."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.errors import InvalidRequest
from launcher.workshop.changing import changing
from launcher.workshop.editing.own_folder import OWN_FOLDER
from launcher.workshop.growing import GrowingDataset, NewClip
from launcher.workshop.library import delete_dataset, drop_clips, edit_clip
from launcher.workshop.push import PUSHES, read_pushes, remember_push
from launcher.workshop.table import Line, Record, read_lines, read_record, write_lines
from tests.kit.dataset_files import SHORT, write

NEW = Record("en_US", 22_050, 1.0, 1.0)
HOLDER = """
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from launcher.workshop.changing import changing
from launcher.workshop.table import Line, read_lines, write_lines
folder = Path(sys.argv[1])
with changing(folder):
    lines = read_lines(folder)
    print("in", flush=True)
    sys.stdin.readline()
    write_lines(folder, [*lines, Line("wavs/other.wav", "Of another program.")])
"""


def grown(folder: Path) -> GrowingDataset:
    return GrowingDataset(folder, NEW, lambda: 2.0)


def new_clip(folder: Path, text: str, name: str = "take.flac") -> NewClip:
    staged = folder / ".staged" / text
    write(staged, {name: SHORT})
    return NewClip(staged / name, name, text)


def dataset(folder: Path) -> Path:
    clips: dict[str, bytes | str] = {f"wavs/{name}.wav": SHORT for name in "abc"}
    return write(folder, {**clips, "metadata.csv": "wavs/a.wav|A.\nwavs/b.wav|B.\nwavs/c.wav|C.\n"})


async def test_an_edit_waits_for_another_program_and_keeps_what_it_wrote(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "mine")
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(folder),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert other.stdin is not None
    assert other.stdout is not None
    assert await other.stdout.readline() == b"in\n"
    edit = asyncio.create_task(edit_clip(tmp_path, "mine", "a.wav", text="Edited."))
    drop = asyncio.create_task(drop_clips(tmp_path, "mine", ["b.wav"]))
    done, _ = await asyncio.wait([edit, drop], timeout=0.2)
    assert not done
    other.stdin.write(b"go on\n")
    await asyncio.gather(edit, drop, other.wait())
    assert [line.text for line in read_lines(folder)] == ["Edited.", "C.", "Of another program."]
    assert not (folder / "wavs/b.wav").exists()


async def test_twelve_edits_at_once_are_all_kept(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    write(folder, {"metadata.csv": "".join(f"wavs/{n}.wav|Old.\n" for n in range(12))})
    edits = [edit_clip(tmp_path, "mine", f"{n}.wav", text=f"New {n}.") for n in range(12)]
    await asyncio.gather(*edits)
    assert [line.text for line in read_lines(folder)] == [f"New {n}." for n in range(12)]


def test_who_never_lets_go_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    with (
        changing(folder),
        pytest.raises(InvalidRequest, match="Another program") as refused,
        changing(folder, wait_seconds=0.0),
    ):
        raise AssertionError("two at once")
    assert "try again" in in_terminal(refused.value.hint)
    assert {path.name for path in folder.iterdir()} == {"wavs", "metadata.csv"}
    with changing(folder, wait_seconds=0.0):
        assert len(read_lines(folder)) == 3


def test_two_makings_at_once_add_to_each_other(tmp_path: Path) -> None:
    one, two = grown(tmp_path), grown(tmp_path)
    assert one.add("1", "one.mp3", [new_clip(tmp_path, "One.")], None)
    assert two.add("2", "two.mp3", [new_clip(tmp_path, "Two.")], "anna")
    one.save()
    two.save()
    assert read_lines(tmp_path) == [
        Line("wavs/take.flac", "One."), Line("wavs/take-v2.flac", "Two.", "anna"),
    ]  # fmt: skip
    record = read_record(tmp_path)
    assert record is not None
    assert record.recordings == {"1": "one.mp3", "2": "two.mp3"}
    assert len(two.lines) == 2


def test_what_another_making_has_made_by_then_is_not_made_again(tmp_path: Path) -> None:
    one, two = grown(tmp_path), grown(tmp_path)
    assert one.add("1", "one.mp3", [new_clip(tmp_path, "One.")], None)
    one.save()
    assert not two.add("1", "one.mp3", [new_clip(tmp_path, "Once more.")], None)
    two.save()
    assert [line.text for line in read_lines(tmp_path)] == ["One."]


def test_an_edit_during_a_making_stays(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    making = grown(folder)
    making.add("1", "one.mp3", [new_clip(folder, "One.")], None)
    write_lines(folder, [Line("wavs/a.wav", "Edited."), Line("wavs/c.wav", "C.")])
    making.add("2", "two.mp3", [new_clip(folder, "Two.")], None)
    making.save()
    assert [line.text for line in read_lines(folder)] == ["Edited.", "C.", "One.", "Two."]


def test_a_making_at_another_rate_that_came_later_adds_nothing(tmp_path: Path) -> None:
    one = grown(tmp_path)
    two = GrowingDataset(tmp_path, Record("en_US", 16_000, 1.0, 1.0), lambda: 2.0)
    one.add("1", "one.mp3", [new_clip(tmp_path, "One.")], None)
    one.save()
    with pytest.raises(InvalidRequest, match="16,000 Hz cannot be added"):
        two.add("2", "two.mp3", [new_clip(tmp_path, "Two.")], None)
    assert [line.text for line in read_lines(tmp_path)] == ["One."]


def test_what_two_pushes_leave_behind_are_both_kept(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "mine")
    remember_push(folder, "me/first", "1" * 40)
    with ThreadPoolExecutor(1) as pool:
        with changing(folder):
            before = (folder / OWN_FOLDER / PUSHES).read_text()
            other = pool.submit(remember_push, folder, "me/other", "2" * 40)
            assert not wait([other], timeout=0.2).done
            (folder / OWN_FOLDER / PUSHES).write_text(before.replace("me/first", "me/second"))
        other.result(timeout=20)
    assert list(read_pushes(folder)) == ["me/second", "me/other"]


async def test_a_dataset_is_deleted_only_once_nobody_writes_it(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "mine")
    with changing(folder):
        gone = asyncio.create_task(delete_dataset(tmp_path, "mine", confirmed=True))
        done, _ = await asyncio.wait([gone], timeout=0.2)
        assert not done
        assert len(read_lines(folder)) == 3
    await gone
    assert not folder.exists()
