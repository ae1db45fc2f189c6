"""A command beside a run, at a terminal: what `launcher exec` and `launcher shell` do with one, and show of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from launcher.cli.documents.following import Exec
from launcher.cli.session import PLACE_ALONE, run_at
from launcher.cli.terminal.output import Output, print_notice
from launcher.cli.terminal.plain_text import plain_text
from launcher.services.common.workbench import Workbench
from launcher.services.following.find_run import find_run
from launcher.services.following.run_in_pod import MOST_SECONDS, Done, run_in_pod

EXIT_TIMED_OUT = 124
"""As with timeout(1)."""
TIMED_OUT = f"The command was ended after {MOST_SECONDS} seconds."


def run_beside(key: str, argv: Sequence[str]) -> Done:
    """Run it in the pod of that run. Raises what `run_in_pod` raises."""

    async def work(bench: Workbench) -> Done:
        return await run_in_pod(bench, await find_run(bench, key), argv)

    return run_at(key, work, PLACE_ALONE)


def show_done(done: Done, argv: Sequence[str], output: Output) -> int:
    """Print what the command printed, each stream where it belongs. Returns the exit code to leave with."""
    if output.as_json:
        output.answer(exec_document(done, argv), lambda: "")
        return exit_code_of(done)
    sys.stdout.write(plain_text(done.stdout))
    sys.stdout.flush()
    sys.stderr.write(plain_text(done.stderr))
    sys.stderr.flush()
    if done.timed_out:
        print_notice(TIMED_OUT)
    return exit_code_of(done)


def exit_code_of(done: Done) -> int:
    """The command's own; of one that a signal ended as a shell has it."""
    if done.exit_code is None:
        return EXIT_TIMED_OUT
    return done.exit_code if done.exit_code >= 0 else 128 - done.exit_code


def exec_document(done: Done, argv: Sequence[str]) -> Exec:
    return {
        "schema": "exec",
        "version": 1,
        "run_id": done.run.run_id,
        "command": list(argv),
        "exit_code": done.exit_code,
        "timed_out": done.timed_out,
        "stdout": done.stdout,
        "stderr": done.stderr,
    }
