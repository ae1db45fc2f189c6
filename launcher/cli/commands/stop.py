"""`launcher stop`: end a run and have it deliver what it made."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.documents.following import instruction_facts
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, command_app
from launcher.cli.instructing import instruct
from launcher.cli.terminal.command_line import name_of
from launcher.cli.terminal.output import Output
from pod_image.contract.instructions import InstructionName

app = command_app()


@app.command()
def stop(
    run: RunArgument = "",
    wait: Annotated[bool, typer.Option(help="Wait until the pod has confirmed it.")] = True,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Finish a run now: it exports and delivers its results, then ends its pod itself."""
    output = Output(as_json=as_json, quiet=quiet)
    answered = instruct(run, InstructionName.STOP, output, wait=wait)
    run_id = answered.run.run_id
    words = {
        "done": f"{run_id} is stopping: its results are exported and delivered, then the pod ends itself.",
        "ended": f"{run_id} had already ended by itself.",
    }
    output.answer(
        {"schema": "stop", **instruction_facts(answered)},
        lambda: (
            words.get(answered.state, f"{run_id} was told to stop. {answered.detail}").strip()
            + f"\nFollow it: launcher watch {name_of(answered.run)}"
        ),
        quiet="",
    )
