"""The page for recording as the server draws it: what to read first, then the recorder; and the ways to it."""

from __future__ import annotations

from array import array
from pathlib import Path

from nicegui.testing import User

from launcher.prompts.sets import LANGUAGES
from launcher.services import recording
from launcher.ui.pages.recording.recorder import Recorder
from launcher.ui.widgets.elements import Button
from launcher.workshop.recording.reading import keep_take, prompt_key
from launcher.workshop.recording.take_sound import wav_of
from tests.kit.page_verbs import enter, only, press, until, visit
from tests.ui.conftest import Ground


async def test_what_to_read_is_asked_first_and_then_shown(person: User, ground: Ground) -> None:
    await visit(person, "/record/anna")
    enter(person, "prompt-language", "de")
    press(person, only(person, Button, "read-ours"))
    await until(lambda: (ground.site.config.datasets_folder / "anna" / "launcher.json").is_file())
    await visit(person, "/record/anna")
    told = only(person, Recorder, "recorder").props
    assert [each["text"] for each in told["sentences"]] == list(LANGUAGES["de"].chosen())
    assert (told["language"], told["takes"], told["at"]) == ("de-DE", {}, "")


async def test_it_goes_on_where_it_stopped(person: User, ground: Ground) -> None:
    folder = ground.site.config.datasets_folder / "anna"
    found = await recording.begin_with_ours(folder, "en")
    first, second, third = map(prompt_key, found.prompts[:3])
    keep_take(folder, first, wav_of(array("f", [0.1] * 8_000), 16_000))
    keep_take(folder, first, wav_of(array("f", [0.1] * 16_000), 16_000))
    await recording.move(folder, third, [second])
    await visit(person, "/record/anna")
    told = only(person, Recorder, "recorder").props
    assert told["takes"] == {first: {"seconds": 1.0}}
    assert (told["replaced"], told["skipped"], told["at"]) == ([first], [second], third)


async def test_sentences_of_a_file_that_is_not_there_are_refused_where_they_are_named(
    person: User, ground: Ground, tmp_path: Path
) -> None:
    await visit(person, "/record/anna")
    enter(person, "prompt-file", str(tmp_path / "absent.txt"))
    press(person, only(person, Button, "read-own"))
    await person.should_see("cannot be read: No such file", retries=400)
    (tmp_path / "mine.txt").write_text("One day.\nAnother day.\n", "utf-8")
    enter(person, "prompt-file", str(tmp_path / "mine.txt"))
    enter(person, "own-language", "en_GB")
    press(person, only(person, Button, "read-own"))
    await until(lambda: (ground.site.config.datasets_folder / "anna" / ".recording").is_dir())
    await visit(person, "/record/anna")
    assert only(person, Recorder, "recorder").props["language"] == "en-GB"
    await person.should_see("Sentences: mine.txt.")


async def test_a_name_that_cannot_be_one_is_said(person: User) -> None:
    await visit(person, "/record/con")
    await person.should_see("reserved name")


async def test_a_folder_of_somebody_else_is_left_alone(person: User, ground: Ground) -> None:
    theirs = ground.site.config.datasets_folder / "theirs"
    theirs.mkdir(parents=True)
    (theirs / "metadata.csv").write_text("a|Raw, 3.|raw, three\n", "utf-8")
    await visit(person, "/record/theirs")
    press(person, only(person, Button, "read-ours"))
    await person.should_see("was not made here", retries=400)


async def test_the_datasets_page_and_a_datasets_own_page_lead_to_it(person: User) -> None:
    await visit(person, "/datasets")
    enter(person, "dataset-name", "bert")
    press(person, only(person, Button, "record"))
    await person.should_see("Record bert", retries=400)
    await visit(person, "/datasets/bert")
    (words,) = person.find("Record sentences here").elements
    assert words.parent_slot is not None
    assert words.parent_slot.parent.props["href"] == "/record/bert"
