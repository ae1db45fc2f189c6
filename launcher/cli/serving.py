"""`launcher serve` at work: alone, or with the web form at the same port."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.cli.completing import complete
from launcher.cli.documents.account import Serve
from launcher.cli.documents.account import ServeToken as TokenDocument
from launcher.cli.form_door import say
from launcher.cli.session import find
from launcher.cli.terminal.output import Output, print_warning
from launcher.config import Config, read_config
from launcher.errors import InvalidRequest, NotConfigured
from launcher.serve.allowed import Allowed
from launcher.serve.guard import PREFIX, VERSION_PREFIX
from launcher.serve.listening import PORT_OF_LAST_TIME, Listening
from launcher.serve.token import VARIABLE, ServeToken, TokenSource, new_token, take_token
from launcher.stores.secrets import KeyringStore, Keys

if TYPE_CHECKING:
    from launcher.ui.server.guard import Guard

_TAB = "the interface"
"""Stands among the tabs of the form, so that both use one set of what was opened, and one list of pods."""


def serve_interface(
    listening: Listening,
    folders: Sequence[Path],
    secrets: Sequence[str],
    output: Output,
    *,
    with_form: bool,
) -> None:
    """Until Ctrl-C. Raises InvalidRequest, NotConfigured."""
    listening.check()
    if with_form and not (listening.is_loopback and not listening.is_encrypted):
        raise InvalidRequest(
            "The web form is only for this computer and cannot be served to others.",
            hint="Remove --with-form, or remove the other host and the certificate.",
        )
    config = read_config()
    config.make_folders()
    allowed = Allowed.by(config, folders, secrets)
    store = KeyringStore()
    token = take_token(os.environ, store)
    refuse_to_show_in_a_log(token)
    keys = find(store=store)
    if listening.warning:
        print_warning(listening.warning)
    if with_form:
        _with_form(config, keys, listening, token, allowed, store, output)
        return
    from launcher.serve.server import serve

    complete(
        serve(
            config,
            keys,
            listening,
            token=token,
            allowed=allowed,
            environment=os.environ,
            key_store=store,
            say=say,
            ready=lambda origin: say_where(origin, token, output),
        )
    )


def _with_form(
    config: Config,
    keys: Keys,
    listening: Listening,
    token: ServeToken,
    allowed: Allowed,
    store: KeyringStore,
    output: Output,
) -> None:
    from launcher.serve.app import guarded
    from launcher.serve.ground import Ground
    from launcher.serve.server import Beside
    from launcher.stores.secrets import KeyName
    from launcher.ui import application

    site = application.make_site(config, environment=os.environ, key_store=store)

    async def both() -> None:
        site.vault.connected(_TAB, _TAB)
        for name in KeyName:
            value = keys.get(name)
            if value is not None:
                site.vault.put(_TAB, name.value, value)
        session = await site.sessions.of(_TAB)
        ground = Ground(session.bench, keys, site.live, allowed, token, os.environ, key_store=store)

        def beside(form: Guard) -> Beside:
            entrance = listening.entrance(form.address.port)
            say_where(entrance.address.origin, token, output)
            return Beside(form, guarded(ground, entrance, time.monotonic))

        await application.serve(
            site,
            port=None if listening.port == PORT_OF_LAST_TIME else listening.port,
            open_browser=False,
            say=say,
            beside=beside,
            when_ending=ground.told.close,
        )

    complete(both())


def refuse_to_show_in_a_log(token: ServeToken) -> None:
    """A token that only this start knows is shown once, on a terminal. Raises NotConfigured where there is none."""
    if token.source is TokenSource.MEMORY and not sys.stderr.isatty():
        raise NotConfigured(
            "There is no keyring to store a token, and no terminal to show it. A token does not belong in a log.",
            hint=f"Set the variable {VARIABLE} to your own token of at least 32 letters and digits.",
        )


def say_where(origin: str, token: ServeToken, output: Output) -> None:
    url = f"{origin}{VERSION_PREFIX}"
    if output.as_json:
        document: Serve = {"schema": "serve", "version": 1, "url": url, "token_id": token.id}
        output.event(document)
    say(f"Serving at {url}; the reference is at {origin}{PREFIX}/")
    match token.source:
        case TokenSource.ENVIRONMENT:
            say(f"The token comes from {VARIABLE}.")
        case TokenSource.KEYRING:
            made = "A token was made and is" if token.is_new else "The token is"
            say(f"{made} in the keyring: launcher serve token shows it.")
        case TokenSource.MEMORY:
            say("There is no keyring. This token is shown only once and ends with the server:")
            say(token.secret.get_secret_value())
    say("Ctrl-C ends the server; runs continue without it.")


def print_token(output: Output, *, is_new: bool) -> None:
    """The token alone on stdout. Raises NotConfigured where there is no place that it could be kept in."""
    store = KeyringStore()
    if is_new and os.environ.get(VARIABLE):
        raise InvalidRequest(
            f"The token comes from the variable {VARIABLE}; a new one would not be used.",
            hint="Change the variable, or unset it.",
        )
    token = new_token(store) if is_new else take_token(os.environ, store)
    if token.source is TokenSource.MEMORY:
        raise NotConfigured(
            "There is no keyring to store a token.",
            hint=(
                f"Set the variable {VARIABLE}, or start the server in a terminal, where it shows the token it "
                "makes."
            ),
        )
    value = token.secret.get_secret_value()
    document: TokenDocument = {
        "schema": "serve.token",
        "version": 1,
        "token": value,
        "token_id": token.id,
        "source": "environment" if token.source is TokenSource.ENVIRONMENT else "keyring",
    }
    output.answer(document, lambda: value)
