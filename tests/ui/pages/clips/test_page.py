"""The clips page: cut, join, retype, leave out, many texts at once, problem after problem; and all of it undone."""

from __future__ import annotations

import asyncio

import pytest
from nicegui import ui
from nicegui.testing import User

from launcher.services import datasets
from launcher.ui.pages.clips.components import ClipList, ClipSound
from launcher.ui.widgets.elements import Button
from launcher.ui.widgets.inputs import Field
from launcher.workshop.changing import changing
from tests.kit.dataset_files import wav, write
from tests.kit.page_verbs import enter, only, press, until, visit
from tests.ui.conftest import Ground

SECONDS = {"a": 2.0, "b": 0.2, "c": 2.5}
SOUNDS = {f"wavs/{name}.wav": wav(length) for name, length in SECONDS.items()}
PAGE = "/datasets/anna/clips"


@pytest.fixture
def anna(ground: Ground) -> Ground:
    """A dataset of three clips, of which one is far too short."""
    table = "".join(f"wavs/{name}.wav|This is clip number {name}.\n" for name in SECONDS)
    write(ground.site.config.datasets_folder / "anna", {**SOUNDS, "metadata.csv": table})
    return ground


async def lines(ground: Ground) -> list[tuple[str, str, float | None]]:
    shown = await datasets.show(ground.site.config, "anna")
    return [(one.file.removeprefix("wavs/"), one.text, one.seconds) for one in shown.clips]


def pick(user: User, number: int) -> None:
    user.find(kind=ClipList).trigger("pick", number)


def mark(user: User, **marks: float) -> None:
    user.find(kind=ClipSound).trigger("marks", {"start": 0.0, "cut": 1.0, "end": 2.0, **marks})


def do(user: User, marker: str) -> None:
    press(user, only(user, Button, marker))


async def test_a_clip_is_trimmed_and_that_is_undone_after_a_restart(
    person: User, anna: Ground
) -> None:
    before = await lines(anna)
    await visit(person, PAGE)
    do(person, "trim")
    await person.should_see("nothing would be cut off")
    mark(person, start=0.5, end=1.5)
    do(person, "trim")
    await person.should_see("Undo: trimming a.wav.", retries=400)
    assert (await lines(anna))[0] == ("a.wav", "This is clip number a.", 1.0)
    await visit(person, PAGE)
    await person.should_see("Undo: trimming a.wav.")
    do(person, "undo")
    await person.should_see("Redo: trimming a.wav.", retries=400)
    assert await lines(anna) == before
    do(person, "redo")
    await person.should_see("Undo: trimming a.wav.", retries=400)
    assert (await lines(anna))[0][2] == 1.0


async def test_handles_stay_where_they_are_while_the_list_is_searched(
    person: User, anna: Ground
) -> None:
    await visit(person, PAGE)
    mark(person, start=0.5, end=1.5)
    enter(person, "clip-search", "number")
    enter(person, "clip-search", "a.wav")
    await person.should_see("1 clip of 3")
    do(person, "trim")
    await person.should_see("Undo: trimming a.wav.", retries=400)
    assert (await lines(anna))[0][2] == 1.0


async def test_a_clip_is_split_with_its_text_and_joined_again(person: User, anna: Ground) -> None:
    await visit(person, PAGE)
    mark(person, cut=1.2)
    do(person, "split")
    assert only(person, Field, "field-split-first").value == "This is clip"
    enter(person, "split-first", "This is the")
    enter(person, "split-second", "clip, number a.")
    do(person, "really-split")
    await person.should_see("Undo: splitting a.wav.", retries=400)
    assert (await lines(anna))[:2] == [
        ("a-a.wav", "This is the", 1.2), ("a-b.wav", "clip, number a.", 0.8),
    ]  # fmt: skip
    do(person, "join")
    await person.should_see("Undo: joining a-a.wav and a-b.wav.", retries=400)
    assert (await lines(anna))[0] == ("a-a.wav", "This is the clip, number a.", 2.0)


async def test_a_text_that_is_typed_is_in_the_list_and_found(person: User, anna: Ground) -> None:
    await visit(person, PAGE)
    pick(person, 2)
    assert only(person, Field, "field-clip-text").value == "This is clip number c."
    enter(person, "clip-text", "Something else.")
    await person.should_see("Undo: the text of c.wav.", retries=400)
    enter(person, "clip-search", "something")
    await person.should_see("1 clip of 3")
    with person:
        (row,) = only(person, ClipList, "clip-list")._rows(0, 50)
    assert (row["short"], row["text"], row["length"]) == ("c.wav", "Something else.", "2.5 s")


async def test_a_clip_is_left_out_without_a_question_and_brought_back(
    person: User, anna: Ground
) -> None:
    before = await lines(anna)
    await visit(person, PAGE)
    pick(person, 1)
    do(person, "leave-out")
    await person.should_see("Undo: leaving out b.wav.", retries=400)
    assert [name for name, _, _ in await lines(anna)] == ["a.wav", "c.wav"]
    do(person, "undo")
    await until(lambda: only(person, Button, "undo").locked)
    assert await lines(anna) == before


