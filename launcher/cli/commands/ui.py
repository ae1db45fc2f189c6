"""`launcher ui`: the web form in the browser, for this computer alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated

import typer

from launcher.cli.flags import command_app
from launcher.cli.terminal.next_steps import in_terminal
from launcher.config import read_config
from launcher.stores.secrets import KeyringStore
from pod_image.contract.next_steps import Said

app = command_app()
PortOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65_535,
        help="Port on 127.0.0.1, that of last time unless given; 0 takes a free one.",
    ),
]
OwnNameOption = Annotated[
    bool,
    typer.Option(
        "--own-name/--no-own-name",
        help="A name of its own under localhost, so that no other server on this computer is shown the form's "
        "cookie. Without it 127.0.0.1, for a browser that does not find the name.",
    ),
]
BrowserOption = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")
]


@dataclass(frozen=True)
class FormDoor:
    """Where the form is to be found, and whether the browser is opened at once."""

    port: int | None = None
    own_name: bool = True
    open_browser: bool = True


@app.command()
def ui(
    port: PortOption = None, own_name: OwnNameOption = True, browser: BrowserOption = True
) -> None:
    """Open the web form: keys, datasets, training, listening, in one place.

    It is served to this computer alone, through a link that works once. Ctrl-C ends it; runs go on without
    it, except a launch whose GPU is not ready yet: that GPU is removed.
    """
    from launcher.cli.session import complete
    from launcher.ui.application import make_site, serve

    site = make_site(read_config(), environment=os.environ, key_store=KeyringStore())
    complete(serve(site, port=port, own_name=own_name, open_browser=browser, say=say))


def say(line: Said) -> None:
    """A line on stderr, at once: the launch link is no answer a program could use."""
    typer.echo(in_terminal(line), err=True)
