"""`launcher presets`: list, show, save and delete named settings."""

from __future__ import annotations

import json
from typing import Annotated

import tomli_w
import typer

from launcher.cli import offering
from launcher.cli.documents.account import (
    PresetsDelete,
    PresetsList,
    PresetsSave,
    PresetsShow,
    preset_facts,
)
from launcher.cli.flags import FileOption, JsonOption, QuietOption, SetOption, group_app
from launcher.cli.terminal.layout import paragraph
from launcher.cli.terminal.output import Output, style
from launcher.config import read_config
from launcher.domain.written_by import VERSION_KEY
from launcher.errors import InvalidRequest
from launcher.forms.run_file import differences, read_run_file
from launcher.forms.scopes import kept_by_a_preset
from launcher.forms.values import parse_assignment
from launcher.presets import (
    Preset,
    delete_preset,
    find_preset,
    look_at_presets,
    save_preset,
)
from launcher.services.planning.compose import compose, that_apply
from launcher.stores.runs import RunHistory
from pod_image.contract.figures import dollars
from pod_image.contract.older_settings import TakenOver, taken_over

app = group_app("Named settings to start from: list, show, save, delete.")
Name = Annotated[str, typer.Argument(help="Name of the preset.", autocompletion=offering.presets)]


@app.command("list")
def list_presets(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """All presets, built-in and your own."""
    found = look_at_presets(read_config())
    presets = list(found.usable)
    document: PresetsList = {
        "schema": "presets.list",
        "version": 1,
        "presets": [preset_facts(preset) for preset in presets],
        "broken": [
            {"name": each.name, "path": each.path, "message": str(each.error.message)}
            for each in found.broken
        ],
    }
    output = Output(as_json=as_json, quiet=quiet)
    for each in found.broken:
        output.talk(f"{each.error.message} {each.error.hint}")
    output.answer(
        document,
        lambda: _listing(presets),
        quiet="\n".join(preset.name for preset in presets),
    )


@app.command()
def show(name: Name, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Print a preset as a file, which `launcher deploy --file` also accepts."""
    preset = find_preset(read_config(), name)
    text = tomli_w.dumps(
        {
            **({VERSION_KEY: preset.version} if preset.version else {}),
            "title": preset.title,
            "description": preset.description,
            "settings": preset.values,
        }
    )
    document: PresetsShow = {"schema": "presets.show", "version": 1, **preset_facts(preset)}
    Output(as_json=as_json, quiet=quiet).answer(
        document, lambda: text.rstrip(), quiet=text.rstrip()
    )


@app.command()
def save(
    name: Name,
    from_run: Annotated[
        str | None, typer.Option("--from", help="Take the settings of this run.")
    ] = None,
    file: FileOption = None,
    assignments: SetOption = None,
    title: Annotated[str, typer.Option(help="Title: a few words.")] = "",
    description: Annotated[str, typer.Option(help="Description: when to use it.")] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Save settings under a name: from a run, a file or --set."""
    config = read_config()
    values: dict[str, object] = {}
    notes: list[str] = []
    if from_run:
        found = _settings_of(from_run)
        values |= kept_by_a_preset(found.values)
        notes += found.notes
    if file:
        from_file = read_run_file(file)
        values |= from_file.values
        notes += from_file.notes
    values |= dict(parse_assignment(text) for text in assignments or [])
    if not values:
        raise InvalidRequest(
            "There is nothing to save.", hint="Give --from RUN, --file run.toml or --set key=value."
        )
    settings = compose(None, values, check_required=False).settings
    path = save_preset(config, name, differences(settings), title, description)
    output = Output(as_json=as_json, quiet=quiet)
    for note in notes:
        output.talk(note)
    document: PresetsSave = {"schema": "presets.save", "version": 1, "name": name, "path": path}
    output.answer(
        document,
        lambda: f"Saved. Use it with: launcher deploy --preset {name}",
        quiet="",
    )


@app.command()
def delete(name: Name, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Delete one of your own presets."""
    delete_preset(read_config(), name)
    document: PresetsDelete = {
        "schema": "presets.delete",
        "version": 1,
        "name": name,
        "deleted": True,
    }
    Output(as_json=as_json, quiet=quiet).answer(document, lambda: f"{name} was deleted.", quiet="")


def _settings_of(key: str) -> TakenOver:
    history = RunHistory(read_config().history_path)
    try:
        values = json.loads(history.get(key).settings_json)
    finally:
        history.close()
    found = taken_over(values, of_another_release=True)
    applying = that_apply(found.values, beside={})
    aside = [name for name in found.values if name not in applying]
    notes = [f"{name} is ignored: it does not apply with these settings." for name in aside]
    return TakenOver(applying, (*found.notes, *notes))


def _listing(presets: list[Preset]) -> str:
    parts = []
    for preset in presets:
        hours, cost = preset.values.get("max_hours"), preset.values.get("max_cost_usd")
        caps = f"at most {hours:g} h and {dollars(cost)}" if hours and cost else "default caps"
        own = "" if preset.is_built_in else ", yours"
        parts.append(f"{style(preset.name, 'bold')}  {caps}{own}")
        parts.append(paragraph(preset.description or preset.title, indent=4))
    return "\n".join(parts)
