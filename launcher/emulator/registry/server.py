"""The emulated registries on a loopback port, on uvicorn in a thread: what `launcher demo` starts."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

import uvicorn

from launcher.emulator.registry.app import RegistryApp
from launcher.emulator.registry.contents import RegistryContents
from launcher.emulator.threaded_server import ThreadedServer


class RegistryEmulator:
    """Registries on 127.0.0.1 for as long as the `with` block lasts. `url` stands in for the base of each of them."""

    def __init__(self, contents: RegistryContents | None = None, port: int = 0) -> None:
        self.contents = contents or RegistryContents()
        self.app = RegistryApp(self.contents)
        self.url = ""
        self._port = port
        self._server: ThreadedServer | None = None

    def __enter__(self) -> Self:
        listening = socket.create_server(("127.0.0.1", self._port))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            self.app, interface="asgi3", lifespan="off", log_level="critical", access_log=False
        )
        self._server = ThreadedServer(config, listening, "registry-emulator")
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server:
            self._server.stop()
