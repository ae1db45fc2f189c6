"""Runs side by side."""

from __future__ import annotations

import json

from nicegui.testing import User

from launcher.ui.widgets.inputs import Player
from tests.kit.page_verbs import visit
from tests.kit.runs import event, run
from tests.ui.conftest import Ground


async def test_two_runs_are_compared(person: User, ground: Ground) -> None:
    for nonce, size in (("first00000", 8), ("second0000", 16)):
        one = run(nonce=nonce, run_id=f"run-{size}", settings_json=json.dumps({"batch_size": size}))
        ground.site.history.add(one)
        view = ground.site.live.view(one)
        view.take(event("step", 1, step=10, losses={"mel": 2.0 / size}))
    await visit(person, "/compare?a=first00000&b=second0000")
    await person.should_see("run-8: 0.25 at step 10; run-16: 0.125 at step 10")
    await person.should_see("Batch size")


async def test_ten_runs_are_compared_by_their_settings_scores_and_samples(
    person: User, ground: Ground
) -> None:
    for n in range(10):
        settings = json.dumps({"batch_size": 8 + n // 9, "epochs": 7})
        one = run(
            nonce=f"many00000{n}", run_id=f"run-{n}", settings_json=settings, cost_usd=0.1 * n
        )
        ground.site.history.add(one)
        view = ground.site.live.view(one)
        scores = {"mel_cepstral_distance_db": 9.0 - n}
        view.take(event("step", 1, step=10, losses={"mel": 2.0 + n}))
        view.take(
            event("checkpoint", 2, step=10, path="a", size_bytes=1, scores=scores, is_best=True)
        )
        view.take(event("sample", 3, step=10, path=f"samples/{n}.wav", text="Hello there."))
    chosen = ",".join(["me/voice/run-0", *(f"many00000{n}" for n in range(1, 10))])
    await visit(person, f"/compare?runs={chosen}&across=time")
    await person.should_see("run-0: 2 at step 10; run-1: 3 at step 10")
    await person.should_see("Distance from the recordings: 0 dB at step 10")
    await person.should_see("1 setting alike")
    assert len(person.find(Player).elements) == 10


async def test_comparing_nothing_says_how(person: User) -> None:
    await visit(person, "/compare")
    await person.should_see("Choose two runs")
