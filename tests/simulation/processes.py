"""Processes of a simulated world: each can be killed without a last word, put to sleep, and may block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from functools import partial
from heapq import heapify
from typing import Any

from tests.kit.virtual_time import VirtualLoop


class Process:
    """A program that runs on the loop. What is below it dies and sleeps with it."""

    def __init__(self, name: str, parent: Process | None = None) -> None:
        self.name = name
        self.parent = parent
        self.at_death: list[Callable[[], None]] = []
        """What the kernel does for a dead process: locks are freed, pipes closed."""
        self.children: list[Process] = []
        self._is_dead = False
        self._sleeps = False
        if parent is not None:
            parent.children.append(self)

    def __repr__(self) -> str:
        return f"Process({self.name})"

    @property
    def is_dead(self) -> bool:
        return self._is_dead or (self.parent is not None and self.parent.is_dead)

    @property
    def is_still(self) -> bool:
        """Dead, or asleep: nothing of it runs."""
        return self._is_dead or self._sleeps or (self.parent is not None and self.parent.is_still)

    def die(self) -> None:
        """Nothing of it ever runs again."""
        if self._is_dead:
            return
        self._is_dead = True
        _loop().freeze()
        self._bury()

    def sleep(self) -> None:
        self._sleeps = True
        _loop().freeze()

    def wake(self) -> None:
        self._sleeps = False
        _loop().thaw()

    def _bury(self) -> None:
        for child in self.children:
            child._bury()
        last, self.at_death = self.at_death, []
        for step in last:
            step()


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


def spawn(process: Process, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Run the coroutine, and all it starts, as part of a process."""
    context = copy_context()
    context.run(PROCESS.set, process)
    return asyncio.get_running_loop().create_task(work, context=context)


def _loop() -> ProcessLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ProcessLoop)
    return loop


class ProcessLoop(VirtualLoop):
    """A virtual loop that runs nothing of a process that is dead or asleep, not even its way out."""

    def __init__(self) -> None:
        self.parked: list[asyncio.Handle] = []
        self.is_over = False
        super().__init__()

    def call_soon(  # type: ignore[override]  # asyncio keeps these to itself
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        if self._is_still(context):
            handle = asyncio.Handle(callback, args, self, context)
            self.parked.append(handle)
            return handle
        return super().call_soon(callback, *args, context=context)

    def freeze(self) -> None:
        """Take what belongs to still processes out of the loop."""
        loop: Any = self
        for place, handle in enumerate(loop._ready):
            if self._is_still(handle._context):
                # The loop counts what is ready before it runs it: something has to stand there.
                loop._ready[place] = asyncio.Handle(_nothing, (), self)
                self.parked.append(handle)
        for handle in [each for each in loop._scheduled if self._is_still(each._context)]:
            loop._scheduled.remove(handle)
            handle._scheduled = False
            self.parked.append(handle)
        heapify(loop._scheduled)

    def thaw(self) -> None:
        """Go on with what may run again; timers that are due run now, the others at their time."""
        parked, self.parked = self.parked, []
        loop: Any = self
        for handle in parked:
            if handle.cancelled():
                continue
            if self._is_still(handle._context):  # type: ignore[attr-defined]  # asyncio keeps these to itself
                self.parked.append(handle)
            elif isinstance(handle, asyncio.TimerHandle) and handle.when() > self.time():
                handle._scheduled = True  # type: ignore[attr-defined]  # asyncio keeps these to itself
                loop._scheduled.append(handle)
            else:
                loop._ready.append(handle)
        heapify(loop._scheduled)

    def end(self) -> None:
        """Let everything, also what was killed, be cancelled and come to its end; then close."""
        self.is_over = True
        self.thaw()
        # On its way out a launcher may still end what it rented, and that begins something anew.
        while tasks := asyncio.all_tasks(self):
            for task in tasks:
                task.cancel()
            self.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.run_until_complete(self.shutdown_asyncgens())
        self.close()

    def call_at(  # type: ignore[override]  # asyncio keeps these to itself
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = super().call_at(when, callback, *args, context=context)
        if self._is_still(context):
            self.freeze()
        return handle

    def _is_still(self, context: Context | None) -> bool:
        if self.is_over:
            return False
        process = PROCESS.get() if context is None else context.get(PROCESS)
        return process is not None and process.is_still


def _nothing() -> None: ...


class Killed(BaseException):
    """Thrown into a blocking call whose world is over."""


class Threads:
    """Blocking calls, one at a time, with the loop waiting: only their sleeps take (virtual) time.

    A call goes on when its sleep is over, as a thread would; the order is the loop's, so it repeats exactly.
    """

    def __init__(self, loop: ProcessLoop) -> None:
        self._loop = loop
        self._local = threading.local()
        self._jobs: set[_Job] = set()

    async def __call__(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        job = _Job(self, partial(call, *args, **options), self._loop.create_future())
        self._jobs.add(job)
        job.go_on()
        return await job.future

    def sleep(self, seconds: float) -> None:
        """For code that blocks. Outside of a call, while the world is set up, no time passes."""
        job: _Job | None = getattr(self._local, "job", None)
        if job is not None:
            job.sleep(seconds)

    def waker(self) -> Callable[[], None]:
        """Ends the next sleep of the call at work, if it has not ended by then. To be called on the loop."""
        job: _Job = self._local.job
        return job.wake

    def close(self) -> None:
        """End what still sleeps."""
        for job in tuple(self._jobs):
            job.kill()

    def began(self, job: _Job) -> None:
        self._local.job = job

    def ended(self, job: _Job) -> None:
        self._jobs.discard(job)


class _Job:
    def __init__(
        self, threads: Threads, call: Callable[[], Any], future: asyncio.Future[Any]
    ) -> None:
        self.future = future
        self._threads, self._call = threads, call
        self._context = copy_context()
        self._turn, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._pause: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_killed = False
        self._result: Any = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def go_on(self) -> None:
        self._pause = self._timer = None
        self._turn.release()
        self._back.acquire()
        if self._pause is not None:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self.go_on)
            return
        self._threads.ended(self)
        self._thread.join()
        if self.future.done():
            return
        if self._failure is not None:
            self.future.set_exception(self._failure)
        else:
            self.future.set_result(self._result)

    def wake(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and not timer.cancelled():
            timer.cancel()
            context: Context = timer._context  # type: ignore[attr-defined]  # asyncio keeps these to itself
            asyncio.get_running_loop().call_soon(self.go_on, context=context)

    def sleep(self, seconds: float) -> None:
        self._pause = max(0.0, seconds)
        self._back.release()
        self._turn.acquire()
        if self._is_killed:
            raise Killed

    def kill(self) -> None:
        self._is_killed = True
        while self._thread.is_alive():
            self._turn.release()
            self._thread.join(0.05)
        self._threads.ended(self)

    def _work(self) -> None:
        self._turn.acquire()
        self._threads.began(self)
        try:
            if not self._is_killed:
                self._result = self._context.run(self._call)
        except BaseException as exc:  # handed to whoever waits
            self._failure = exc
        self._pause = None
        self._back.release()
