"""The emulated registries on a loopback port, on uvicorn in a thread: what `launcher demo` starts."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Self

import uvicorn

from launcher.emulator.hub.server import PromptServer
from launcher.emulator.registry.app import RegistryApp
from launcher.emulator.registry.contents import RegistryContents


class RegistryEmulator:
    """Registries on 127.0.0.1 for as long as the `with` block lasts. `url` stands in for the base of each of them."""

    def __init__(self, contents: RegistryContents | None = None, port: int = 0) -> None:
        self.contents = contents or RegistryContents()
        self.app = RegistryApp(self.contents)
        self.url = ""
        self._port = port
        self._server: PromptServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        listening = socket.create_server(("127.0.0.1", self._port))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._server = PromptServer(
            uvicorn.Config(
                self.app, interface="asgi3", lifespan="off", log_level="critical", access_log=False
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name="registry-emulator", daemon=True
        )
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.005)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server and self._thread:
            self._server.end()
            self._thread.join(timeout=10)
