"""A command that a person has run in a run's pod, beside what runs there: for a few seconds, without input.

Offered at the command line alone: no server of ours, and nothing that agents call, leads here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, PodGone, ProviderError
from launcher.providers.base import ExecResult
from launcher.services.common.workbench import Workbench
from launcher.services.following.instructions import CONTROL_PROGRAM
from pod_image.contract.next_steps import NextStep, Sentence

MOST_SECONDS = 20
EXEC_SECONDS = 25
"""The longest that a place takes: the pod ends the command before, so that what it printed arrives."""
MOST_WORDS = 240
MOST_LETTERS = 4_096
"""Of each word. A place takes 256 words; some are ours."""


@dataclass(frozen=True)
class Done:
    """What the command left behind, masked in the pod. `exit_code` is None where its time was over."""

    run: Run
    exit_code: int | None
    stdout: str
    stderr: str
    timed_out: bool


async def run_in_pod(bench: Workbench, run: Run, argv: Sequence[str]) -> Done:
    """Run it in the run's work folder, as the user of the run's own programs, without keys.

    Raises InvalidRequest for a run without a pod of ours and for words that no place takes, NoRight where the place
    has no such call, ProviderError where the pod did not take it.
    """
    _refuse_unsendable(argv)
    if run.state is RunState.ENDED or not run.pod_id:
        raise _no_pod(run)
    words = [*CONTROL_PROGRAM, "run", "--seconds", str(MOST_SECONDS), "--", *argv]
    try:
        result = await bench.at(run.place).provider.execute(run.pod_id, words, EXEC_SECONDS)
    except PodGone as exc:
        raise PodGone(
            f"The pod of {run.run_id} takes no command: it is still starting, or gone.",
            hint=Sentence(NextStep.SHOW_RUN.of(run.run_id)),
        ) from exc
    return _done(run, result)


def _refuse_unsendable(argv: Sequence[str]) -> None:
    if not argv or not argv[0].strip():
        raise InvalidRequest(
            "There is no command to run.", hint="Write it after --, such as -- ls."
        )
    if len(argv) > MOST_WORDS or any(len(word) > MOST_LETTERS or "\0" in word for word in argv):
        raise InvalidRequest(
            f"A command has at most {MOST_WORDS} words of {MOST_LETTERS:,} characters, without NUL.",
            hint="Put a longer one into a script, and send that with the run.",
        )


def _no_pod(run: Run) -> InvalidRequest:
    if run.is_from_repo:
        why = "is known only from its results repo"
    else:
        why = "has ended" if run.state is RunState.ENDED else "has no pod yet"
    return InvalidRequest(
        f"No command can be run for {run.run_id}: it {why}.",
        hint=Sentence(NextStep.SHOW_RUN.of(run.run_id)),
    )


def _done(run: Run, result: ExecResult) -> Done:
    """Raises ProviderError for what is no answer of our program in the pod."""
    told = _told(result.stdout)
    code = told.get("exit_code", "")
    if isinstance(told.get("stdout"), str) and (code is None or type(code) is int):
        stderr, is_late = str(told.get("stderr", "")), bool(told.get("timed_out"))
        return Done(run, code, told["stdout"], stderr, is_late)
    if result.timed_out:
        raise ProviderError(
            f"The pod of {run.run_id} did not answer within {EXEC_SECONDS} seconds.",
            hint="It may be busy: try again.",
        )
    if "invalid choice" in result.stderr:
        raise ProviderError(
            f"The image of {run.run_id} is of an earlier release, whose agent runs no commands.",
            hint="Runs that start from now on can do it.",
        )
    said = told.get("error") or (result.stderr.strip() or result.stdout.strip()).rpartition("\n")[2]
    raise ProviderError(
        f"The pod of {run.run_id} did not run the command: {str(said)[:200] or 'it said nothing'}.",
        hint=Sentence(NextStep.READ_LOG.of(run.run_id)),
    )


def _told(stdout: str) -> dict[str, Any]:
    """The JSON that our program in the pod printed last; empty for anything else."""
    try:
        told = json.loads(stdout.strip().rpartition("\n")[2])
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
