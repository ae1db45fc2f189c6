"""What a person sees of a run while it goes on."""

from __future__ import annotations

import io
import itertools
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from launcher.cli.terminal.live import Live, frame
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.picture import Picture, phase_text, step_text
from launcher.cli.terminal.sparkline import sparkline
from launcher.domain.run import Run, RunState
from launcher.recipes import recipe_of
from launcher.services.common.observations import EventSeen, RestartSeen
from pod_image.contract.bodies import (
    Body,
    Ended,
    Heartbeat,
    PhaseChange,
    RunWarning,
    Step,
    Upload,
    UploadedFile,
)
from pod_image.contract.events import stamped
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.settings import RunSettings
from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.clocks import HandClock

AT = datetime(2026, 11, 22, tzinfo=UTC)
RUN = Run(
    "run-01", "me/voice", 1, "0123456789", RunState.RUNNING, AT, pod_id="pod-1",
    price_per_hour_usd=0.36, max_cost_usd=2.0, gpu_name="RTX 4090",
)  # fmt: skip


_SEQ = itertools.count(1)


def event(kind: type[Body], /, after_seconds: float = 0.0, **values: Any) -> EventSeen:
    at = AT + timedelta(seconds=after_seconds)
    return EventSeen(stamped(kind(**values), at=at, run_id="run-01", seq=next(_SEQ)))


@pytest.fixture
def picture() -> Picture:
    clock = HandClock(1000.0)
    found = Picture(run=RUN, now=clock)
    found.meter(0.0)
    clock.seconds += 100
    return found


def test_before_anything_is_known_the_display_says_what_is_waited_for() -> None:
    assert frame(Picture())[0].startswith("Waiting for the pod")
    assert "nothing is rented yet" in frame(Picture())[1]


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_has_words(phase: Phase) -> None:
    assert " " in phase_text(phase, Picture().shown)


def test_a_command_whose_packages_are_installed_says_so() -> None:
    settings = RunSettings.model_validate(
        {"recipe": "command", "argv": ["true"], "results_repo": "me/run"}
    )
    shown = recipe_of(settings).shown
    assert phase_text(Phase.PREPARE, shown) == "installing what the run needs"


def test_a_training_shows_step_loss_speed_time_left_and_dollars(picture: Picture) -> None:
    picture.see(event(PhaseChange, phase=Phase.TRAIN, state="started"))
    for number in (1, 2, 3):
        picture.see(
            event(
                Step,
                step=number,
                total_steps=60,
                losses={"mel": 3.0 - number, "kl": 9.0},
                steps_per_second=0.5,
                seconds_left=114.0,
                cost_usd=0.0123,
                cost_at_end_usd=0.02,
            )
        )
    text = "\n".join(frame(picture))
    for words in ("step 3 of 60", "loss 0.000", "0.50 steps/s", "1 min 54 s left"):
        assert words in text
    assert "$0.0123 so far, about $0.0200 at the end, never over $2.00" in text


@pytest.mark.parametrize("cost_usd", [0.02, None])
def test_time_and_money_stop_at_the_pods_last_word(
    picture: Picture, cost_usd: float | None
) -> None:
    clock = picture.now
    assert isinstance(clock, HandClock)
    picture.see(event(PhaseChange, phase=Phase.RELEASE, state="started"))
    clock.seconds += 5
    picture.see(event(Ended, 5.0, reason=EndReason.FINISHED, cost_usd=cost_usd))
    then = frame(picture)
    clock.seconds += 3600
    assert frame(picture) == then
    assert picture.phase_seconds == 5
    assert picture.cost_usd == pytest.approx(cost_usd or 0.0105)


def test_a_phase_lasts_by_the_pods_clock_and_by_ours_since_it_was_heard(picture: Picture) -> None:
    clock = picture.now
    assert isinstance(clock, HandClock)
    picture.see(event(PhaseChange, phase=Phase.TRAIN, state="started"))
    picture.see(event(Heartbeat, 600.0, phase=Phase.TRAIN))
    clock.seconds += 5
    assert picture.phase_seconds == 605
    assert ", for 10 min" in frame(picture)[0]


def test_a_watch_that_begins_in_the_middle_shows_the_phase(picture: Picture) -> None:
    picture.see(event(Heartbeat, 600.0, phase=Phase.FETCH))
    assert frame(picture)[0] == "fetch: downloading what the run needs"


