"""`launcher init trainer`: the files of a run in a folder, ready to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from launcher.cli.documents.account import InitTrainer, InitTrainers
from launcher.cli.flags import JsonOption, QuietOption, group_app
from launcher.cli.terminal.layout import paragraph
from launcher.cli.terminal.output import Output
from launcher.config import read_config
from launcher.presets import Preset, find_preset, look_at_presets
from launcher.services.planning.run_folder import RUN_FILE, files_of_run, write_run_folder

HOW = (
    "Edit this file, then run in this folder:",
    f"  launcher plan --file {RUN_FILE}",
    f"  launcher deploy --file {RUN_FILE}",
)

app = group_app("Write the files of a run into a folder, ready to edit.")


@app.callback()
def init() -> None:
    """Write the files of a run into a folder, ready to edit."""


@app.command()
def trainer(
    name: Annotated[
        str, typer.Argument(help="A preset, such as llm-lora. Without it, all are listed.")
    ] = "",
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder for the files. Default: a new folder here, named after the preset."
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a run's settings and its trainer's configuration into a folder. Nothing is rented or sent.

    Edit them, then: launcher plan --file run.toml, and launcher deploy --file run.toml.
    """
    output = Output(as_json=as_json, quiet=quiet)
    if not name:
        presets = list(look_at_presets(read_config()).usable)
        listed: InitTrainers = {
            "schema": "init.trainers",
            "version": 1,
            "presets": [{"name": each.name, "title": each.title} for each in presets],
        }
        output.answer(
            listed,
            lambda: _listing(presets),
            quiet="\n".join(preset.name for preset in presets),
        )
        return
    preset = find_preset(read_config(), name)
    into = folder or Path(preset.name)
    files = files_of_run(preset, HOW)
    write_run_folder(into, files)
    written: InitTrainer = {
        "schema": "init.trainer",
        "version": 1,
        "folder": into,
        "files": sorted(files),
    }
    output.answer(
        written,
        lambda: _written(into, sorted(files)),
        quiet=str(into),
    )


def _listing(presets: list[Preset]) -> str:
    width = max(len(preset.name) for preset in presets)
    lines = [f"{preset.name:<{width}}  {preset.title}" for preset in presets]
    return "\n".join([*lines, "", "Write one: launcher init trainer NAME"])


def _written(folder: Path, files: list[str]) -> str:
    listed = "\n".join(f"  {folder / name}" for name in files)
    words = (
        f"Edit {RUN_FILE}; required values are marked. Then, in that folder:\n"
        f"  launcher plan --file {RUN_FILE}      what the run would do and cost\n"
        f"  launcher deploy --file {RUN_FILE}    starts it"
    )
    return f"Written:\n{listed}\n\n{paragraph(words)}"
