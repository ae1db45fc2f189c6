"""Saying something to a running pod: stop, save, sample, abort."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, PodGone, ProviderError, ProviderUnavailable
from launcher.services.common.workbench import Workbench
from launcher.services.ending.refresh import refreshed
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.next_steps import NextStep, Sentence

_FIND_THE_AGENT = (
    'r() { f="$1/control"; shift; if [ -O "$f" ]; then exec "$f" "$@"; fi; }; '
    'r /launcher "$@"; r "${LAUNCHER_FOLDER:-.}" "$@"; '
    'if [ "$(id -u)" != 0 ]; then r "$HOME/launcher" "$@"; r /tmp/launcher "$@"; fi; '
    'exec python -P -m pod_image.control "$@"'
)
CONTROL_PROGRAM = ("sh", "-c", _FIND_THE_AGENT, "control")
"""In an image of somebody else's the agent's Python is on nobody's path, and lies where `pod_image.bootstrap` found
room. Only what this very user made is run: the platform gives it the pod's whole environment, keys and all."""
EXEC_SECONDS = 20
MOST_LETTERS_OF_SPEAKER = 200


class Way(StrEnum):
    """How an instruction reached the pod."""

    EXEC = "exec"
    FILE = "file"
    """A numbered file in the results repo; the pod looks every 30 s."""


@dataclass(frozen=True)
class Sent:
    """The instruction is on its way. It took effect when a `command` event with this id says `done`."""

    instruction: Instruction
    way: Way
    detail: str = ""
    """Why the first way failed, when it did."""


def new_instruction(name: InstructionName, text: str = "", speaker: str = "") -> Instruction:
    """Raises InvalidRequest for a sample without, or with too long a text, or a speaker that nobody can be called."""
    words = text.strip()
    if name is InstructionName.SAMPLE and not 0 < len(words) <= 500:
        raise InvalidRequest(
            "A sample needs a text of 1 to 500 characters.",
            hint=Sentence(NextStep.SAY_SENTENCE),
        )
    who = speaker.strip()
    if len(who) > MOST_LETTERS_OF_SPEAKER:
        raise InvalidRequest(
            "The speaker's name is too long.",
            hint="Give the name of one of the dataset's speakers, or a number from 0.",
        )
    return Instruction(id=secrets.token_hex(6), command=name, text=words, speaker=who)


async def send(bench: Workbench, run: Run, instruction: Instruction) -> Sent:
    """Hand an instruction to the run's pod: by exec, and where that is refused through the results repo.

    The same id goes both ways, so that an instruction that arrives twice is done once. It is meant for this attempt
    alone: a later one that finds it in the repo refuses it. Raises InvalidRequest when the run has no pod; one
    whose pod is gone is closed first, with what it delivered. Raises what `refreshed` raises, ProviderError when the
    image is too old for it, and HubError when neither way is open.
    """
    bench = bench.at(run.place)
    if run.state is RunState.ENDED or not (run.pod_id or run.is_from_repo):
        raise _no_pod(run)
    instruction = instruction.model_copy(update={"nonce": run.attempt_nonce})
    if run.is_from_repo:
        # Whose pod its repo names is anybody's word: the pod that writes there reads there.
        await bench.results(run.results_repo).leave_instruction(run.run_id, instruction)
        return Sent(instruction, Way.FILE, "known only from its results repo")
    try:
        detail = await _by_exec(bench, run, instruction)
    except PodGone:
        detail = "the pod does not accept instructions yet"
    except ProviderError as exc:
        detail = str(exc)
    if not detail:
        return Sent(instruction, Way.EXEC)
    if "invalid choice" in detail:  # its agent would not know the same from the results repo either
        raise ProviderError(
            f"The image of {run.run_id} is of an earlier release, which does not know {instruction.command}.",
            hint="Runs that start from now on know it.",
        )
    with suppress(ProviderUnavailable):  # no answer is no reason not to leave it
        run, pod = await refreshed(bench, run)
        if pod is None:
            raise _no_pod(run)
    await bench.results(run.results_repo).leave_instruction(run.run_id, instruction)
    return Sent(instruction, Way.FILE, detail)


def _no_pod(run: Run) -> InvalidRequest:
    ended = f" {run.end_sentence}" if run.end_reason is not None else ""
    return InvalidRequest(
        f"Run {run.run_id} has no pod to send an instruction to; it is {run.state}.{ended}",
        hint=Sentence(NextStep.SHOW_RUN.of(run.run_id)),
    )


async def _by_exec(bench: Workbench, run: Run, instruction: Instruction) -> str:
    """Empty when the agent has the instruction, else why not."""
    result = await bench.provider.execute(run.pod_id, control_argv(instruction), EXEC_SECONDS)
    if result.exit_code == 0 or _has_receipt(result.stdout, instruction):
        return ""
    if result.timed_out:
        return "the pod did not accept the instruction in time"
    last_line = (result.stderr.strip() or result.stdout.strip()).rpartition("\n")[2]
    return last_line[:200] or f"the pod answered {result.exit_code}"


def _has_receipt(printed: str, instruction: Instruction) -> bool:
    """Whether the agent's spool has it. A stop or abort may end the pod before its own exec has ended, and that
    exec is then killed: its exit code says nothing."""
    for line in printed.splitlines():
        with suppress(ValueError):
            receipt = json.loads(line)
            if isinstance(receipt, dict) and receipt.get("state") == "received":
                return bool(receipt.get("id") == instruction.id)
    return False


def control_argv(instruction: Instruction) -> list[str]:
    argv = [*CONTROL_PROGRAM, instruction.command.value, "--id", instruction.id]
    argv += ["--attempt", instruction.nonce] if instruction.nonce else []
    argv += ["--text", instruction.text] if instruction.text else []
    argv += ["--said-by", instruction.speaker] if instruction.speaker else []
    return argv
