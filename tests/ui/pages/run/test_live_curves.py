"""What the run's page draws of its scalars: which, in which order, with which marks, and what is remembered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from nicegui import json as json_wrapper
from nicegui.testing import User

from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import RunPicture, picture_of
from launcher.domain.run_view import RunView
from launcher.recipes import recipe_of_run
from launcher.ui.pages.run.live.curves import is_validation_of, lines_of, marks_of, nothing_text
from launcher.ui.state.preferences import Preferences, read_preferences
from launcher.ui.widgets.elements import Text
from launcher.ui.widgets.plot import Plot
from tests.kit.clocks import NOW
from tests.kit.page_verbs import enter, only, until, visit
from tests.kit.runs import event, run
from tests.ui.conftest import Ground, place

NONCE = run().nonce
PIPER = json.dumps({"recipe": "piper"})
COMMAND = json.dumps({"recipe": "command", "argv": ["true"]})
SHOWN = recipe_of_run(PIPER).shown


def trained(*, steps: int = 3, **losses: float) -> RunPicture:
    """A training that reported these every ten steps and seconds."""
    return picture_of(
        event("step", n, 10.0 * n, step=10 * n, losses=losses or {"mel": 4.0 / n})
        for n in range(1, steps + 1)
    )


def test_the_loss_and_its_validation_are_on_and_everything_else_is_there_to_be_switched_on() -> (
    None
):
    lines = lines_of(trained(kl=1.0, validation_mel=3.0, mel=2.0), SHOWN, Preferences())
    assert [(each.title, each.is_on) for each in lines] == [
        ("Sound (mel)", True),
        ("KL", False),
        ("Sound, on clips it has not seen", True),
    ]
    assert [each.last for each in lines] == ["2", "1", "3"]
    assert not lines[1].points


@pytest.mark.parametrize(
    ("name", "first", "is_one"),
    [
        ("eval_loss", "loss", True),
        ("val/loss", "train/loss", True),
        ("validation_mel", "mel", True),
        ("evaluation_speed", "loss", False),
        ("loss", "loss", False),
    ],
)
def test_validation_is_known_by_its_name(name: str, first: str, is_one: bool) -> None:
    assert is_validation_of(name, first) is is_one


def test_scores_of_checkpoints_are_curves_too() -> None:
    picture = picture_of(
        [
            *(event("step", n, 10.0 * n, step=10 * n, losses={"mel": 1.0}) for n in (1, 2, 3)),
            event("checkpoint", 4, step=20, path="a", size_bytes=1, scores={"distance": 0.5}),
        ]
    )
    score = lines_of(picture, SHOWN, Preferences(curves_on=("distance",)))[-1]
    assert (score.key, score.is_on) == ("distance", True)
    assert [(p.step, p.at - NOW.timestamp(), p.value) for p in score.points] == [(20, 0.0, 0.5)]


def test_marks_stand_on_the_curve() -> None:
    made = [event("checkpoint", 10 + n, step=n, path="a", size_bytes=1) for n in (0, 20, 25, 40)]
    picture = picture_of(
        [*(event("step", n, n, step=10 * n, losses={"mel": 1.0}) for n in (1, 2, 3)), *made]
    )
    start = NOW.timestamp()
    marks = [(kind, step, at - start) for kind, step, at in marks_of(picture, "mel")]
    assert marks == [("saved", 0, 1.0), ("saved", 20, 2.0), ("saved", 25, 3.0)]
    assert marks_of(RunPicture(), "") == []


def test_a_training_that_began_again_from_a_checkpoint_has_its_marks_where_it_came_last() -> None:
    steps = (10, 20, 30, 20, 30, 40)
    picture = picture_of(
        [
            *(event("step", n, n, step=s, losses={"mel": 1.0}) for n, s in enumerate(steps, 1)),
            event("checkpoint", 9, step=30, path="a", size_bytes=1),
            event("checkpoint", 10, step=10, path="b", size_bytes=1),
        ]
    )
    start = NOW.timestamp()
    found = {step: at - start for _, step, at in marks_of(picture, "mel")}
    assert found == {10: 1.0, 30: 5.0}


@pytest.mark.parametrize(
    ("settings", "told", "words"),
    [
        (PIPER, {}, "The curves begin with the first step."),
        (PIPER, {"phase": "prepare", "state": "started"}, "after about a minute"),
        (PIPER, {"phase": "train", "state": "started"}, "with the first steps"),
        (COMMAND, {"phase": "train", "state": "started"}, "is in the log below"),
    ],
)
def test_where_there_is_no_curve_it_is_said_when_one_comes(
    settings: str, told: dict[str, Any], words: str
) -> None:
    view = RunView()
    if told:
        view.take(event("phase", 1, **told))
    one = run(settings_json=settings)
    assert words in nothing_text(one, view, recipe_of_run(settings).shown)
    over = run(settings_json=settings, state=RunState.ENDED)
    assert "reported no figures" in nothing_text(over, view, SHOWN)


async def test_a_curve_that_is_switched_on_stays_on_for_the_next_run(
    person: User, ground: Ground
) -> None:
    one = _place(ground)
    await visit(person, f"/runs/{NONCE}")
    plot = only(person, Plot, "curves")
    assert [(each.key, each.is_on) for each in plot.lines] == [("mel", True), ("kl", False)]
    person.find(kind=Plot, marker="curves").trigger("toggle", "kl")
    await until(lambda: plot.lines[1].is_on)
    person.find(kind=Plot, marker="curves").trigger("toggle", "mel")
    await until(lambda: not plot.lines[0].is_on)
    enter(person, "curve-axis", "time")
    enter(person, "curve-scale", "own")
    assert plot._props["axis"] == "time"
    kept = read_preferences(ground.site.config.preferences_path)
    assert (kept.curves_on, kept.curves_off) == (("kl",), ("mel",))
    assert (kept.curve_axis, kept.curve_scale) == ("time", "own")
    enter(person, "curve-scale", "log")
    assert read_preferences(ground.site.config.preferences_path).curve_scale == "log"
    await visit(person, f"/runs/{one.nonce}")
    assert [each.is_on for each in only(person, Plot, "curves").lines] == [False, True]


async def test_an_open_page_is_sent_what_is_new_alone(person: User, ground: Ground) -> None:
    one = _place(ground)
    await visit(person, f"/runs/{NONCE}")
    plot = only(person, Plot, "curves")
    sent: list[Any] = []

    def take(name: str, updates: Any) -> None:
        sent.append((name, json_wrapper.dumps(updates) and updates))

    plot.run_method = take  # type: ignore[method-assign,assignment]  # what a browser would get
    person.find(kind=Plot, marker="curves").trigger("ready")
    await until(lambda: len(sent) == 1)
    ((_, updates),) = sent
    assert [(key, start, len(points)) for key, start, points in updates] == [("mel", 0, 3)]
    ground.site.live.view(one).take(event("step", 9, step=40, losses={"mel": 0.5, "kl": 2.0}))
    await ground.clock.sleep(3)
    await until(lambda: len(sent) == 2)
    ((key, start, points),) = sent[1][1]
    assert (key, start, [(step, value) for step, _, value in points]) == ("mel", 3, [(40, 0.5)])


async def test_the_last_value_and_the_curve_are_of_one_moment(person: User, ground: Ground) -> None:
    one = _place(ground)
    await visit(person, f"/runs/{NONCE}")
    plot, said = only(person, Plot, "curves"), only(person, Text, "last-loss")
    view = ground.site.live.view(one)
    view.take(event("step", 9, step=40, losses={"mel": 0.5, "kl": 2.0}))
    view.take(event("warning", 10, code="slow", message="The disk is slow."))
    await person.should_see("The disk is slow.", retries=100)  # the curve is drawn less often
    assert said.text.startswith(f"Sound (mel): {plot.lines[0].last} at step ")
    await ground.clock.sleep(3)
    await person.should_see("Sound (mel): 0.5 at step 40", retries=100)
    assert plot.lines[0].last == "0.5"


def _place(ground: Ground) -> Run:
    one = place(ground, settings_json=PIPER)
    for n in (1, 2, 3):
        told = event("step", n, 10.0 * n, step=10 * n, losses={"mel": 4.0 / n, "kl": 1.0})
        ground.site.live.view(one).take(told)
    return one
