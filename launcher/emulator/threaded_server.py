"""An emulator's ASGI app on a loopback port, on uvicorn in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import uvicorn


class ThreadedServer:
    """Answers at `listening` from `start` on, until `stop`."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket, name: str) -> None:
        self._server = _PromptServer(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name=name, daemon=True
        )

    def start(self) -> None:
        """Return when it answers."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.005)

    def stop(self) -> None:
        self._server.end()
        self._thread.join(timeout=10)


class _PromptServer(uvicorn.Server):
    """Ends when told, not at the next of its ticks: tests start and end hundreds of them."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # Before `started` is true, so that `end` finds them.
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self._ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for task in list(self.server_state.tasks):
            task.cancel()
        await asyncio.sleep(0)

    def end(self) -> None:
        """From any thread, once `started`."""
        self._loop.call_soon_threadsafe(self._ended.set)