def test_the_cost_grows_between_two_words_of_the_pod(picture: Picture) -> None:
    assert picture.cost_usd == pytest.approx(0.01)


def test_a_warning_a_restart_and_the_end_are_lines_that_stay(picture: Picture) -> None:
    assert "Mind the gap" in picture.see(event(RunWarning, code="x", message="Mind the gap."))
    assert "restarted" in picture.see(RestartSeen(1.0))
    assert "finished" in picture.see(event(Ended, reason=EndReason.FINISHED))
    assert picture.told.ended is not None
    assert len(picture.warnings) == 2


def test_what_is_not_known_is_left_out_of_a_step() -> None:
    seen = event(Step, step=5)
    assert isinstance(seen.event.body, Step)
    assert step_text(seen.event.body, Picture().shown) == "step 5"


def test_without_a_terminal_steps_are_told_now_and_then_and_the_rest_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Live(Output()) as live:
        live.see(event(PhaseChange, phase=Phase.TRAIN, state="started"))
        for number in range(1, 50):
            live.see(event(Step, step=number))
        live.see(event(PhaseChange, phase=Phase.TRAIN, state="ended", seconds=3.0))
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["train: the training runs", "step 1", "train done after 3 s"]


def test_on_a_terminal_the_display_draws_and_cleans_up(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with Live(Output(), picture) as live:
        live.see(event(PhaseChange, phase=Phase.FETCH, state="started"))
        live.say("a line that stays [not markup]")
    text = terminal.getvalue()
    assert "a line that stays [not markup]" in text
    assert "fetch: downloading what the run needs" in text
    assert "\x1b[?25h" in text  # the cursor is back


def test_one_delivered_file_is_told_as_one() -> None:
    one = UploadedFile(path="run-01/a.txt", size_bytes=1, sha256="0" * 64)
    told = [Picture().text_of(Upload(commit="c1", files=files)) for files in ((one,), (one, one))]
    assert told == ["1 file is in the results repo", "2 files are in the results repo"]
    in_folder = Picture(replace(RUN, results_repo="/home/me/voices"))
    told = [in_folder.text_of(Upload(commit="c1", files=(one,)))]
    told.append(in_folder.text_of(PhaseChange(phase=Phase.DELIVER, state="started")))
    assert told == ["1 file is in the results folder", "deliver: delivering the results"]


def test_a_sparkline_has_as_many_bars_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stderr", terminal)
    assert sparkline([]) == ""
    assert sparkline([1.0, 1.0]) == "▄▄"
    drawn = sparkline([float(value) for value in range(100, 0, -1)])
    assert (drawn[0], drawn[-1], len(drawn) <= 16) == ("█", "▁", True)
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    assert sparkline([1.0, 2.0]) == ""


class Typed(io.StringIO):
    """A person at a terminal who types these lines."""

    def isatty(self) -> bool:
        return True


def test_a_no_rents_nothing_and_a_yes_does(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Typed("n\n"))
    said = shell("deploy", *COMMAND_RUN, "--", "true")
    assert said.code == 1
    assert "Rent this for $0.2" in said.text
    assert shell.rented == 0
    monkeypatch.setattr(sys, "stdin", Typed("y\n"))
    assert shell("deploy", *COMMAND_RUN, "--", "true").code == 0
    assert shell.rented == 1


def test_a_missing_required_setting_is_asked_for_on_a_terminal(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Typed("demo/voices\n"))
    said = shell("plan", "--recipe", "command", "--json", "--", "true")
    assert said.code == 0
    assert said.json["settings"]["results_repo"] == {"value": "demo/voices", "from": "you"}


@pytest.mark.parametrize(("is_demo", "shown"), [(False, 1), (True, 0)])
def test_a_remark_on_the_image_of_a_pod_means_nothing_where_the_pod_is_a_process(
    is_demo: bool, shown: int
) -> None:
    picture = Picture(is_demo=is_demo)
    for code in ("shared_user", "other"):
        body = RunWarning(code=code, message=f"It is {code}.")
        picture.see(EventSeen(stamped(body, at=AT, run_id="run-01", seq=1)))
    assert picture.warnings[-1] == "It is other."
    assert len(picture.warnings) == 1 + shown
