"""The page of a run that its results repo alone tells of, and the file that is made of a run to send."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from nicegui.testing import User

from launcher.ui.widgets.elements import Button
from pod_image.contract.events import to_line
from pod_image.contract.outcomes import EndReason
from pod_image.contract.record import RunRecord
from tests.kit.clocks import NOW
from tests.kit.page_verbs import only, press, until, visit
from tests.kit.runs import event
from tests.kit.shared_runs import SECRETS, SETTINGS, sound
from tests.ui.conftest import Ground

RECORD = RunRecord(
    run_id="run-01", attempt=1, nonce="zyxwvutsrq", state="running", contract=1, recipe="piper",
    settings=SETTINGS, gpu="NVIDIA GeForce RTX 4090", pod_id="far-away", price_per_hour_usd=0.36, cost_usd=0.1,
    created_at=NOW - timedelta(minutes=30), deadline=NOW + timedelta(hours=5),
)  # fmt: skip
ARMED = event("armed", 1, -800, works=True)
BEGAN = event("phase", 2, -700, phase="train", state="started")
STEPS = [
    event("step", n + 2, n - 600, step=n, total_steps=30, losses={"mel": 9.0 - n})
    for n in (1, 2, 3)
]
SPOKEN = event("sample", 6, -500, step=3, path="samples/3.wav", text="Hello there.")


def deliver(ground: Ground, record: RunRecord = RECORD) -> None:
    files: dict[str, Path | bytes] = {
        "run-01/run.json": record.to_json().encode(),
        "run-01/events.jsonl": "\n".join(map(to_line, [ARMED, BEGAN, *STEPS, SPOKEN])).encode(),
        "run-01/samples/3.wav": sound(),
    }
    ground.push_results(files, "demo/voice")


async def test_a_live_run_of_a_public_repo_is_followed_without_any_key(
    person: User, ground: Ground
) -> None:
    deliver(ground)
    await visit(person, "/run/demo/voice/run-01")
    await person.should_see("Followed through its results repo")
    (run,) = ground.site.history.runs()
    await until(lambda: ground.site.live.view(run).picture.step is not None)
    await person.should_see("step 3 of 30", retries=20)
    await person.should_not_see("There was never a GPU")
    assert run.is_from_repo
    assert ground.site.live.is_watched(run.nonce)
    assert not ground.world.pods


async def test_a_run_that_is_over_shows_its_end_samples_and_curve(
    person: User, ground: Ground
) -> None:
    ended = {"state": "ended", "end_reason": EndReason.FINISHED, "ended_at": NOW}
    deliver(ground, RECORD.model_copy(update=ended))
    await visit(person, "/run/demo/voice/run-01")
    await person.should_see("The run finished.")
    await person.should_see("GPU removed")
    (run,) = ground.site.history.runs()
    assert ground.site.live.view(run).picture.curves["mel"].last == (3, 6.0)
    await visit(person, f"/runs/{run.nonce}?tab=samples")
    await person.should_see("Hello there.")
    answer = await ground.answer(f"/media/{run.nonce}/samples/3.wav")
    assert answer.content == sound()


async def test_a_run_that_is_not_there_is_said_with_what_to_do(
    person: User, ground: Ground
) -> None:
    deliver(ground)
    await visit(person, "/run/demo/voice/run-07")
    await person.should_see("demo/voice has no run run-07")
    await person.should_see("Enter a Hugging Face token")


async def test_the_share_button_makes_a_file_without_names(person: User, ground: Ground) -> None:
    deliver(ground)
    await visit(person, "/run/demo/voice/run-01")
    await person.should_see("Followed through its results repo")
    press(person, only(person, Button, "share"))
    await person.should_see("Anyone you send it to")
    press(person, only(person, Button, "make-share"))
    response = await person.download.next(timeout=20.0)
    page = response.content.decode()
    assert "data:audio/wav" in page
    assert [secret for secret in SECRETS if secret in page] == []
    await person.should_see("1 sample of 1")
