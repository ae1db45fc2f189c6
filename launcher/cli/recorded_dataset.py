"""`launcher dataset record`: opens the page on which sentences are read aloud into a dataset."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from launcher.cli.completing import complete
from launcher.cli.flags import JsonOption
from launcher.cli.form_door import (
    BrowserOption,
    FormDoor,
    OwnNameOption,
    PortOption,
    say,
    tell_address,
)
from launcher.cli.terminal.output import Output
from launcher.config import Config, read_config
from launcher.errors import InvalidRequest
from launcher.services import datasets, recording
from launcher.stores.secrets import KeyringStore

USUAL_LANGUAGE = "en_US"
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def add_to(app: typer.Typer) -> None:
    """Make this command of the group."""
    app.command()(record)


def record(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Name of a new dataset or one on this computer, or a folder such as ./anna.",
        ),
    ],
    language: Annotated[
        str | None,
        typer.Option(
            help=(
                "Language of the sentences to read: en, de, es, fr, it, nl or pt, or the language of your own "
                "sentences."
            )
        ),
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your own sentences to read instead, one per line."),
    ] = None,
    port: PortOption = None,
    own_name: OwnNameOption = True,
    browser: BrowserOption = True,
    as_json: JsonOption = False,
) -> None:
    """Read sentences aloud in the browser; each becomes a clip with its text.

    It continues where it stopped. Without --language or --prompts the page asks what to read. Ctrl-C ends it.
    """
    config = read_config()
    out = datasets.folder_for(config, folder)
    if prompts is not None:
        file = prompts.expanduser()
        complete(recording.begin_with_file(out, language or USUAL_LANGUAGE, file))
    elif language is not None:
        complete(recording.begin_with_ours(out, language))
    door = FormDoor(port, own_name, browser)
    _open(config, out, door, Output(as_json=as_json, streams=True))


def _open(config: Config, folder: Path, door: FormDoor, output: Output) -> None:
    from launcher.ui.application import make_site, serve

    site = make_site(config, environment=os.environ, key_store=KeyringStore())
    name = folder.name
    if folder.parent != config.datasets_folder:
        name = page_name(folder)
        site.recording_folders[name] = folder.absolute()
    landing = f"/record/{quote(name)}"
    complete(
        serve(
            site,
            port=door.port,
            own_name=door.own_name,
            open_browser=door.open_browser,
            say=say,
            ready=tell_address(output, landing),
            landing=landing,
        )
    )


def page_name(folder: Path) -> str:
    """What a folder anywhere is called on its page. Raises InvalidRequest for one without a name."""
    name = _NO_NAME.sub("-", folder.absolute().name).strip("-.")
    if not name:
        raise InvalidRequest(f"{folder} has no name.", hint="Give a folder for the dataset.")
    return name
