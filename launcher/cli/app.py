"""The entry point and the one place where errors become words and exit codes.

Root help and version are answered before anything else is imported.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence

from launcher.cli.command_list import root_help
from launcher.errors import Interrupted, InvalidRequest, LauncherError

EXIT_INTERRUPTED = 130
_EXIT_USAGE = 2
OBJECTS_BETWEEN_COLLECTIONS = 50_000
_ANSWERED_AT_ONCE: tuple[list[str], ...] = ([], ["--help"], ["-h"], ["help"], ["--version"])


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    from pod_image.contract.interpreter import search_path

    sys.path[:] = search_path()  # nothing below is loaded from the folder that the person stands in
    from launcher.cli.terminal.output import write_what_cannot_be_shown_as_escapes
    from launcher.cli.terminal.plain_text import guard_terminal
    from launcher.cli.terminal.streams import hold_streams

    _leave_out_httpx_command()
    _leave_out_pydantic_plugins()
    _collect_garbage_seldom()
    hold_streams()
    write_what_cannot_be_shown_as_escapes()
    guard_terminal()
    code = run(list(sys.argv[1:] if argv is None else argv))
    _leave_garbage_to_the_system()
    sys.exit(code)


def _leave_out_httpx_command() -> None:
    """`import httpx` loads its own command line where rich is there, and with it rich and a highlighter: a tenth of
    what a command of ours takes. None in its place is what Python has for a module that cannot be imported; httpx goes
    on without.
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # as the import system takes it


def _leave_out_pydantic_plugins() -> None:
    """Pydantic reads what every installed package declares, to find plugins of its own: none is for us."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _collect_garbage_seldom() -> None:
    """A command loads some hundred thousand objects that stay; by Python's usual threshold they are gone through a
    hundred times in search of rubbish, for a tenth of what the command takes.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def _leave_garbage_to_the_system() -> None:
    """Python goes through all that is loaded twice more as it ends, for a sixth of what a command takes; the process
    gives its memory back without that. What is to be done at the end is done by then, or registered with atexit.
    """
    gc.freeze()


def run(words: list[str]) -> int:
    """Run one command; the exit code. Everything a person can act on is said on stderr, without a traceback."""
    if words in _ANSWERED_AT_ONCE and "_LAUNCHER_COMPLETE" not in os.environ:
        return _left_well(words)
    from launcher.cli.terminal.output import speaking_json

    with speaking_json(is_json_asked_for(words)):
        return _left_well(words)


def _left_well(words: list[str]) -> int:
    try:
        code = _answer(words)
    except OSError as exc:
        if _has_reader_left(exc):
            return _reader_went_away()
        if exc.errno != errno.ENOSPC:
            raise
        _reader_went_away()
        return _not_written(exc)
    except SystemExit as leave:
        if isinstance(leave.__context__, BrokenPipeError):  # typer's own way out of it
            return _reader_went_away()
        raise
    return _flushed(code)


def _flushed(code: int) -> int:
    """The exit code once all that was said is out."""
    try:
        sys.stdout.flush()
    except OSError as exc:
        _reader_went_away()
        return code if _has_reader_left(exc) else code or _not_written(exc)
    return code


def _not_written(exc: OSError) -> int:
    from launcher.cli.terminal.output import print_error

    why = exc.strerror or exc
    print_error(LauncherError, f"The answer could not be written: {why}.", "")
    return LauncherError.exit_code


def _has_reader_left(exc: OSError) -> bool:
    from launcher.cli.terminal.streams import READER_LEFT

    return exc.errno in READER_LEFT


def _reader_went_away() -> int:
    """`launcher logs | head`, or a closed terminal: not an error, but nothing may be flushed any more."""
    from launcher.cli.terminal.streams import drop_stdout

    drop_stdout()
    return 0


def _answer(words: list[str]) -> int:
    if words not in _ANSWERED_AT_ONCE or "_LAUNCHER_COMPLETE" in os.environ:
        return _run_command(words)
    print(_version() if words == ["--version"] else root_help())
    return 0


def _version() -> str:
    from launcher import __version__

    return f"launcher {__version__}"


def _run_command(words: list[str]) -> int:
    import typer

    from launcher.cli.terminal.output import print_error

    try:
        return _invoke(words)
    except LauncherError as error:
        from launcher.cli.terminal.next_steps import in_terminal

        said = in_terminal(error.message), in_terminal(error.hint)
        print_error(type(error), *said, error)
        return error.exit_code
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError" and not is_json_asked_for(words):
            print(error.format_message(), file=sys.stderr)
            return _EXIT_USAGE
        text = error.format_message().replace("Value error, ", "")  # as pydantic begins it
        print_error(InvalidRequest, text, _usage_hint(getattr(error, "ctx", None)))
        return _EXIT_USAGE
    except typer.Exit as leave:
        return leave.exit_code
    except OSError as exc:
        from launcher.cli.refused_by_system import refused

        refusal = refused(exc)
        if refusal is None:
            raise
        print_error(type(refusal), str(refusal.message), str(refusal.hint))
        return refusal.exit_code
    except (KeyboardInterrupt, typer.Abort):
        print_error(Interrupted, "Interrupted.", "")
        return EXIT_INTERRUPTED


def _invoke(words: list[str]) -> int:
    if words[:1] == ["runs"] and "_LAUNCHER_COMPLETE" not in os.environ:
        # typer reads every option through pydantic, which takes longer than reading the whole history.
        from launcher.cli.commands.runs import answer_usual_arguments

        if answer_usual_arguments(words[1:]):
            return 0
    from launcher.cli.root import root

    return int(root()(args=words, prog_name="launcher", standalone_mode=False) or 0)


def is_json_asked_for(words: Sequence[str]) -> bool:
    """Whether `--json` is among the words; behind `--` stand those of somebody's own program."""
    ours = words[: words.index("--")] if "--" in words else words
    return "--json" in ours


def _usage_hint(where: object) -> str:
    """`where`: typer's context of the command that the words did not suit, as far as one was found."""
    path, command = getattr(where, "command_path", "launcher"), getattr(where, "command", None)
    if command is None or hasattr(command, "commands"):
        return f"`{path} --help` lists {'its' if ' ' in path else 'the'} commands."
    return f"`{path} --help` lists the options."


if __name__ == "__main__":
    main()