async def test_of_texts_typed_faster_than_they_are_saved_the_last_one_stands(
    person: User, anna: Ground
) -> None:
    await visit(person, PAGE)
    folder = anna.site.config.datasets_folder / "anna"
    typed = [f"This is clip number a{'!' * count}" for count in range(1, 13)]
    with changing(folder):  # as a check, or another window, holds it for a moment
        for text in typed:
            enter(person, "clip-text", text)
        await asyncio.sleep(0)
    field = only(person, Field, "field-clip-text")
    await until(lambda: field._props.get("kept") == [typed[-1], len(typed)])
    assert (await lines(anna))[0][1] == typed[-1]


async def test_words_are_replaced_in_all_texts_after_a_look(person: User, anna: Ground) -> None:
    await visit(person, PAGE)
    do(person, "replace")
    assert only(person, Button, "apply-replace").locked
    enter(person, "replace-words", "is")
    enter(person, "replace-by", "was")
    await person.should_see("Found 3 times; 3 transcripts would change.")
    await person.should_see("This was clip number b.")
    assert (await lines(anna))[0][1] == "This is clip number a."
    do(person, "apply-replace")
    await person.should_see("Undo: “is” replaced in 3 transcripts.", retries=400)
    assert [text for _, text, _ in await lines(anna)] == [
        f"This was clip number {name}." for name in "abc"
    ]
    do(person, "undo")
    await until(lambda: only(person, Button, "undo").locked)
    assert (await lines(anna))[2][1] == "This is clip number c."


async def test_pasted_texts_are_shown_with_their_clips_before_they_are_taken(
    person: User, anna: Ground
) -> None:
    await visit(person, PAGE)
    do(person, "paste")
    enter(person, "paste-lines", "c|New c.\nz|Unknown.\nb|New b.")
    await person.should_see("By name: 0 transcripts would change.")
    await person.should_see("z is not a clip of this dataset.")
    enter(person, "paste-keeps", False)
    await person.should_see("By name: 2 transcripts would change.")
    do(person, "apply-paste")
    await person.should_see("Undo: 2 transcripts pasted.", retries=400)
    assert [text for _, text, _ in await lines(anna)] == [
        "This is clip number a.", "New b.", "New c.",
    ]  # fmt: skip


async def test_what_others_changed_since_the_look_is_not_written_over(
    person: User, anna: Ground
) -> None:
    await visit(person, PAGE)
    do(person, "replace")
    enter(person, "replace-words", "number")
    await datasets.edit(anna.site.config, "anna", "b.wav", text="Typed number elsewhere.")
    do(person, "apply-replace")
    await person.should_see("was changed meanwhile", retries=400)
    assert (await lines(anna))[0][1] == "This is clip number a."


async def test_one_key_leads_from_problem_to_problem(person: User, anna: Ground) -> None:
    await visit(person, PAGE)
    do(person, "next-problem")
    await person.should_see("No clip with a problem is left.")
    do(person, "check-clips")
    await person.should_see("3 clips with problems.", retries=600)
    do(person, "next-problem")
    assert only(person, Field, "field-clip-text").value == "This is clip number b."
    await person.should_see("wavs/b.wav lasts 0.20 s")
    do(person, "leave-out")
    await person.should_see("Undo: leaving out b.wav.", retries=400)
    do(person, "next-problem")
    assert only(person, Field, "field-clip-text").value == "This is clip number a."
    enter(person, "clip-text", "Mended.")
    await person.should_see("Undo: the text of a.wav.", retries=400)
    for _ in range(2):
        do(person, "next-problem")
        assert only(person, Field, "field-clip-text").value == "This is clip number c."


async def test_of_thousands_of_clips_only_those_in_view_are_sent(
    person: User, ground: Ground
) -> None:
    table = "".join(f"wavs/{number:04d}.wav|Number {number}.\n" for number in range(3_000))
    write(ground.site.config.datasets_folder / "anna", {**SOUNDS, "metadata.csv": table})
    await visit(person, PAGE)
    await person.should_see("3,000 clips")
    shown = only(person, ClipList, "clip-list")
    assert shown._props["total"] == 3_000
    assert len(list(person.find(kind=ui.element).elements)) < 400
    assert [row["short"] for row in shown._rows(2_998, 40)] == ["2998.wav", "2999.wav"]


async def test_a_dataset_without_clips_says_where_they_come_from(
    person: User, ground: Ground
) -> None:
    write(ground.site.config.datasets_folder / "anna", {"metadata.csv": ""})
    await visit(person, PAGE)
    await person.should_see("No clips yet")


async def test_an_outline_is_of_this_dataset_alone(person: User, anna: Ground) -> None:
    found = await anna.answer("/peaks/anna/wavs/a.wav?v=1")
    assert (found.status_code, len(found.content)) == (200, 1600)
    assert "immutable" in found.headers["cache-control"]
    write(anna.site.config.datasets_folder / "other", {"a.wav": wav(0.1)})
    write(anna.site.config.datasets_folder / "anna", {"broken.wav": b"no sound"})
    for path in ("anna/%2e%2e/other/a.wav", "anna/none.wav", "con/a.wav"):
        assert (await anna.answer(f"/peaks/{path}")).status_code == 404
    assert "cannot be decoded" in (await anna.answer("/peaks/anna/broken.wav")).text
