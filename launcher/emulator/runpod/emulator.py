"""The emulated cloud on a loopback port, in a thread of its own: what `launcher demo` and the tests start."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from starlette.types import ASGIApp

from launcher.emulator.runpod.clock import Clock
from launcher.emulator.runpod.conditions import RequestRecord, Timing
from launcher.emulator.runpod.processes import OWN_IMAGES, ProcessRunner
from launcher.emulator.runpod.runner import PodRunner
from launcher.emulator.runpod.server import Gateway
from launcher.emulator.runpod.world import RunPodWorld

TICK_SECONDS = 0.05
STOP_SECONDS = 10.0


class RunPodEmulator:
    """`with RunPodEmulator(root) as cloud:` gives a cloud at `cloud.url` that takes `cloud.api_key`.

    Pods are real processes unless a runner is given; each has a folder below `root` (a temporary one
    without it). When the block ends, the server is down and no process of any pod is left.
    """

    def __init__(
        self,
        root: Path | None = None,
        runner: PodRunner | None = None,
        clock: Clock | None = None,
        timing: Timing | None = None,
        own_images: Sequence[str] = OWN_IMAGES,
        balance_usd: float = 25.0,
        description: Path | None = None,
        port: int = 0,
        watch: Callable[[ASGIApp], ASGIApp] | None = None,
    ) -> None:
        """`watch` wraps the app, for who wants to look at the traffic."""
        self._stack = contextlib.ExitStack()
        self._own_root = root
        self._runner = runner
        self._own_images = own_images
        self._port = port
        self._description = description
        self._watch = watch
        self.world = RunPodWorld(clock, None, timing, balance_usd)
        self.url = ""
        """The base URL; paths begin with /v2."""

    @property
    def api_key(self) -> str:
        """A key with all rights."""
        return self.world.api_key

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request that was answered, in order."""
        return self.world.requests

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _start(self) -> None:
        self.world.runner = self._runner or ProcessRunner(self._root(), self._own_images)
        self._stack.callback(self.world.close)
        listening = self._stack.enter_context(socket.create_server(("127.0.0.1", self._port)))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app: ASGIApp = Gateway(self.world, description=self._description)
        app = self._watch(app) if self._watch else app
        server = _Server(self.world, app, listening)
        self._stack.callback(server.stop)
        server.start()

    def _root(self) -> Path:
        if self._own_root is not None:
            self._own_root.mkdir(parents=True, exist_ok=True)
            return self._own_root
        folder = TemporaryDirectory(prefix="runpod-emulator-", ignore_cleanup_errors=True)
        return Path(self._stack.enter_context(folder))


class _Server:
    """uvicorn and the ticking of the world, on one event loop in one thread."""

    def __init__(self, world: RunPodWorld, app: ASGIApp, listening: socket.socket) -> None:
        import uvicorn  # not needed by those who use the app in process

        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            loop="asyncio",
            ws="none",
        )
        self._world = world
        self._listening = listening
        self._uvicorn = uvicorn.Server(config)
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="runpod-emulator", daemon=True)

    def start(self) -> None:
        """Return when it answers."""
        self._thread.start()
        waiting = threading.Event()
        for _ in range(500):
            if self._uvicorn.started or not self._thread.is_alive():
                break
            waiting.wait(0.01)
        if not self._uvicorn.started:
            raise RuntimeError("the emulated cloud did not start")

    def stop(self) -> None:
        """Raises what went wrong inside, if anything did: a fault of the emulator may not pass unseen."""
        self._world.is_closing = True
        self._uvicorn.should_exit = True
        self._thread.join(STOP_SECONDS)
        if self._failure is not None:
            raise RuntimeError("the emulated cloud broke") from self._failure

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        ticking = asyncio.create_task(self._tick())
        try:
            await self._uvicorn.serve([self._listening])
        finally:
            ticking.cancel()

    async def _tick(self) -> None:
        try:
            while True:
                await asyncio.to_thread(self._world.tick)
                await asyncio.sleep(TICK_SECONDS)
        except Exception as problem:
            self._failure = problem
            self._uvicorn.should_exit = True
