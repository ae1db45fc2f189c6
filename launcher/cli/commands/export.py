"""`launcher export`: a checkpoint becomes a voice on this computer; a run becomes the task of another engine."""

from __future__ import annotations

import asyncio
import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from launcher.cli import offering
from launcher.cli.documents.made import Export
from launcher.cli.flags import JsonOption, QuietOption, SetOption, command_app
from launcher.cli.terminal.output import Output
from launcher.services.voices.export import Exported, ExportRequest, export
from pod_image.contract.figures import size


class Engine(StrEnum):
    SKYPILOT = "skypilot"
    DSTACK = "dstack"


VOICE = "voice"
"""The command of the group that is meant where none is named."""


class _Group(typer.core.TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_named = bool(args) and (args[0] in self.commands or args[0] in ("--help", "-h"))
        return super().parse_args(ctx, args if is_named or not args else [VOICE, *args])


app = command_app(cls=_Group, no_args_is_help=True)


@app.callback()
def export_group() -> None:
    """Make a voice from a checkpoint, or write a run as the task of another engine.

    `launcher export FILE.ckpt` is short for `launcher export voice FILE.ckpt`.
    """


@app.command(VOICE)
def export_command(
    file: Annotated[Path, typer.Argument(metavar="FILE.ckpt", help="A Piper checkpoint.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to. Default: the folder of the checkpoint.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the voice, such as anna.")] = "",
    language: Annotated[
        str,
        typer.Option(
            metavar="CODE", help="Language, such as en_US. Known already for runs of this program."
        ),
    ] = "",
    espeak_voice: Annotated[
        str, typer.Option(help="espeak-ng voice, if it is not the one for the language.")
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a voice from a checkpoint: .onnx, .onnx.json and tokens.txt. Needs the extra `pod`."""
    output = Output(as_json=as_json, quiet=quiet)
    output.talk("Exporting; this takes about half a minute.")
    file = file.expanduser()
    request = ExportRequest(file, (out or file.parent).expanduser(), name, language, espeak_voice)
    made = asyncio.run(export(request))
    document: Export = {
        "schema": "export",
        "version": 1,
        "onnx": made.onnx,
        "json": made.json,
        "tokens": made.tokens,
        "size_bytes": made.size_bytes,
    }
    output.answer(document, lambda: _text(made), quiet=str(made.onnx))


def _text(made: Exported) -> str:
    return "\n".join(
        [
            f"{made.onnx}  ({size(made.size_bytes)})",
            f"{made.json}",
            f"{made.tokens}  (for sherpa-onnx)",
            "",
            f"Hear it: piper --model {shlex.quote(str(made.onnx))} --output-file hello.wav -- 'Hello there.'",
        ]
    )


@app.command("task")
def task(
    engine: Annotated[
        Engine, typer.Argument(metavar="skypilot|dstack", help="The engine that starts the task.")
    ],
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN-OR-PRESET",
            help="The run or the preset whose settings are used.",
            autocompletion=offering.runs_and_presets,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to. Default: the current folder.")
    ] = None,
    run_id: Annotated[
        str, typer.Option(help="Run ID of the task. It must be free in the results repo.")
    ] = "exported-01",
    assignments: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the task file of another engine for the same image and settings. Nothing is started.

    That engine does not end a machine the way this program does: the file sets the engine's own rules, and says so.
    Tokens are named in the file; their values never are.
    """
    from launcher.cli.exporting import export_task

    output = Output(as_json=as_json, quiet=quiet)
    export_task(output, engine.value, what, out or Path(), run_id, assignments or [])
