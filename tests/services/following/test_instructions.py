"""How an instruction goes in, when the pod is quicker than the call that brought it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from launcher.emulator.runpod import ExecOutcome, ScriptedContainer
from launcher.errors import InvalidRequest
from launcher.services.following.instructions import Way, new_instruction, send
from launcher.services.launching.launch import launch
from pod_image.contract.instructions import InstructionName
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness


@in_virtual_time
async def test_a_receipt_counts_although_the_pod_ended_before_the_exec_did(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    instruction = new_instruction(InstructionName.STOP)
    receipt = json.dumps({"id": instruction.id, "state": "received"})
    harness.runner.on_exec = lambda *_: ExecOutcome(-9, stdout=f"{receipt}\n")
    run = await launch(harness.bench, plan(), harness.keys)
    assert (await send(harness.bench, run, instruction)).way is Way.EXEC


@pytest.mark.parametrize(
    "printed",
    ['{"id": "another", "state": "received"}', '{"error": "no agent"}', "[1]", "Killed", ""],
)
def test_other_words_before_a_bad_exit_code_are_no_receipt(tmp_path: Path, printed: str) -> None:
    def answer(container: ScriptedContainer, words: list[str]) -> ExecOutcome:
        return ExecOutcome(1, stdout=printed)

    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        harness.runner.on_exec = answer
        run = await launch(harness.bench, plan(), harness.keys)
        assert (
            await send(harness.bench, run, new_instruction(InstructionName.STOP))
        ).way is Way.FILE

    check()


@in_virtual_time
async def test_a_command_says_by_exec_which_attempt_it_is_for(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    seen: list[list[str]] = []

    def answer(container: ScriptedContainer, words: list[str]) -> ExecOutcome:
        seen.append(words)
        return harness.script.on_exec(container, words)

    harness.runner.on_exec = answer
    run = await launch(harness.bench, plan(), harness.keys)
    await send(harness.bench, run, new_instruction(InstructionName.SAMPLE, "Hello."))
    assert seen[0][-4:] == ["--attempt", run.nonce, "--text", "Hello."]
    await send(harness.bench, run, new_instruction(InstructionName.SAMPLE, "Hello.", " Ann "))
    assert seen[1][-4:] == ["--text", "Hello.", "--said-by", "Ann"]
    with pytest.raises(InvalidRequest, match="name is too long"):
        new_instruction(InstructionName.SAMPLE, "Hello.", "a" * 201)


@in_virtual_time
async def test_an_image_that_knows_no_attempts_gets_the_command_as_a_file(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    words = "usage: control\ncontrol: error: unrecognized arguments: --attempt abc"
    harness.runner.on_exec = lambda *_: ExecOutcome(2, stderr=words)
    run = await launch(harness.bench, plan(), harness.keys)
    sent = await send(harness.bench, run, new_instruction(InstructionName.STOP))
    assert (sent.way, "unrecognized" in sent.detail) == (Way.FILE, True)
