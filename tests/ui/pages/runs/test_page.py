"""The Runs page: many runs a page at a time, found by what they are called, and called something."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.domain.labels import LabelName
from launcher.domain.run import RunState
from launcher.services.common.observations import EventSeen
from launcher.services.following.comparing import MOST_COMPARED
from launcher.services.live.journal import Journal
from launcher.stores.run_list import RunKind, SortBy
from launcher.ui.pages.runs.asked import ROWS, Asked
from launcher.ui.widgets.elements import Button
from launcher.ui.widgets.inputs import Field, Player
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.page_verbs import click, enter, only, press, until, visit
from tests.kit.repo_runs import record
from tests.kit.runs import event
from tests.ui.conftest import Ground, place

OVER = {"state": RunState.ENDED, "end_reason": EndReason.FINISHED, "ended_at": NOW}


def many(ground: Ground, count: int) -> None:
    for number in range(count):
        place(
            ground,
            **OVER,
            nonce=f"nonce{number:05d}",
            run_id=f"run-{number:03d}",
            planned_at=NOW - timedelta(days=200 - number),
            cost_usd=float(number % 7),
        )


def shown(user: User) -> list[str]:
    """Run ids of the list, from top to bottom."""
    with user:
        links = [one for one in ElementFilter(kind=ui.element) if "run-title" in one.classes]
        return [str(one.default_slot.children[0].text) for one in links]  # type: ignore[attr-defined]  # a text is what each link shows


def written(user: User, element: ui.element) -> str:
    return " ".join(str(one.text) for one in element.descendants() if hasattr(one, "text"))


# pages and order


async def test_of_many_runs_a_page_is_shown_and_the_others_are_a_click_away(
    person: User, ground: Ground
) -> None:
    many(ground, 60)
    await visit(person, "/runs")
    assert shown(person) == [f"run-{n:03d}" for n in range(59, 34, -1)]
    await person.should_see("1 to 25 of 60 runs")
    press(person, only(person, Button, "next"))
    press(person, only(person, Button, "next"))
    assert shown(person) == [f"run-{n:03d}" for n in range(9, -1, -1)]
    assert only(person, Button, "next").locked
    await visit(person, "/runs?number=2&sort=run")
    assert shown(person)[0] == "run-025"
    await visit(person, "/runs?number=99")  # runs were deleted since
    assert shown(person)[-1] == "run-000"


async def test_a_column_sorts_and_sorts_the_other_way_round(person: User, ground: Ground) -> None:
    many(ground, 9)
    await visit(person, "/runs")
    press(person, only(person, Button, "sort-cost"))
    assert shown(person)[0] == "run-006"
    press(person, only(person, Button, "sort-cost"))
    assert shown(person)[0] == "run-007"
    with person:
        heads = [one for one in ElementFilter(kind=ui.element) if one.tag == "th"]
        sorted_ones = [one.props["aria-sort"] for one in heads if "aria-sort" in one.props]
    assert sorted_ones == ["ascending"]


@pytest.mark.parametrize(
    "asked",
    [
        Asked(),
        Asked("two words & more", RunKind.BAD, "keeper", "command", SortBy.COST, False, 3),
        Asked(sort=SortBy.STARTED, is_descending=False),
    ],
)
def test_what_is_asked_for_stands_in_the_address(asked: Asked) -> None:
    from urllib.parse import parse_qsl, urlsplit

    values = dict(parse_qsl(urlsplit(asked.address).query))
    assert Asked.read(**values) == asked
    assert Asked().address == "/runs"


def test_an_address_that_somebody_mistyped_shows_the_list() -> None:
    assert Asked.read(kind="x", sort="-wages", number="-1") == Asked()
    assert Asked.read(number="٣") == Asked.read(number="9" * 50) == Asked()
    assert len(Asked.read(search="x" * 9_999).for_history().words[0].text) == 200


# what lives


def lives(ground: Ground, count: int) -> None:
    """Runs with a pod each, the first of which has told how it gets on."""
    for number in range(count):
        place(ground, nonce=f"lives{number:05d}", run_id=f"live-{number:03d}", pod_id=f"p{number}")
    first = ground.site.history.by_nonce("lives00000")
    assert first is not None
    step = {"step": 1_234, "total_steps": 40_000, "steps_per_second": 5.25, "seconds_left": 7_200.0}
    ground.site.live.feed(first, EventSeen(event("phase", 1, phase="train", state="started")))
    ground.site.live.feed(first, EventSeen(event("step", 2, **step)))
    ground.site.live.feed(first, EventSeen(event("machine", 3, gpus=[{"use_percent": 96.0}])))
    ground.site.live.refresh()


def rows_of_what_lives(user: User) -> list[list[str]]:
    with user:
        found = [one.content for one in ElementFilter(kind=ui.html) if "<td" in one.content]
    return [[re.sub("<[^>]+>", "", cell) for cell in row.split("</td>")[:-1]] for row in found]


async def test_what_lives_stands_above_the_list_with_its_figures_and_the_sums(
    person: User, ground: Ground
) -> None:
    lives(ground, 2)
    await visit(person, "/runs")
    *rows, sums = rows_of_what_lives(person)
    first = next(row for row in rows if row[0] == "live-000")
    assert first[1:8] == ["RunPod", "RTX 4090", "Train", "1,234 of 40,000", "2 h", "5.25/s", "96%"]
    assert first[8:] == ["$0.0060", "$0.24", "$2.00"]
    assert sums[0] == "All, 2 runs"
    assert sums[8:] == ["$0.0120", "$0.48", "$4.00"]


async def test_where_nothing_lives_there_is_no_such_table(person: User, ground: Ground) -> None:
    many(ground, 1)
    await visit(person, "/runs")
    await person.should_not_see("Running now")


async def test_a_name_that_is_markup_stays_text(person: User, ground: Ground) -> None:
    place(ground, nonce="lives00000", pod_id="p", gpu_name="<img src=x onerror=alert(1)>")
    ground.site.live.refresh()
    await visit(person, "/runs")
    with person:
        drawn = [one.content for one in ElementFilter(kind=ui.html) if "<td" in one.content]
    assert not any("<img" in one for one in drawn)
    assert any("&lt;img" in one for one in drawn)


async def test_a_hundred_rows_are_drawn_within_a_second(person: User, ground: Ground) -> None:
    lives(ground, 100)
    began = time.process_time()
    await visit(person, "/runs")
    assert time.process_time() - began < 1.0
    assert len(rows_of_what_lives(person)) == 101


# narrowing


async def test_the_list_is_narrowed_and_shown_whole_again(person: User, ground: Ground) -> None:
    many(ground, 3)
    place(
        ground, **{**OVER, "end_reason": EndReason.TIME_CAP}, nonce="capped0000", run_id="run-777"
    )
    await visit(person, "/runs?kind=bad")
    assert shown(person) == ["run-777"]
    enter(person, "runs-kind", "")
    enter(person, "runs-search", "TIME cap")
    assert shown(person) == ["run-777"]
    enter(person, "runs-search", "nowhere")
    await person.should_see("No run matches")
    press(person, only(person, Button, "show-all"))
    assert len(shown(person)) == 4
    assert only(person, Field, "field-runs-search").value == ""


async def test_runs_of_one_tag_and_of_one_recipe_are_shown(person: User, ground: Ground) -> None:
    many(ground, 2)
    command = json.dumps({"recipe": "command", "dataset_repo": "me/pictures"})
    place(ground, **OVER, nonce="command000", run_id="run-900", settings_json=command)
    ground.site.history.labels.change("me/voice", "run-001", {LabelName.TAGS: "Keeper"}, NOW)
    await visit(person, "/runs")
    await person.should_see("me/pictures")
    with person:
        (tag,) = [one for one in ElementFilter(kind=Button) if "tag" in one.classes]
    press(person, tag)
    assert shown(person) == ["run-001"]
    enter(person, "runs-tag", "")
    enter(person, "runs-recipe", "command")
    assert shown(person) == ["run-900"]


async def test_the_field_of_tags_stays_while_it_is_used(person: User, ground: Ground) -> None:
    many(ground, 2)
    ground.site.history.labels.change("me/voice", "run-001", {LabelName.TAGS: "Keeper"}, NOW)
    await visit(person, "/runs")
    field = only(person, Field, "field-runs-tag")
    enter(person, "runs-tag", "keeper")
    assert shown(person) == ["run-001"]
    assert only(person, Field, "field-runs-tag") is field


async def test_once_the_last_run_is_deleted_the_page_says_that_there_is_none(
    person: User, ground: Ground
) -> None:
    many(ground, 2)
    await visit(person, "/runs")
    for number in range(2):
        press(person, only(person, Button, f"delete-nonce{number:05d}"))
        click(person, "Delete the record")
    await person.should_see("No run yet")
    await person.should_not_see("Change the search and the filters, or show all runs.")


# what a row says


async def test_a_row_says_when_how_long_how_dear_and_how_good(person: User, ground: Ground) -> None:
    one = place(
        ground,
        **OVER,
        planned_at=NOW - timedelta(days=2),
        created_at=NOW - timedelta(hours=2),
        cost_usd=0.75,
    )
    journal = Journal(ground.site.config.data_folder / "events")
    journal.write(
        one,
        event(
            "checkpoint",
            1,
            step=9,
            path="a",
            size_bytes=1,
            scores={"mel_cepstral_distance_db": 6.42},
            is_best=True,
        ),
    )
    journal.write(one, event("sample", 2, step=9, path="samples/9.wav", text="Hello."))
    await visit(person, "/runs")
    await person.should_see("2 days ago")
    await person.should_see("2 h")
    await person.should_see("$0.75")
    # An earlier release kept neither beside the run: its own record of events tells.
    await person.should_see("6.42 dB", retries=300)
    await person.should_see("Distance from the recordings, lower is better")
    (player,) = person.find(kind=Player).elements
    assert player.props["src"] == f"/media/{one.nonce}/samples/9.wav"
    with person:
        (at,) = [one for one in ElementFilter(kind=ui.element) if one.tag == "time"]
    assert "2026" in at.props["title"]


async def test_the_figures_of_a_run_that_goes_on_go_on_too(person: User, ground: Ground) -> None:
    one = place(ground)
    await visit(person, "/runs")
    await person.should_see("running")
    ground.site.history.update(one, **OVER, cost_usd=1.25)
    ground.site.live.refresh()
    await person.should_see("finished", retries=400)
    await person.should_see("$1.25")


async def test_strange_words_are_shown_as_words(person: User, ground: Ground) -> None:
    place(ground, **OVER)
    ground.site.history.labels.change(
        "me/voice", "run-01", {LabelName.NAME: "<b onclick=x>&amp;</b>"}, NOW
    )
    await visit(person, "/runs")
    assert shown(person) == ["<b onclick=x>&amp;</b>"]
    with person:
        assert not [one for one in ElementFilter(kind=ui.html) if "onclick" in str(one.content)]


# what a run is called


def fill(user: User, **texts: str) -> None:
    for name, text in texts.items():
        enter(user, f"label-{name}", text)


async def test_a_run_is_named_on_the_page_and_its_repo_has_it(holder: User, ground: Ground) -> None:
    one = place(ground, **OVER, results_repo="demo/voice")
    told = record(nonce=one.nonce).to_json().encode()
    ground.push_results({"run-01/run.json": told}, "demo/voice")
    await visit(holder, "/runs")
    press(holder, only(holder, Button, f"label-{one.nonce}"))
    fill(holder, name="Anna, calm", tags="keeper", notes="Softer.")
    press(holder, only(holder, Button, "save-labels"))
    assert shown(holder) == ["Anna, calm"]
    labels = ground.site.history.labels
    await until(lambda: not labels.is_unsent("demo/voice", "run-01"))
    assert labels.of("demo/voice", "run-01").notes == "Softer."
    await visit(holder, f"/runs/{one.nonce}")
    await holder.should_see("Anna, calm")


async def test_what_it_was_called_before_can_be_taken_again(person: User, ground: Ground) -> None:
    one = place(ground, **OVER)
    labels = ground.site.history.labels
    labels.change("me/voice", "run-01", {LabelName.NAME: "first"}, NOW)
    labels.change("me/voice", "run-01", {LabelName.NAME: "second"}, NOW)
    await visit(person, "/runs")
    press(person, only(person, Button, f"label-{one.nonce}"))
    click(person, "Use it")
    # Another program changes what nobody touches here.
    labels.change("me/voice", "run-01", {LabelName.NOTES: "Typed elsewhere."}, NOW)
    press(person, only(person, Button, "save-labels"))
    assert shown(person) == ["first"]
    assert labels.of("me/voice", "run-01").notes == "Typed elsewhere."
    await person.should_see(
        "It stays on this computer until there is a Hugging Face token to write.", retries=100
    )


async def test_a_name_that_is_too_long_is_said_and_stays_typed(
    person: User, ground: Ground
) -> None:
    one = place(ground, **OVER)
    await visit(person, "/runs")
    press(person, only(person, Button, f"label-{one.nonce}"))
    fill(person, name="n" * 99)
    press(person, only(person, Button, "save-labels"))
    await person.should_see("19 letters too many")
    assert only(person, Field, "field-label-name").value == "n" * 99
    assert shown(person) == ["run-01"]


# choosing and deleting


async def test_runs_of_two_pages_are_chosen_and_compared(person: User, ground: Ground) -> None:
    many(ground, ROWS + 2)
    await visit(person, "/runs")
    (compare,) = [
        one for one in person.find(kind=Button).elements if one.label.text == "Compare the two"
    ]
    assert compare.locked
    person.find(marker="pick-nonce00025").trigger("change", True)
    press(person, only(person, Button, "next"))
    person.find(marker="pick-nonce00000").trigger("change", True)
    await person.should_see("Chosen: run-025, run-000")
    assert not compare.locked
    person.find(marker="pick-nonce00001").trigger("change", True)
    assert compare.label.text == "Compare the 3"
    press(person, compare)
    await person.should_see("run-001", retries=30)
    await person.should_see("Compare runs")
    await visit(person, "/runs")


async def test_no_more_runs_are_compared_than_a_page_can_show(person: User, ground: Ground) -> None:
    many(ground, MOST_COMPARED + 1)
    await visit(person, "/runs")
    (compare,) = [
        one for one in person.find(kind=Button).elements if one.label.text == "Compare the two"
    ]
    for number in range(MOST_COMPARED + 1):
        person.find(marker=f"pick-nonce{number:05d}").trigger("change", True)
    assert compare.locked
    press(person, only(person, Button, "pick-none"))
    assert compare.locked


async def test_deleting_says_what_is_lost_with_the_record(person: User, ground: Ground) -> None:
    one = place(ground, **OVER)
    ground.site.history.labels.change("me/voice", "run-01", {LabelName.NAME: "calm"}, NOW)
    await visit(person, "/runs")
    press(person, only(person, Button, f"delete-{one.nonce}"))
    await person.should_see("Its name, tags and notes are not in that repo yet, and are lost.")
    click(person, "Delete the record")
    assert ground.site.history.by_nonce(one.nonce) is None
    await person.should_see("No run yet")


async def test_a_history_that_cannot_be_read_says_so_in_place_of_the_list(
    person: User, ground: Ground
) -> None:
    place(ground, **OVER)
    await visit(person, "/runs")
    ground.site.history.close()
    press(person, only(person, Button, "sort-cost"))
    await person.should_see("cannot be read")
    assert person.find(kind=Button, marker="try-again").elements
    await visit(person, "/runs")
    await person.should_see("cannot be read")
