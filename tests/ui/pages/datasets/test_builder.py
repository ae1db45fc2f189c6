"""Making a dataset in the browser: what the check found is shown, mended and listened to."""

from __future__ import annotations

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.services import datasets
from launcher.ui.pages.datasets.transcripts import remarks
from launcher.ui.pages.datasets.uploads import incoming
from launcher.ui.widgets.elements import Button
from launcher.ui.widgets.inputs import DropZone, Field, Player
from launcher.ui.widgets.picker import Picker
from launcher.workshop.editing.listing import NAMED
from launcher.workshop.library import ClipLine
from pod_image.contract.settings import RECIPES
from pod_image.hub import Repo, list_files, resolve_commit
from tests.kit.choices import put_repos
from tests.kit.dataset_files import wav, write
from tests.kit.page_verbs import enter, hrefs, only, press, tell, until, value_of, visit
from tests.ui.conftest import Ground, some_clips


def pickers(user: User) -> list[Picker]:
    with user:
        return list(ElementFilter(kind=Picker, only_visible=False))


@pytest.fixture
def anna(ground: Ground) -> Ground:
    """A dataset with a clip that is far too short and one that is not there."""
    seconds = {"a": 2.0, "b": 0.2, "c": 2.5}
    table = [f"wavs/{name}.wav|This is clip number {name}." for name in seconds]
    clips = {f"wavs/{name}.wav": wav(length) for name, length in seconds.items()}
    lines = "\n".join([*table, "wavs/absent.wav|There is no such file.", ""])
    write(ground.site.config.datasets_folder / "anna", {**clips, "metadata.csv": lines})
    return ground


async def files(ground: Ground) -> list[str]:
    return [one.file for one in (await datasets.show(ground.site.config, "anna")).clips]


async def checked(user: User) -> None:
    await visit(user, "/datasets/anna")
    press(user, only(user, Button, "check-dataset"))
    await user.should_see(marker="whole-report", retries=400)


async def test_every_tool_is_two_clicks_from_the_first_page(person: User, anna: Ground) -> None:
    await visit(person, "/")
    assert {"/datasets", "/train"} <= hrefs(person)
    await visit(person, "/datasets")
    assert {"/datasets/anna", "/datasets/anna/clips"} <= hrefs(person)
    await person.should_see("Record")
    await visit(person, "/train")
    for recipe in RECIPES:
        await person.should_see(marker=f"recipe-{recipe}")


async def test_the_clips_of_a_finding_can_be_shown_alone(person: User, anna: Ground) -> None:
    await checked(person)
    assert len(person.find(kind=Player).elements) == 3
    finding = next(iter(person.find(marker="finding-clip-short").elements))
    show = next(one for one in finding.descendants() if isinstance(one, Button))
    assert show.label.text == "Show 1 clip"
    press(person, show)
    (player,) = person.find(kind=Player).elements
    assert player.name == "wavs/b.wav"
    assert only(person, Field, "field-clip-kind").value == NAMED


async def test_clips_that_cannot_be_used_are_left_out_after_a_question(
    person: User, anna: Ground
) -> None:
    await checked(person)
    press(person, only(person, Button, "leave-out-file-absent"))
    await person.should_see("1 clip and its line in the table are removed")
    assert len(await files(anna)) == 4
    press(person, only(person, Button, "really-leave-out"))
    await person.should_not_see(marker="finding-file-absent", retries=400)
    await person.should_see(marker="finding-clip-short", retries=400)
    assert await files(anna) == ["wavs/a.wav", "wavs/b.wav", "wavs/c.wav"]


