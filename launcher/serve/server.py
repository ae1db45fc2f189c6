"""Serving the interface until it is to end: alone, or at the same port as the web form."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from launcher.config import Config
from launcher.door.server import harden_process, serve_until
from launcher.serve.allowed import Allowed
from launcher.serve.app import guarded
from launcher.serve.ground import grounded
from launcher.serve.guard import PREFIX
from launcher.serve.listening import Listening
from launcher.serve.token import ServeToken
from launcher.services.common.interrupts import leaving_on_signals
from launcher.services.common.uninterrupted import what_is_owed
from launcher.stores.secrets import Keys, KeyStore
from pod_image.contract.next_steps import Said


async def serve(
    config: Config,
    keys: Keys,
    listening: Listening,
    *,
    token: ServeToken,
    allowed: Allowed,
    environment: Mapping[str, str],
    key_store: KeyStore,
    say: Callable[[Said], None],
    ready: Callable[[str], None],
) -> None:
    """Serve until a signal or cancellation: a GPU whose launch is not through is released first, runs go on.

    `ready` gets the address once it listens. Raises InvalidRequest for a taken port, NotConfigured for a history that
    cannot be opened.
    """
    listening.check()
    sock, entrance = listening.open()
    harden_process()
    end = asyncio.Event()
    try:
        with leaving_on_signals(end.set, say):
            async with grounded(
                config,
                keys,
                token=token,
                allowed=allowed,
                environment=environment,
                key_store=key_store,
            ) as ground:
                await serve_until(
                    guarded(ground, entrance, time.monotonic),
                    sock,
                    end,
                    lambda: ready(entrance.address.origin),
                    when_ending=ground.told.close,
                    **listening.tls_options,
                )
                if owed := what_is_owed():
                    say(owed)
    finally:
        sock.close()


class Beside:
    """ASGI: the interface below its path, and everything else to the web form, each behind its own guard. `app` is the
    form, since NiceGUI finds its server by following that name."""

    def __init__(self, form: ASGIApp, interface: ASGIApp) -> None:
        self.app, self._interface = form, interface

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = scope["type"] == "http" and (
            scope["path"] == PREFIX or scope["path"].startswith(f"{PREFIX}/")
        )
        await (self._interface if is_ours else self.app)(scope, receive, send)
