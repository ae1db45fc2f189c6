"""`launcher shell`: lines typed here, each run in the pod of a run."""

from __future__ import annotations

import secrets
import sys
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, replace

import typer

from launcher.cli.beside import exit_code_of, run_beside, show_done
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, command_app
from launcher.cli.terminal.output import Output, print_notice
from launcher.cli.terminal.plain_text import plain_text_line, unguarded
from launcher.errors import Interrupted, ProviderError
from launcher.services.following.run_in_pod import MOST_SECONDS, Done

app = command_app()

_LINE = 'cd -- "$1" || exit; eval "$2"; code=$?; printf "\\n%s%s\\n" "$3" "$PWD"; exit "$code"'
"""Runs a line in the folder where the one before it ended, and tells where this one did, behind a mark."""
_LEAVING = ("exit", "quit", "logout")


@dataclass
class _Place:
    """Where the next line runs. `folder` is empty until the pod has told it."""

    run: str
    folder: str = "."

    def do(self, line: str) -> Done:
        mark = secrets.token_hex(8)
        done = run_beside(self.run, ("sh", "-c", _LINE, "sh", self.folder, line, mark))
        printed, found, folder = done.stdout.rpartition(f"\n{mark}")
        if not found:
            return done
        self.folder = folder.rstrip("\n") or self.folder
        return replace(done, stdout=printed)


@app.command()
def shell(run: RunArgument = "", as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Type commands and have each run in the pod of a run, until Ctrl-D or exit.

    Each line is a call of its own, as with launcher exec: 20 seconds, no input, no key in its environment, output
    masked. So no editor and no program that asks something works here. The folder lasts from line to line; variables
    do not. Lines may also come from a file or a pipe. The exit code is that of the last line.
    """
    output = Output(as_json=as_json, quiet=quiet, streams=True)
    first = run_beside(run, ("pwd",))
    place = _Place(first.run.address, first.stdout.strip() or ".")
    is_typed = sys.stdin.isatty()
    if is_typed:
        output.talk(
            f"In the pod of {first.run.run_id}. Each line gets {MOST_SECONDS} seconds and no input; variables do not "
            "last. Ctrl-D leaves."
        )
    code = exit_code_of(first)
    while (line := _next_line(first.run.run_id, place.folder, is_typed=is_typed)) is not None:
        if line.strip() in _LEAVING:
            break
        if line.strip():
            code = _shown(place, line, output)
    raise typer.Exit(code)


def _shown(place: _Place, line: str, output: Output) -> int:
    """Run one line and show it. What the pod does not take is said, and the next line may be typed."""
    try:
        return show_done(place.do(line), ("sh", "-c", line), output)
    except Interrupted:
        print_notice(f"Not waited for; the line ends within {MOST_SECONDS} seconds.")
        return Interrupted.exit_code
    except ProviderError as error:
        if not sys.stdin.isatty():
            raise
        print_notice(str(error.message))
        return error.exit_code


def _next_line(run_id: str, folder: str, *, is_typed: bool) -> str | None:
    """The next line without its end; None when there are no more."""
    if not is_typed:
        line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None
    with suppress(ImportError):
        import readline  # noqa: F401 (gives `input` its arrow keys)
    while True:
        try:
            with redirect_stdout(unguarded(sys.stdout)):
                return input(plain_text_line(f"{run_id}:{folder}$ "))
        except EOFError:
            sys.stderr.write("\n")
            return None
        except KeyboardInterrupt:
            sys.stderr.write("\n")
