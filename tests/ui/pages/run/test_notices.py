"""What is said of a run beside its figures, in each state it can be in."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.domain.run_view import RunView
from launcher.emulator.hub.faults import Rule, refused
from launcher.ui.pages.run.log_lines import LogLines
from launcher.ui.pages.run.notices import USUAL_START, smaller_try, start_text
from launcher.ui.pages.runs.row import cost_text
from launcher.ui.widgets.elements import Button, Text
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.page_verbs import hrefs, only, until, visit
from tests.kit.runs import event, run
from tests.ui.conftest import Ground, place

NONCE = run().nonce
ENDED_WELL = {"state": RunState.ENDED, "end_reason": EndReason.FINISHED, "ended_at": NOW}


async def test_a_start_that_an_earlier_session_left_is_said(person: User, ground: Ground) -> None:
    place(
        ground,
        state=RunState.LAUNCHING,
        armed_at=None,
        created_at=NOW - timedelta(minutes=3),
    )
    await visit(person, f"/runs/{NONCE}")
    await person.should_see("Nothing is watching this launch")
    await person.should_see("which usually takes two to ten minutes")
    await person.should_see("Enter the RunPod key first.")
    await person.should_not_see("ends by itself, at")


async def test_last_known_figures_say_of_when_they_are(person: User, ground: Ground) -> None:
    one = place(ground, max_hours=8.0)
    ground.site.live.view(one).take(event("step", 1, step=3, losses={"mel": 2.5}))
    await visit(person, f"/runs/{NONCE}")
    heard = ground.site.live.view(one).picture.heard_at
    assert heard is not None
    await person.should_see(f"last known figures, of {heard.astimezone():%H:%M}")
    await person.should_see("at $2.00 or 8 hours at the latest")


async def test_no_contact_says_that_caps_hold_and_where_to_look(
    person: User, ground: Ground
) -> None:
    place(ground)
    ground.site.live.troubles[NONCE] = "RunPod does not answer."
    await visit(person, f"/runs/{NONCE}")
    await person.should_see("No contact with the GPU")
    await person.should_see("its caps hold without this program")
    assert "https://www.runpod.io/console/pods" in hrefs(person)


async def test_a_pod_that_may_be_left_asks_for_the_key_first(person: User, ground: Ground) -> None:
    place(ground, deadline=NOW - timedelta(minutes=10))
    await visit(person, f"/runs/{NONCE}")
    await person.should_see("Enter the RunPod key, and press “Cancel run” above.")
    await person.should_not_see("last known figures")


async def test_a_restarted_machine_is_said(person: User, ground: Ground) -> None:
    one = place(ground)
    ground.site.live.view(one).take_restart()
    await visit(person, f"/runs/{NONCE}")
    await person.should_see("The machine was restarted")


@pytest.mark.parametrize("reason", [EndReason.COST_CAP, EndReason.TIME_CAP, EndReason.FINISHED])
async def test_a_run_that_delivered_leads_to_its_voice(
    person: User, ground: Ground, reason: EndReason
) -> None:
    place(ground, state=RunState.ENDED, end_reason=reason, detail=reason.sentence, ended_at=NOW)
    await visit(person, f"/runs/{NONCE}")
    await person.should_see(reason.sentence)
    await person.should_see("Ran for")
    await person.should_not_see("Time left")
    assert f"/voice?run={NONCE}" in hrefs(person)


async def test_results_that_did_not_arrive_are_a_state_of_their_own(
    person: User, ground: Ground
) -> None:
    one = place(
        ground, state=RunState.ENDED, end_reason=EndReason.FINISHED, not_delivered=2, ended_at=NOW
    )
    ground.site.live.view(one).take(
        event(
            "ended",
            1,
            reason="finished",
            delivered_count=10,
            not_delivered=["files/k.bin", "files/l.bin"],
            not_delivered_count=2,
        )
    )
    await visit(person, f"/runs/{NONCE}")
    await person.should_see("finished, 2 not delivered")
    await person.should_see("2 of 12 files did not reach the results repo: files/k.bin")
    assert f"/runs/{NONCE}?tab=files" in hrefs(person)
    await visit(person, "/runs")
    await person.should_see("finished, 2 not delivered")


async def test_what_arrived_is_said_as_it_was_counted(person: User, ground: Ground) -> None:
    one = place(
        ground, state=RunState.ENDED, end_reason=EndReason.TIME_CAP, not_delivered=0, ended_at=NOW
    )
    ground.site.live.view(one).take(event("ended", 1, reason="time_cap", delivered_count=3))
    await visit(person, f"/runs/{NONCE}")
    await person.should_see("All 3 files are in the results repo and were checked there.")
    await person.should_not_see("time cap, ")


async def test_an_end_that_is_no_success_quotes_what_was_printed_last(
    person: User, ground: Ground
) -> None:
    one = place(ground, state=RunState.ENDED, end_reason=EndReason.TRAINER_DIED, ended_at=NOW)
    ground.site.live.view(one).take(
        event("ended", 1, reason="trainer_died", last_lines=["loading", "\x1b[31mValueError: no"])
    )
    await visit(person, f"/runs/{NONCE}")
    await person.should_see("loading\nValueError: no")


LOG = "\n".join(
    ["2026-03-01 12:00:00 == attempt 1, start 1 of its container"]
    + [f"2026-03-01 12:00:01 line {number} of many" for number in range(6_000)]
    + ["2026-03-01 12:00:09 ValueError: \x1b[1mno such thing", ""]
)


async def test_the_log_of_a_gpu_that_is_gone_comes_from_the_results_repo(
    holder: User, ground: Ground
) -> None:
    ground.push_results({"run-01/log.txt": LOG.encode()}, "demo/voice")
    one = place(
        ground,
        state=RunState.ENDED,
        end_reason=EndReason.FAILED,
        ended_at=NOW,
        results_repo="demo/voice",
    )
    ground.site.live.view(one).take_log("seen from here")
    ground.site.live.view(one).take_log("released", "launcher")
    await visit(holder, f"/runs/{NONCE}?tab=log")
    await holder.should_see("6,003 lines", retries=400)
    shown = [each["text"] for each in only(holder, LogLines, "log").rows(0, 10_000)]
    assert shown[0] == "== attempt 1, start 1 of its container"
    assert shown[-2:] == ["ValueError: no such thing", "[launcher] released"]
    assert "seen from here" not in shown


async def test_without_the_token_the_log_tab_says_what_it_takes(
    person: User, ground: Ground
) -> None:
    place(ground, state=RunState.ENDED, end_reason=EndReason.FAILED, ended_at=NOW)
    await visit(person, f"/runs/{NONCE}?tab=log")
    await person.should_see("Enter the token", retries=400)


async def test_a_lack_of_memory_offers_half_the_batch(person: User, ground: Ground) -> None:
    place(
        ground,
        state=RunState.ENDED,
        end_reason=EndReason.TRAINER_DIED,
        detail="torch.OutOfMemoryError: CUDA out of memory.",
        settings_json=json.dumps({"recipe": "piper", "batch_size": 32}),
    )
    await visit(person, f"/runs/{NONCE}")
    await person.should_see("Try again with 16 clips")
    assert {f"/train?again={NONCE}&smaller=1", f"/runs/{NONCE}?tab=log"} <= hrefs(person)


@pytest.fixture
def view() -> RunView:
    return RunView()


def test_the_log_tells_of_a_lack_of_memory_too(view: RunView) -> None:
    settings = json.dumps({"batch_size": 7})
    assert smaller_try(run(settings_json=settings), view) is None
    view.take_log("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB")
    found = smaller_try(run(settings_json=settings), view)
    assert found is not None
    assert found.given == {"batch_size": 3}


@pytest.mark.parametrize("settings", [{}, {"batch_size": 1}, {"batch_size": "many"}])
def test_a_batch_that_cannot_be_halved_is_left(view: RunView, settings: dict[str, object]) -> None:
    one = run(settings_json=json.dumps(settings), detail="out of memory")
    assert smaller_try(one, view) is None


def test_a_start_that_takes_long_is_called_long() -> None:
    assert "usual" in start_text(timedelta(minutes=1))
    assert "longer than usual" in start_text(USUAL_START + timedelta(minutes=1))


def test_a_run_costs_what_is_billed_else_metered_else_reckoned() -> None:
    over = run(state=RunState.ENDED, cost_usd=0.74, billed_usd=0.75)
    assert cost_text(over, NOW) == "$0.75"
    assert cost_text(run(state=RunState.ENDED, cost_usd=0.74), NOW) == "$0.74"
    assert cost_text(run(), NOW) == "$0.24 so far"
    assert cost_text(run(pod_id=""), NOW) == "–"


async def test_files_of_a_private_repo_ask_for_the_token(person: User, ground: Ground) -> None:
    place(ground)
    await visit(person, f"/runs/{NONCE}?tab=files")
    await person.should_see("me/voice is private", retries=400)


@pytest.mark.parametrize("tab", ["files", "log", "now"])
async def test_a_repo_is_called_private_only_where_the_hub_has_said_so(
    person: User, ground: Ground, tab: str
) -> None:
    one = place(ground, **ENDED_WELL)
    ground.core.faults.add(Rule(".*", times=1_000, refusal=refused(400, "not like this")))
    view = ground.site.live.view(one)
    listed = [
        {"path": f"run-01/voice/a.onnx{end}", "size_bytes": 1, "sha256": "0" * 64}
        for end in ("", ".json")
    ]
    view.take(event("upload", 1, commit="abc", files=listed))
    await visit(person, f"/runs/{NONCE}?tab={tab}")
    await person.should_see("not like this", retries=400)
    await person.should_not_see("is private")


async def test_a_log_that_was_never_delivered_does_not_make_a_public_repo_private(
    person: User, ground: Ground
) -> None:
    ground.push_results({"run-01/run.json": b"{}"}, "demo/voice")
    place(ground, results_repo="demo/voice", **ENDED_WELL)
    await visit(person, f"/runs/{NONCE}?tab=log")
    await person.should_see("No log lines here yet.")
    await until(lambda: any("log.txt" in row.path for row in ground.core.log))
    await asyncio.sleep(0.1)  # for what would be drawn of the answer
    await person.should_not_see("is private")


async def test_each_button_of_a_live_run_waits_for_its_receipt(
    holder: User, ground: Ground
) -> None:
    one = place(ground)
    view = ground.site.live.view(one)
    view.take(event("armed", 1, works=True))
    view.take(event("phase", 2, phase="train", state="started"))
    await visit(holder, f"/runs/{NONCE}")
    await until(lambda: not only(holder, Button, "do-sample").locked)
    assert not only(holder, Button, "do-stop").locked


async def test_a_phase_that_a_run_was_lost_in_does_not_go_on(person: User, ground: Ground) -> None:
    one = place(ground, state=RunState.ENDED, end_reason=EndReason.LOST, ended_at=NOW)
    ground.site.live.view(one).take(event("phase", 1, phase="train", state="started"))
    await visit(person, f"/runs/{NONCE}")
    with person:
        rows = [one for one in ElementFilter(kind=ui.element) if "step" in one.classes]
    assert ["step-bad" in row.classes for row in rows].count(True) == 1
    assert "step-todo" in rows[-1].classes  # the GPU is gone, and nobody removed it
    await person.should_see("this program did not remove it")
    assert not any("step-now" in row.classes for row in rows)
    with person:
        words = [str(one.text) for one in ElementFilter(kind=Text) if "figure" in one.classes]
    assert any(one.startswith("not finished") for one in words)
    assert not any(one.startswith("now") for one in words)
