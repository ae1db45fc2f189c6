"""A run's page: its figures, its receipt, an alarm, and its parts by their addresses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.services.live.journal import Journal
from launcher.stores.runs import RecordKind
from launcher.stores.secrets import KeyName
from launcher.ui.widgets.elements import Button
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.clouds import JOBS_TOKEN
from tests.kit.page_verbs import only, use_key, visit
from tests.kit.runs import event, run
from tests.ui.conftest import Ground


@pytest.fixture
def watched(ground: Ground) -> Ground:
    """A run with half its life behind it, as its events tell."""
    one = run()
    ground.site.history.add(one)
    view = ground.site.live.view(one)
    view.take(event("armed", 1, works=True))
    view.take(event("phase", 2, phase="train", state="started"))
    view.take(event("step", 3, step=40, total_steps=100, losses={"mel": 2.5}, seconds_left=120.0))
    view.take(event("sample", 4, step=40, path="samples/step-40/01.wav", text="Hello there."))
    ground.site.live.refresh()
    return ground


async def test_the_strip_is_on_every_page_while_a_gpu_may_cost_money(
    person: User, watched: Ground
) -> None:
    for path in ("/", "/keys", "/datasets", "/train", "/runs", "/voice", "/help"):
        await visit(person, path)
        await person.should_see("about $0.24 so far")
        await person.should_see("Cancel run")


async def test_without_a_key_a_run_shows_its_last_known_figures(
    person: User, watched: Ground
) -> None:
    await visit(person, f"/runs/{run().nonce}")
    await person.should_see("These are the last known figures")
    await person.should_see("step 40 of 100")
    assert only(person, Button, "do-save").locked


async def test_of_a_silent_job_the_page_tells_what_its_provider_measures(
    person: User, ground: Ground
) -> None:
    one, jobs = run(nonce="asilentjob"), ground.core.jobs
    jobs.gpu_percent, jobs.gpu_memory_bytes = 35, 12_000_000_000
    ground.start_job(one)
    await visit(person, "/keys")
    use_key(person, KeyName.HF_JOBS, JOBS_TOKEN)
    await visit(person, f"/runs/{one.nonce}")
    await person.should_see("GPU 35 %, 12.0 of 24.0 GB", retries=100)
    await person.should_see("as Hugging Face Jobs measures it", retries=100)
    ground.site.live.view(one).take(event("step", 3, step=40, total_steps=100))
    ground.clock.moment += timedelta(seconds=61)
    await person.should_not_see("as Hugging Face Jobs measures it", retries=100)


async def test_a_run_that_is_over_shows_its_receipt(person: User, watched: Ground) -> None:
    watched.site.history.update(
        run(), state=RunState.ENDED, end_reason=EndReason.FINISHED, ended_at=NOW, cost_usd=0.31
    )
    await visit(person, f"/runs/{run().nonce}")
    await person.should_see("The run finished.")
    await person.should_see("Receipt")
    await person.should_see("Metered by the GPU")
    await person.should_not_see("GPU idle")


async def test_the_receipt_says_how_long_no_gpu_was_busy(person: User, watched: Ground) -> None:
    idle = {"watched_seconds": 300.0, "idle_seconds": 63.0, "phases": []}
    watched.site.history.keep(run(), RecordKind.ENDED, {"reason": "finished", "gpu_idle": idle})
    watched.site.history.update(
        run(), state=RunState.ENDED, end_reason=EndReason.FINISHED, ended_at=NOW, cost_usd=0.31
    )
    await visit(person, f"/runs/{run().nonce}")
    await person.should_see("GPU idle")
    await person.should_see("21 % of 5 min")


async def test_a_pod_past_its_deadline_is_shown_in_red(person: User, watched: Ground) -> None:
    watched.site.history.update(run(), deadline=NOW - timedelta(minutes=10))
    watched.site.live.refresh()
    await visit(person, f"/runs/{run().nonce}")
    await person.should_see("This may still cost money")
    await person.should_see("Open RunPod's console")


@pytest.mark.parametrize(
    ("tab", "words"),
    [
        ("samples", "uploading"),
        ("now", "The machine reports how busy it is once it has started."),
        ("log", "No log lines here yet."),
        ("settings", "Train again with these settings"),
        ("overview", "Sound (mel): 2.5 at step 40"),
        ("nonsense", "Sound (mel): 2.5 at step 40"),
    ],
)
async def test_each_part_of_a_run_can_be_opened_by_its_address(
    person: User, watched: Ground, tab: str, words: str
) -> None:
    await visit(person, f"/runs/{run().nonce}?tab={tab}")
    await person.should_see(words, retries=400)


async def test_a_runs_past_is_read_back_whichever_page_came_first(
    person: User, ground: Ground
) -> None:
    one = run()
    ground.site.history.add(one)
    Journal(ground.site.config.data_folder / "events").write(
        one, event("step", 1, step=77, losses={"mel": 2.5})
    )
    ground.site.live.refresh()
    await visit(person, "/")
    await person.should_see("Step 77")
    await visit(person, f"/runs/{one.nonce}")
    await person.should_see("Sound (mel): 2.5 at step 77")


async def test_an_unknown_run_is_said(person: User) -> None:
    await visit(person, "/runs/nothing000")
    await person.should_see("This run does not exist")
