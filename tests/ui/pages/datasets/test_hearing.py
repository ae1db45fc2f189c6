"""Texts by ear on the dataset's page: suggested, corrected, taken; compared with the sound, moved, moved back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from nicegui.testing import User

from launcher.errors import NotConfigured
from launcher.services.transcripts import Listening
from launcher.ui.widgets.elements import Button, Text
from launcher.ui.widgets.inputs import Field
from launcher.workshop.transcribing.transcribe import Tell, transcribe_folder
from pod_image.hearing.recogniser import Recogniser
from tests.kit.dataset_files import wav
from tests.kit.page_verbs import enter, only, press, until, visit
from tests.kit.recognisers import TableRecogniser, demo_sound, demo_texts
from tests.ui.conftest import Ground

NAMES = tuple(demo_texts())[:4]
TEXTS = [demo_texts()[name] for name in NAMES]


class Heard:
    """A dataset whose recogniser knows the demo's clips."""

    def __init__(self, ground: Ground, texts: list[str]) -> None:
        self.folder = ground.site.config.datasets_folder / "anna"
        (self.folder / "wavs").mkdir(parents=True)
        for name in NAMES:
            shutil.copy(demo_sound(name), self.folder / "wavs" / name)
        rows = [f"wavs/{name}|{text}\n" for name, text in zip(NAMES, texts, strict=True)]
        self.table.write_text("".join(rows), "utf-8")
        self.recogniser = TableRecogniser.of_demo(NAMES, unsure=frozenset({"butter"}))
        self.asked: list[Listening] = []
        ground.site.load_recogniser = self.load

    def load(self, how: Listening, tell: Tell) -> Recogniser:
        self.asked.append(how)
        return self.recogniser

    @property
    def table(self) -> Path:
        return self.folder / "metadata.csv"

    @property
    def texts(self) -> list[str]:
        return [row.split("|")[1] for row in self.table.read_text("utf-8").splitlines()]


@pytest.fixture
def untyped(ground: Ground) -> Heard:
    return Heard(ground, [""] * 4)


async def test_suggestions_are_heard_shown_with_unsure_words_and_taken(
    person: User, untyped: Heard
) -> None:
    await visit(person, "/datasets/anna")
    press(person, only(person, Button, "suggest-texts"))
    await person.should_see("4 suggestions, 3 without uncertain words", retries=400)
    assert untyped.texts == [""] * 4
    await person.should_see("Uncertain: ")
    marked = [each for each in person.find(kind=Text).elements if each.tag == "mark"]
    assert [each.text for each in marked] == ["butter"]
    press(person, only(person, Button, "take-sure"))
    await until(lambda: untyped.texts == [TEXTS[0], TEXTS[1], "", TEXTS[3]])


async def test_a_suggestion_is_taken_as_it_was_corrected(person: User, untyped: Heard) -> None:
    transcribe_folder(untyped.folder, untyped.recogniser)
    await visit(person, "/datasets/anna")
    await person.should_see("4 suggestions", retries=400)
    enter(person, "suggestion-clip_03.flac", "Fresh bread and warm butter.")
    press(person, only(person, Button, "take-all"))
    await until(lambda: untyped.texts[2] == "Fresh bread and warm butter.")
    assert untyped.texts[0] == TEXTS[0]
    assert len(untyped.recogniser.heard) == 4


async def test_a_correction_outlives_a_page_that_is_drawn_anew_and_one_that_is_loaded_anew(
    person: User, untyped: Heard
) -> None:
    transcribe_folder(untyped.folder, untyped.recogniser)
    await visit(person, "/datasets/anna")
    await person.should_see("4 suggestions", retries=400)
    enter(person, f"suggestion-{NAMES[0]}", "Said otherwise.")
    other = next(
        one for one in person.find(kind=Button).elements
        if one.props.get("aria-label") == f"Accept {NAMES[1]}"
    )  # fmt: skip
    press(person, other)
    await person.should_see("3 suggestions", retries=400)
    await visit(person, "/datasets/anna")
    await person.should_see("3 suggestions", retries=400)
    assert only(person, Field, f"field-suggestion-{NAMES[0]}").value == "Said otherwise."
    press(person, only(person, Button, "take-all"))
    await until(lambda: untyped.texts == ["Said otherwise.", *TEXTS[1:]])


