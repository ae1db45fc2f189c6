"""`launcher sample`: have the voice say something now."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli import offering
from launcher.cli.documents.following import instruction_facts
from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.instructing import instruct
from launcher.cli.terminal.command_line import name_of
from launcher.cli.terminal.output import Output
from pod_image.contract.instructions import InstructionName

app = command_app()


@app.command()
def sample(
    text: Annotated[str, typer.Argument(help="Text to speak, at most 500 characters.")],
    run: Annotated[
        str,
        typer.Option(
            "--run",
            "-r",
            help="A run, such as run-01. Default: the newest run.",
            autocompletion=offering.runs,
        ),
    ] = "",
    speaker: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Speaker, for a voice with several: a name from the dataset, or a number from 0.",
        ),
    ] = "",
    wait: Annotated[bool, typer.Option(help="Wait until the pod has confirmed it.")] = True,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Let the voice speak a sentence in its current state. The audio goes to the results repo."""
    output = Output(as_json=as_json, quiet=quiet)
    answered = instruct(run, InstructionName.SAMPLE, output, text, speaker, wait=wait)
    done = f"Done. {answered.detail}" if answered.state == "done" else answered.detail
    output.answer(
        {"schema": "sample", **instruction_facts(answered)},
        lambda: (
            f"{done}".strip()
            + f"\nHear it: launcher results {name_of(answered.run)} --download --only 'samples/**'"
        ),
        quiet="",
    )
