"""The page of a run shows what its recipe has, and nothing that another one would have."""

from __future__ import annotations

import json

import pytest
from nicegui.testing import User

from launcher.cli.terminal.picture import Picture
from launcher.domain.run import RunState
from launcher.recipes import recipe_of_run, smaller_try_of_run
from launcher.services.common.observations import EventSeen
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.page_verbs import hrefs, visit
from tests.kit.runs import event, run
from tests.ui.conftest import Ground, place

NONCE = run().nonce
COMMAND = json.dumps({"recipe": "command", "argv": ["true"]})


async def test_a_command_s_page_has_the_steps_and_parts_that_a_command_has(
    person: User, ground: Ground
) -> None:
    place(ground, settings_json=COMMAND)
    await visit(person, f"/runs/{NONCE}")
    await person.should_see("Run the command")
    for words in ("Make the voice file", "Prepare the recordings", "Sample now", "Samples"):
        await person.should_not_see(words)
    await person.should_see("The command is asked to end now")


async def test_a_voice_s_page_has_those_of_a_voice(person: User, ground: Ground) -> None:
    place(ground, settings_json=json.dumps({"recipe": "piper"}))
    await visit(person, f"/runs/{NONCE}")
    for words in ("Make the voice file", "Prepare the recordings", "Sample now", "Samples"):
        await person.should_see(words)


@pytest.mark.parametrize(("settings", "speaks"), [(COMMAND, False), ('{"recipe": "piper"}', True)])
async def test_a_run_that_makes_no_voice_leads_to_none(
    person: User, ground: Ground, settings: str, speaks: bool
) -> None:
    ended = {"state": RunState.ENDED, "end_reason": EndReason.FINISHED, "ended_at": NOW}
    place(ground, settings_json=settings, **ended)
    await visit(person, f"/runs/{NONCE}")
    assert (f"/voice?run={NONCE}" in hrefs(person)) is speaks


def test_the_terminal_tells_a_command_s_work_in_its_own_words() -> None:
    picture = Picture(run=run(settings_json=COMMAND))
    said = picture.see(EventSeen(event("phase", 1, phase="train", state="started")))
    assert said == "train: the command runs"
    step = EventSeen(event("step", 2, step=3, losses={"accuracy": 0.5, "mel": 9.0}))
    assert "loss 0.500" in picture.see(step)


def test_a_run_of_a_recipe_that_is_not_here_is_shown_plainly() -> None:
    of_a_later_release = json.dumps({"recipe": "chess", "batch_size": 8})
    assert not recipe_of_run(of_a_later_release).shown.has_samples
    assert smaller_try_of_run(of_a_later_release) is None
