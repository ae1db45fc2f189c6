"""Clips are cut, joined, retyped and left out, and every such edit can be undone and done again."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile as sf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from launcher.errors import InvalidRequest
from launcher.workshop.editing import clips
from launcher.workshop.editing.journal import Journal
from launcher.workshop.table import Line, read_lines, write_lines
from tests.kit.dataset_files import wav, write
from tests.workshop.editing.conftest import content

Edit = Callable[[Path], Any]
EDITS: dict[str, Edit] = {
    "text": lambda folder: clips.set_text(folder, "c.wav", 1.0, text="New."),
    "speaker": lambda folder: clips.set_text(folder, "a.wav", 1.0, speaker="anna"),
    "texts": lambda folder: clips.set_texts(
        folder, {"wavs/b.wav": ("Good bye.", "Bye."), "wavs/c.wav": ("", "So.")}, "two texts", 1.0
    ),
    "leave out": lambda folder: clips.leave_out(folder, ["a.wav", "wavs/c.wav"], 1.0),
    "trim": lambda folder: clips.trim(folder, "b.wav", 0.25, 1.5, 1.0),
    "split": lambda folder: clips.split(folder, "a.wav", 0.4, ("Hello", "there, you."), 1.0),
    "join": lambda folder: clips.join_with_next(folder, "a.wav", 1.0),
}


def seconds(folder: Path) -> list[float]:
    return [round(sf.info(folder / line.file).duration, 3) for line in read_lines(folder)]


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_is_undone_to_the_byte_and_done_again(name: str, folder: Path) -> None:
    before = content(folder)
    EDITS[name](folder)
    after = content(folder)
    assert after != before
    what = clips.history(folder).undo
    assert clips.undo(folder, 2.0).what == what
    assert content(folder) == before
    assert clips.history(folder) == clips.History("", what)
    clips.redo(folder, 3.0)
    assert content(folder) == after


@given(st.lists(st.sampled_from([*EDITS, "undo", "redo"]), max_size=6))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_edits_in_any_order_are_undone_to_the_first_state_and_back(
    folder: Path, names: list[str]
) -> None:
    shutil.rmtree(folder / ".launcher", ignore_errors=True)
    before = content(folder)
    for name in names:
        try:
            {
                **EDITS,
                "undo": lambda at: clips.undo(at, 1.0),
                "redo": lambda at: clips.redo(at, 1.0),
            }[name](folder)
        except InvalidRequest:
            continue  # a clip of that name is not there any more, or nothing to undo
    after = content(folder)
    steps = 0
    while clips.history(folder).undo:
        clips.undo(folder, 2.0)
        steps += 1
    assert content(folder) == before
    for _ in range(steps):
        clips.redo(folder, 3.0)
    assert content(folder) == after
    while clips.history(folder).undo:
        clips.undo(folder, 4.0)


def test_a_trim_keeps_the_samples_between_as_they_are(folder: Path) -> None:
    whole, rate = sf.read(folder / "wavs/b.wav", dtype="int16")
    clips.trim(folder, "b.wav", 0.5, 1.25, 1.0)
    kept, _ = sf.read(folder / "wavs/b.wav", dtype="int16")
    assert (kept == whole[round(0.5 * rate) : round(1.25 * rate)]).all()


def test_split_parts_stand_where_the_clip_stood_and_join_to_the_same_sound(folder: Path) -> None:
    whole, _ = sf.read(folder / "wavs/b.wav", dtype="int16")
    first, second = clips.split(folder, "b.wav", 0.7, ("Good", "bye."), 1.0)
    assert [line.file for line in read_lines(folder)] == [
        "wavs/a.wav", "wavs/b-a.wav", "wavs/b-b.wav", "wavs/c.wav",
    ]  # fmt: skip
    assert (first.text, second.text) == ("Good", "bye.")
    joined = clips.join_with_next(folder, first.file, 2.0)
    assert joined.text == "Good bye."
    assert (sf.read(folder / joined.file, dtype="int16")[0] == whole).all()


def test_a_format_that_would_lose_sound_becomes_flac(folder: Path) -> None:
    wave, rate = sf.read(folder / "wavs/b.wav")
    sf.write(folder / "wavs/b.ogg", wave, rate, format="OGG", subtype="VORBIS")
    (folder / "wavs/b.wav").unlink()
    write_lines(folder, [Line("wavs/b.ogg", "Good bye.")])
    line = clips.trim(folder, "b.ogg", 0.0, 1.0, 1.0)
    assert line.file == "wavs/b.flac"
    assert sf.info(folder / line.file).duration == pytest.approx(1.0)
    clips.undo(folder, 2.0)
    assert [each.file for each in read_lines(folder)] == ["wavs/b.ogg"]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda folder: clips.trim(folder, "a.wav", 0.5, 0.55, 1.0), "Less than 0.1 s"),
        (lambda folder: clips.split(folder, "a.wav", 0.99, ("a", "b"), 1.0), "Less than 0.1 s"),
        (lambda folder: clips.join_with_next(folder, "c.wav", 1.0), "last clip"),
        (lambda folder: clips.trim(folder, "z.wav", 0.0, 1.0, 1.0), "no clip z.wav"),
        (lambda folder: clips.undo(folder, 1.0), "nothing to undo"),
        (lambda folder: clips.redo(folder, 1.0), "nothing to redo"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    edit: Edit, said: str, folder: Path
) -> None:
    before = content(folder)
    with pytest.raises(InvalidRequest, match=said):
        edit(folder)
    assert content(folder) == before


def test_clips_of_other_rates_or_speakers_are_not_joined(folder: Path) -> None:
    write(folder, {"wavs/b.wav": wav(1.0, 16_000)})
    with pytest.raises(InvalidRequest, match="22,050 Hz mono and one of 16,000 Hz mono"):
        clips.join_with_next(folder, "a.wav", 1.0)
    clips.set_text(folder, "b.wav", 1.0, speaker="ben")
    with pytest.raises(InvalidRequest, match="different speakers"):
        clips.join_with_next(folder, "a.wav", 1.0)


def test_what_is_typed_into_one_clip_without_a_pause_is_undone_at_once(folder: Path) -> None:
    for at, text in ((10.0, "H"), (11.0, "Hi"), (12.0, "Hi you"), (300.0, "Hi you!")):
        clips.set_text(folder, "a.wav", at, text=text)
    clips.undo(folder, 301.0)
    assert read_lines(folder)[0].text == "Hi you"
    clips.undo(folder, 302.0)
    assert read_lines(folder)[0].text == "Hello there, you."
    clips.redo(folder, 303.0)
    assert read_lines(folder)[0].text == "Hi you"


def test_an_edit_after_an_undo_ends_what_could_be_done_again(folder: Path) -> None:
    clips.trim(folder, "b.wav", 0.0, 1.0, 1.0)
    clips.undo(folder, 2.0)
    clips.set_text(folder, "c.wav", 3.0, text="New.")
    with pytest.raises(InvalidRequest, match="nothing to redo"):
        clips.redo(folder, 4.0)


def test_lines_added_by_others_meanwhile_stay_and_changed_ones_are_not_written_over(
    folder: Path,
) -> None:
    clips.leave_out(folder, ["b.wav"], 1.0)
    clips.set_text(folder, "c.wav", 2.0, text="New.")
    write(folder, {"wavs/d.wav": wav(0.5)})
    write_lines(folder, [*read_lines(folder), Line("wavs/d.wav", "Added.")])
    clips.undo(folder, 3.0)
    clips.undo(folder, 4.0)
    assert [line.file[-5] for line in read_lines(folder)] == ["a", "b", "c", "d"]
    clips.redo(folder, 5.0)
    clips.redo(folder, 6.0)
    lines = read_lines(folder)
    write_lines(folder, [Line(each.file, each.text + "!") for each in lines])
    with pytest.raises(InvalidRequest, match=r"wavs/c\.wav has been changed since"):
        clips.undo(folder, 7.0)
    assert read_lines(folder)[1].text == "New.!"


def test_a_clip_that_took_the_name_meanwhile_is_never_written_over(folder: Path) -> None:
    clips.leave_out(folder, ["b.wav"], 1.0)
    write(folder, {"wavs/b.wav": b"somebody's"})
    with pytest.raises(InvalidRequest, match="has been changed since"):
        clips.undo(folder, 2.0)
    assert (folder / "wavs/b.wav").read_bytes() == b"somebody's"


@pytest.mark.parametrize("step", ["_move_sounds", "_write_table", "_save"])
@pytest.mark.parametrize("way", ["do", "undo", "redo"])
@pytest.mark.parametrize("name", ["trim", "split", "leave out", "join"])
def test_a_crash_in_the_middle_is_carried_to_its_end_by_the_next_edit(
    step: str, way: str, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(folder)
    EDITS[name](folder)
    after = content(folder)
    if way != "undo":
        clips.undo(folder, 2.0)
    if way == "do":
        shutil.rmtree(folder / ".launcher")
    act = {"do": EDITS[name], "undo": lambda at: clips.undo(at, 3.0),
           "redo": lambda at: clips.redo(at, 3.0)}[way]  # fmt: skip
    with monkeypatch.context() as patched:
        patched.setattr(Journal, step, _dies_after(getattr(Journal, step)))
        with pytest.raises(KeyboardInterrupt):
            act(folder)
    clips.mend(folder)
    assert content(folder) == (before if way == "undo" else after)
    (clips.redo if way == "undo" else clips.undo)(folder, 4.0)
    assert content(folder) == (after if way == "undo" else before)


def _dies_after(real: Callable[..., Any]) -> Callable[..., Any]:
    """A method that does its work once, and with it the program ends."""

    def once(*args: Any, **options: Any) -> None:
        real(*args, **options)
        raise KeyboardInterrupt

    return once


def test_a_full_disk_leaves_everything_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(folder)

    def full(journal: Journal, *args: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "_write_table", full)
        with pytest.raises(OSError, match="No space"):
            clips.split(folder, "a.wav", 0.5, ("a", "b"), 1.0)
    assert content(folder) == before
    assert clips.history(folder) == clips.History()


def test_edits_of_several_at_once_lose_no_line(folder: Path) -> None:
    names = [f"wavs/{number:02d}.wav" for number in range(24)]
    write_lines(folder, [Line(name, "") for name in names])

    def type_texts(mine: list[str]) -> None:
        for name in mine:
            clips.set_text(folder, name, 1.0, text=f"Text of {name}.")

    threads = [threading.Thread(target=type_texts, args=(names[n::4],)) for n in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [line.text for line in read_lines(folder)] == [f"Text of {name}." for name in names]


def test_a_clip_that_is_a_link_is_put_aside_as_a_link_and_what_it_leads_to_stays(
    folder: Path,
) -> None:
    elsewhere = write(folder.parent / "elsewhere", {"a.wav": (folder / "wavs/a.wav").read_bytes()})
    (folder / "wavs/a.wav").unlink()
    (folder / "wavs/a.wav").symlink_to(Path("../../elsewhere/a.wav"))
    original = (elsewhere / "a.wav").read_bytes()
    clips.trim(folder, "a.wav", 0.0, 0.5, 1.0)
    assert not (folder / "wavs/a.wav").is_symlink()
    assert sf.info(folder / "wavs/a.wav").duration == pytest.approx(0.5, abs=0.001)
    clips.undo(folder, 2.0)
    assert (folder / "wavs/a.wav").is_symlink()
    clips.leave_out(folder, ["a.wav"], 3.0)
    clips.undo(folder, 4.0)
    assert (folder / "wavs/a.wav").read_bytes() == (elsewhere / "a.wav").read_bytes() == original


def test_clips_in_a_folder_that_lies_elsewhere_are_not_moved(folder: Path) -> None:
    (folder / "wavs").rename(folder.parent / "elsewhere")
    (folder / "wavs").symlink_to(folder.parent / "elsewhere")
    clips.leave_out(folder, ["a.wav"], 1.0)
    assert (folder.parent / "elsewhere/a.wav").is_file()
    with pytest.raises(InvalidRequest, match="lies outside of the dataset"):
        clips.trim(folder, "b.wav", 0.0, 0.5, 2.0)