async def test_one_sure_suggestion_is_one_and_few_need_no_turning(
    person: User, untyped: Heard
) -> None:
    words = {word.strip(".,") for text in TEXTS[1:] for word in text.split()}
    untyped.recogniser.unsure = frozenset(words - set(TEXTS[0].split()))
    transcribe_folder(untyped.folder, untyped.recogniser)
    await visit(person, "/datasets/anna")
    await person.should_see("Accept the certain one", retries=400)
    await person.should_not_see(marker="turn-suggestions")


async def test_model_and_language_are_those_chosen(person: User, untyped: Heard) -> None:
    await visit(person, "/datasets/anna")
    only(person, Field, "field-hear-model")
    enter(person, "hear-model", "small")
    enter(person, "hear-language", "en_GB")
    press(person, only(person, Button, "suggest-texts"))
    await person.should_see("4 suggestions", retries=400)
    assert (untyped.asked[0].model, untyped.asked[0].language) == ("small", "en_GB")


async def test_what_keeps_it_from_hearing_is_said_with_what_to_do(
    person: User, ground: Ground, untyped: Heard
) -> None:
    def load(how: Listening, tell: Tell) -> Recogniser:
        raise NotConfigured("Hearing needs a package.", hint="Install it.")

    ground.site.load_recogniser = load
    await visit(person, "/datasets/anna")
    press(person, only(person, Button, "suggest-texts"))
    await person.should_see("Hearing needs a package.", retries=400)
    await person.should_see("Install it.")


async def test_swapped_texts_are_found_moved_and_moved_back(person: User, ground: Ground) -> None:
    swapped = [TEXTS[1], TEXTS[0], *TEXTS[2:]]
    heard = Heard(ground, swapped)
    await visit(person, "/datasets/anna")
    press(person, only(person, Button, "compare-texts"))
    await person.should_see("What is said in wavs/clip_01.flac is at", retries=400)
    press(person, only(person, Button, "move-texts"))
    await person.should_see("2 transcripts moved to their clips.", retries=400)
    assert heard.texts == TEXTS
    press(person, only(person, Button, "undo-move"))
    await until(lambda: heard.texts == swapped)


async def test_where_every_clip_has_its_text_none_is_suggested(
    person: User, ground: Ground
) -> None:
    Heard(ground, TEXTS)
    await visit(person, "/datasets/anna")
    await person.should_see(marker="compare-texts")
    await person.should_not_see(marker="suggest-texts")


async def test_the_page_says_how_many_of_all_texts_were_compared(
    person: User, ground: Ground
) -> None:
    heard = Heard(ground, TEXTS)
    (heard.folder / "wavs" / NAMES[3]).write_bytes(wav(0.05))
    await visit(person, "/datasets/anna")
    press(person, only(person, Button, "compare-texts"))
    await person.should_see("No wrong text was found among the 3 that were compared.", retries=400)
    await person.should_see("3 of 4 transcripts compared with the recordings.")
    await person.should_see("1 transcript could not be compared")


async def test_where_no_text_could_be_compared_none_is_called_right(
    person: User, ground: Ground
) -> None:
    heard = Heard(ground, TEXTS)
    for name in NAMES:
        (heard.folder / "wavs" / name).write_bytes(wav(0.05))
    await visit(person, "/datasets/anna")
    enter(person, "hear-language", "en")
    press(person, only(person, Button, "compare-texts"))
    await person.should_see("No text could be compared.", retries=400)
    await person.should_see("4 transcripts could not be compared")
    await person.should_not_see("No wrong text was found")