async def test_a_clip_is_left_out_and_nothing_else_on_the_page_is_lost(
    person: User, anna: Ground
) -> None:
    await checked(person)
    found = only(person, ui.element, "findings")
    enter(person, "push-repo", "me/elsewhere")
    enter(person, "rights", True)
    enter(person, "clip-kind", "short")
    enter(person, "clip-search", "number")
    rows = shown_texts(person)
    assert [one.name for one in rows] == ["clip-b.wav"]
    enter(person, "clip-kind", "")
    a, b, c = (one.name for one in shown_texts(person))
    await person.should_not_see(marker="check-outdated")
    press_named(person, "Leave out b.wav")
    await until(lambda: [one.name for one in shown_texts(person)] == [a, c])
    assert b not in (one.name for one in shown_texts(person))
    assert value_of(person, "clip-search") == "number"
    assert (value_of(person, "push-repo"), value_of(person, "rights")) == ("me/elsewhere", "True")
    assert only(person, ui.element, "findings") is found
    await person.should_see(marker="whole-report")
    await person.should_see(marker="check-outdated")
    # What was left out comes back in its place, and the check is of these clips again.
    await person.should_see(marker="undo", retries=100)
    press(person, only(person, Button, "undo"))
    await until(lambda: [one.name for one in shown_texts(person)] == [a, b, c])
    await person.should_not_see(marker="check-outdated", retries=100)


async def test_a_row_in_which_one_types_stays_while_another_clip_is_left_out(
    person: User, anna: Ground
) -> None:
    await visit(person, "/datasets/anna")
    before = shown_texts(person)
    press_named(person, "Leave out b.wav")
    await until(lambda: len(shown_texts(person)) == len(before) - 1)
    assert all(any(one is other for other in before) for one in shown_texts(person))


async def test_a_text_typed_just_before_the_list_is_drawn_anew_is_shown_in_it(
    person: User, anna: Ground
) -> None:
    await visit(person, "/datasets/anna")
    enter(person, "clip-a.wav", "Typed and not saved yet.")
    enter(person, "clip-kind", "long")
    enter(person, "clip-kind", "")
    assert value_of(person, "clip-a.wav") == "Typed and not saved yet."
    await until_saved(anna, "Typed and not saved yet.")


async def test_the_figures_of_the_page_follow_what_is_typed(person: User, anna: Ground) -> None:
    await visit(person, "/datasets/anna")
    enter(person, "clip-a.wav", "")
    await person.should_see("1 clip without transcript cannot be used for training.", retries=100)
    await person.should_see(marker="suggest-texts")
    enter(person, "clip-a.wav", "Said again.")
    await until_saved(anna, "Said again.")
    await person.should_not_see("without transcript cannot be used", retries=100)
    await person.should_not_see(marker="suggest-texts")


async def until_saved(ground: Ground, text: str) -> None:
    table = ground.site.config.datasets_folder / "anna" / "metadata.csv"
    await until(lambda: text in table.read_text("utf-8"))


def shown_texts(user: User) -> list[Field]:
    """The fields of the table's rows, from the first row on."""
    (rows,) = user.find(marker="transcripts").elements
    return [one for row in rows for one in row.descendants() if isinstance(one, Field)]


def press_named(user: User, name: str) -> None:
    found = [one for one in user.find(kind=Button).elements if one.props.get("aria-label") == name]
    press(user, *found)


async def test_a_text_that_was_corrected_is_found_by_its_new_words(
    person: User, anna: Ground
) -> None:
    await visit(person, "/datasets/anna")
    enter(person, "clip-a.wav", "A quite different sentence.")
    await person.should_see("Saved.", retries=400)
    enter(person, "clip-search", "different")
    await until(lambda: len(person.find(kind=Player).elements) == 1)
    assert only(person, Field, "field-clip-a.wav").value == "A quite different sentence."


async def test_a_clip_left_out_is_brought_back_by_undo_and_by_name(
    person: User, anna: Ground
) -> None:
    before = await files(anna)
    await visit(person, "/datasets/anna")
    await person.should_not_see(marker="undo")
    press(person, next(one for one in person.find(kind=Button).elements
                       if one.props.get("aria-label") == "Leave out a.wav"))  # fmt: skip
    await person.should_see("undo: leaving out a.wav", retries=400)
    await person.should_see("Clips left out (1)")
    press(person, only(person, Button, "undo"))
    await person.should_see("redo: leaving out a.wav", retries=400)
    assert await files(anna) == before
    press(person, only(person, Button, "redo"))
    await person.should_see(marker="left-out", retries=400)
    assert len(await files(anna)) == 3
    press(person, only(person, Button, "bring-all"))
    await person.should_see("undo: bringing back a.wav", retries=400)
    assert await files(anna) == before


