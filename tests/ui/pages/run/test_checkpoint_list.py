"""Checkpoints stand with their scores, the best is marked with its reason, and one is used only after a question."""

from __future__ import annotations

import shutil
from pathlib import Path

from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.ui.widgets.elements import Button
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.page_verbs import only, press, visit
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


def with_voices(ground: Ground) -> dict[str, bytes | Path]:
    """A finished run of two checkpoints: the final voice is that of the newer one."""
    voices = {step: f"voice of {step}".encode() for step in (100, 200)}
    kept = {
        f"run-01/checkpoints/step-{step:08}/a.onnx{end}": body + end.encode()
        for step, body in voices.items()
        for end in ("", ".json")
    }
    final = {f"run-01/voice/a.onnx{end}": voices[200] + end.encode() for end in ("", ".json")}
    for files in (kept, final):  # one after the other: they hold the same
        ground.push_results(dict(files), "demo/voice")
    trained(ground, results_repo="demo/voice", **ENDED)
    view = ground.site.live.view(run())
    for seq, step in enumerate((100, 200), start=4):
        path = f"samples/step-{step:08}/01.wav"
        view.take(event("sample", seq, step=step, path=path, text="Hello."))
    return {**kept, **final}


async def test_the_checkpoint_whose_voice_is_in_use_is_marked_and_the_mark_moves_with_the_choice(
    holder: User, ground: Ground
) -> None:
    with_voices(ground)
    await visit(holder, f"/runs/{NONCE}")
    await holder.should_see(marker="in-use-200", retries=100)
    await holder.should_not_see(marker="use-200")
    press(holder, only(holder, Button, "use-100"))
    press(holder, only(holder, Button, "really-use"))
    await holder.should_see(marker="in-use-100", retries=300)
    await holder.should_see(marker="use-200")


async def test_without_a_look_into_the_repo_none_is_called_the_one_in_use(
    person: User, ground: Ground
) -> None:
    with_voices(ground)
    ground.make_private("demo/voice")
    await visit(person, f"/runs/{NONCE}")
    await person.should_see(marker="use-200")
    await person.should_not_see("in use")


async def test_among_the_samples_too_a_checkpoint_is_used_only_after_a_question(
    holder: User, ground: Ground
) -> None:
    before = with_voices(ground)
    await visit(holder, f"/runs/{NONCE}?tab=samples")
    await holder.should_see(marker="in-use-200", retries=100)
    press(holder, only(holder, Button, "use-100"))
    await holder.should_see("The voice of step 100 becomes the voice of run-01 in demo/voice.")
    assert await final_voice(ground) == before["run-01/voice/a.onnx"]
    press(holder, only(holder, Button, "really-use"))
    await holder.should_see(marker="in-use-100", retries=300)
    assert await final_voice(ground) == b"voice of 100"


async def test_while_a_run_still_writes_no_checkpoint_among_its_samples_can_be_chosen(
    holder: User, ground: Ground
) -> None:
    trained(ground)
    sample = {"step": 300, "path": "samples/a.wav", "text": "Hello."}
    ground.site.live.view(run()).take(event("sample", 4, **sample))
    await visit(holder, f"/runs/{NONCE}?tab=samples")
    await holder.should_see("Play all")
    await holder.should_not_see("Use this checkpoint")


async def final_voice(ground: Ground) -> bytes:
    bench = ground.opened[-1]
    into = ground.site.config.data_folder / "looked-at"
    shutil.rmtree(into, ignore_errors=True)
    await bench.results("demo/voice").download("run-01", into, ["voice/a.onnx"])
    return (into / "run-01/voice/a.onnx").read_bytes()
