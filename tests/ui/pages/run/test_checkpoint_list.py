"""Checkpoints stand with their scores, the best is marked with its reason, and one is used only after a question."""

from __future__ import annotations

from nicegui.testing import User

from launcher.domain.run import RunState
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.page_verbs import visit
from tests.kit.runs import event, run
from tests.ui.conftest import Ground, place

NONCE = run().nonce
ENDED = {"state": RunState.ENDED, "end_reason": EndReason.FINISHED, "ended_at": NOW}


def trained(ground: Ground, **changes: object) -> None:
    one = place(ground, settings_json='{"recipe": "piper"}', **changes)
    view = ground.site.live.view(one)
    for n, (distance, tempo) in enumerate(((9.0, 1.0), (7.5, 1.0), (6.0, 1.6)), 1):
        scores = {"mel_cepstral_distance_db": distance, "duration_ratio": tempo}
        view.take(
            event(
                "checkpoint", n, step=100 * n, path="a", size_bytes=1, scores=scores, is_best=n < 3
            )
        )


async def test_the_best_is_marked_with_its_score_and_why(person: User, ground: Ground) -> None:
    trained(ground)
    await visit(person, f"/runs/{NONCE}")
    await person.should_see(
        "3 checkpoints. Distance from the recordings: 7.5 dB at step 200, the best"
    )
    await person.should_see("The best is step 200: no faults, and the lowest distance")
    await person.should_see("speaks too slowly")
    await person.should_not_see(marker="use-300")


async def test_one_is_used_after_a_question_that_names_the_repo(
    person: User, ground: Ground
) -> None:
    trained(ground, **ENDED)
    await visit(person, f"/runs/{NONCE}")
    person.find(marker="use-300").click()
    await person.should_see("The voice of step 300 becomes the voice of run-01 in me/voice.")
    person.find(marker="really-use").click()
    await person.should_see("Hugging Face token", retries=30)