async def test_a_repo_with_other_data_is_asked_about_before_anything_is_sent(
    holder: User, anna: Ground
) -> None:
    anna.push_clips("demo/anna")
    await visit(holder, "/datasets/anna")
    assert only(holder, Field, "field-push-repo").value == ""
    enter(holder, "rights", True)
    press(holder, only(holder, Button, "push"))
    await holder.should_see("clips would stay without a text", retries=400)
    assert only(holder, Field, "field-push-repo").value == "demo/anna"
    repo = Repo("demo/anna", "dataset")
    hub = anna.opened[-1].hub.upload
    assert "wavs/a.wav" not in {row.path for row in list_files(hub, repo, "main")}
    before = resolve_commit(hub, repo)
    press(holder, only(holder, Button, "push-over"))
    await holder.should_see("3 clips, 0.1 minutes are in demo/anna", retries=400)
    assert "wavs/a.wav" in {row.path for row in list_files(hub, repo, "main")}
    await holder.should_see(f"What demo/anna held before is its revision {before}.")
    assert f"{anna.site.config.hub_url}/datasets/demo/anna/tree/{before}" in hrefs(holder)
    assert "wavs/a.wav" not in {row.path for row in list_files(hub, repo, before)}


async def test_where_it_is_sent_is_chosen_from_what_the_token_may_write_to(
    holder: User, anna: Ground
) -> None:
    put_repos(anna.core, "dataset", "demo", 2)
    await visit(holder, "/datasets/anna")
    press(holder, only(holder, Button, "choose-push-repo"))
    await until(lambda: len(pickers(holder)) == 1)
    (picker,) = pickers(holder)
    rows = [row["value"] for row in picker._props["options"]]
    assert rows[0] == "demo/anna"  # new, in one's own account
    assert {"demo/set-0", "demo/set-1"} < set(rows)
    tell(holder, picker, "pick", "demo/set-1")
    assert only(holder, Field, "field-push-repo").value == "demo/set-1"


async def test_beside_a_repo_with_other_data_one_that_is_not_there_yet_is_offered(
    holder: User, anna: Ground
) -> None:
    anna.push_clips("demo/anna")
    anna.push_clips("demo/anna-2")
    await visit(holder, "/datasets/anna")
    enter(holder, "rights", True)
    press(holder, only(holder, Button, "push"))
    await holder.should_see("Send it to demo/anna-3", retries=400)
    hub = anna.opened[-1].hub.upload
    before = resolve_commit(hub, Repo("demo/anna", "dataset"))
    press(holder, only(holder, Button, "push-beside"))
    await holder.should_see("3 clips, 0.1 minutes are in demo/anna-3", retries=400)
    assert resolve_commit(hub, Repo("demo/anna", "dataset")) == before
    await holder.should_not_see("held before")


async def test_what_was_sent_whole_becomes_clips_at_once(person: User, ground: Ground) -> None:
    await visit(person, "/datasets/anna")
    upload(ground, 2)
    person.find(kind=DropZone).trigger("sent", {"done": 2, "lost": 0})
    await person.should_see("2 clips added", retries=400)
    await until(lambda: incoming(ground.site, "anna").files == [])


async def test_what_was_stopped_on_the_way_waits_for_the_rest(person: User, ground: Ground) -> None:
    await visit(person, "/datasets/anna")
    upload(ground, 1)
    person.find(kind=DropZone).trigger("sent", {"done": 1, "lost": 1})
    await person.should_see("2 files (", retries=400)
    await person.should_see("wait to be cut into clips")
    assert len(incoming(ground.site, "anna").files) == 2
    press(person, only(person, Button, "ask-discard"))
    await person.should_see("You would have to upload them again")
    assert len(incoming(ground.site, "anna").files) == 2
    press(person, only(person, Button, "discard"))
    assert incoming(ground.site, "anna").files == []


def upload(ground: Ground, count: int) -> None:
    some_clips(incoming(ground.site, "anna").folder, count)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, ["very short"]), (3.0, []), (20.0, ["very long"]), (None, [])]
)
def test_a_clip_says_at_its_row_what_is_unusual(seconds: float | None, said: list[str]) -> None:
    assert remarks(ClipLine("wavs/a.flac", "Hello there", None, seconds)) == said
