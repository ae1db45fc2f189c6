"""`launcher export`: a checkpoint becomes a voice on this computer."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import Annotated

import typer

from launcher.cli.documents.made import Export
from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.terminal.output import Output
from launcher.services.voices.export import Exported, ExportRequest, export
from pod_image.contract.figures import size

app = command_app()


@app.command("export")
def export_command(
    file: Annotated[Path, typer.Argument(metavar="FILE.ckpt", help="A Piper checkpoint.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to. Default: the folder of the checkpoint.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the voice, such as anna.")] = "",
    language: Annotated[
        str,
        typer.Option(
            metavar="CODE", help="Language, such as en_US; known for this program's own runs."
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
