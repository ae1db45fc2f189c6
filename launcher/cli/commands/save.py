"""`launcher save`: a checkpoint now."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.documents.following import instruction_facts
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, command_app
from launcher.cli.instructing import instruct
from launcher.cli.terminal.output import Output
from pod_image.contract.instructions import InstructionName

app = command_app()


@app.command()
def save(
    run: RunArgument = "",
    wait: Annotated[bool, typer.Option(help="Wait until the pod has confirmed it.")] = True,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a checkpoint now and upload it, without ending the run."""
    output = Output(as_json=as_json, quiet=quiet)
    answered = instruct(run, InstructionName.SAVE, output, wait=wait)
    done = f"Saved. {answered.detail}" if answered.state == "done" else answered.detail
    output.answer(
        {"schema": "save", **instruction_facts(answered)},
        lambda: done.strip() or "The pod was told to save.",
        quiet="",
    )
