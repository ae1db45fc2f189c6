"""`launcher ui`: the web form in the browser, for this computer alone."""

from __future__ import annotations

import os

from launcher.cli.flags import JsonOption, command_app
from launcher.cli.form_door import BrowserOption, OwnNameOption, PortOption, say, tell_address
from launcher.cli.terminal.output import Output
from launcher.config import read_config
from launcher.stores.secrets import KeyringStore

app = command_app()


@app.command()
def ui(
    port: PortOption = None,
    own_name: OwnNameOption = True,
    browser: BrowserOption = True,
    as_json: JsonOption = False,
) -> None:
    """Open the web form: keys, datasets, training and listening in one place.

    It is served only to this computer, through a link that works once. Ctrl-C ends it. Runs continue without
    it, except a launch whose GPU is not ready yet: that GPU is removed.
    """
    from launcher.cli.completing import complete
    from launcher.ui.application import make_site, serve

    site = make_site(read_config(), environment=os.environ, key_store=KeyringStore())
    complete(
        serve(
            site,
            port=port,
            own_name=own_name,
            open_browser=browser,
            say=say,
            ready=tell_address(Output(as_json=as_json, streams=True)),
        )
    )
