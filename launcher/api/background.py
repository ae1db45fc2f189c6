"""The one event loop of the Python API: in a thread of its own, so that a call without `await` works anywhere, also
where a loop runs already, as in a notebook. What is under way there is ended in good order when the program ends.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Generic, TypeVar

from launcher.api.next_steps import in_python, say_in_python
from launcher.errors import Interrupted, LauncherError
from launcher.services.common.interrupts import (
    Meaning,
    Patience,
    answer_to_insisting,
)
from launcher.services.common.uninterrupted import what_is_owed
from pod_image.contract.next_steps import NextStep, Sentence

T = TypeVar("T")

SAID_AFTER_SECONDS = 1.0
_RUNNER = asyncio.runners.__name__
_ASKS_TO_LEAVE = ("SIGTERM", "SIGHUP")
"""By default they end a program at once, and a pod that is not armed yet would stay."""


class Call(Generic[T]):
    """Work under way in the loop, for whoever waits for it outside. `waiter` is that thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.waiter = threading.current_thread()
        self.over: concurrent.futures.Future[T] = concurrent.futures.Future()
        """Never cancelled: it is done when the work is, and not before."""
        self._loop = loop
        self._task: asyncio.Task[T] | None = None
        self._is_to_end = False

    def begin(self, work: Coroutine[Any, Any, T]) -> None:
        self._loop.call_soon_threadsafe(self._begin, work)

    def end(self) -> None:
        """Ask the work to end: it does what it owes first."""
        self._loop.call_soon_threadsafe(self._cancel)

    def _begin(self, work: Coroutine[Any, Any, T]) -> None:
        self._task = self._loop.create_task(work)
        self._task.add_done_callback(self._settle)
        if self._is_to_end:
            self._task.cancel()

    def _cancel(self) -> None:
        self._is_to_end = True
        if self._task is not None:
            self._task.cancel()

    def _settle(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.over.set_exception(asyncio.CancelledError())
            return
        trouble = task.exception()
        if trouble is not None:
            self.over.set_exception(trouble)
        else:
            self.over.set_result(task.result())


class Background:
    """The loop, begun at the first call. `at_end` is what is closed when the program ends.

    `under_way`: the calls that somebody waits for.
    """

    def __init__(
        self, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    ) -> None:
        self._new_loop = new_loop
        self._beginning = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.under_way: set[Call[Any]] = set()
        self.at_end: list[Callable[[], Awaitable[object]]] = []

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        with self._beginning:
            if self._loop is None:
                self._loop = self._new_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="launcher", daemon=True
                )
                self._thread.start()
            return self._loop

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work there and wait for it. Ctrl-C ends it; what it owes by then is done first.

        Raises Interrupted when the person insists and leaves before that.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError(
                "This call would block the API's own event loop: await the same call with .aio(...)."
            )
        with _worded(), self._call(work) as call, _asked_to_leave(call.end), _interruptible():
            return _patiently(call)

    async def hop(self, work: Coroutine[Any, Any, T]) -> T:
        """The same for another loop, which goes on meanwhile. Cancelling it waits for what the work owes."""
        if asyncio.get_running_loop() is self._loop:
            return await work
        with _worded(), self._call(work) as call, _asked_to_leave(call.end):
            over = asyncio.wrap_future(call.over)
            was_cancelled = False
            while True:
                try:
                    result = await asyncio.shield(over)
                except asyncio.CancelledError:
                    if over.done():
                        raise
                    was_cancelled = True
                    call.end()
                    continue
                if was_cancelled:  # it ended all the same: nobody takes what came of it
                    raise asyncio.CancelledError
                return result

    def close(self) -> None:
        """End what is under way, close what was opened, stop the loop. A later call begins anew."""
        for call in list(self.under_way):
            waiter = call.waiter
            if not waiter.daemon and waiter is not threading.main_thread():
                waiter.join()  # Python would wait for it in any case: it is no work that was left alone
        loop, thread = self._loop, self._thread
        if loop is None or thread is None or not thread.is_alive():
            return
        left = list(self.under_way)
        for call in left:
            call.end()
        _wait_for(left)
        closing = asyncio.run_coroutine_threadsafe(self._close(), loop)
        closing.result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        self._loop = self._thread = None

    def forget(self) -> None:
        """In a child process that was forked: the thread stayed behind, and what it had open is not ours."""
        self._beginning = threading.Lock()
        self._loop = self._thread = None
        self.under_way, self.at_end = set(), []

    async def _close(self) -> None:
        for close in self.at_end:
            await close()
        self.at_end.clear()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        loop = asyncio.get_running_loop()
        await loop.shutdown_asyncgens()
        await loop.shutdown_default_executor()

    @contextmanager
    def _call(self, work: Coroutine[Any, Any, T]) -> Iterator[Call[T]]:
        call: Call[T] = Call(self.loop)
        self.under_way.add(call)
        call.over.add_done_callback(lambda _: self.under_way.discard(call))
        call.begin(work)
        try:
            yield call
        finally:
            if (
                not call.over.done()
            ):  # whoever leaves here for whatever reason leaves no work behind
                call.end()


def _wait_for(calls: list[Call[Any]]) -> None:
    """Until all of them are over; what keeps us is said, once it keeps us."""
    waited = [call.over for call in calls]
    concurrent.futures.wait(waited, SAID_AFTER_SECONDS)
    owed = what_is_owed()
    if owed:
        print(in_python(owed), file=sys.stderr, flush=True)
    concurrent.futures.wait(waited)


@contextmanager
def _worded() -> Iterator[None]:
    """Programs stand here: what is raised says what to do next in their words."""
    try:
        yield
    except LauncherError as error:
        raise say_in_python(error)  # noqa: B904  # it is the same error


def _patiently(call: Call[T]) -> T:
    patience = Patience()
    struck = False
    while True:
        try:
            result = call.over.result()
            if struck:
                raise KeyboardInterrupt
            return result
        except asyncio.CancelledError:
            if struck:
                raise KeyboardInterrupt from None
            raise
        except KeyboardInterrupt:
            if call.over.done():
                raise
            struck = True
            _answer(patience, call)


def _answer(patience: Patience, call: Call[Any]) -> None:
    """What a Ctrl-C while we wait means. Raises when it means to leave now."""
    owed = what_is_owed()
    match patience.meaning(owed, time.monotonic(), is_by_hand=True):
        case Meaning.LEAVE:
            call.end()
        case Meaning.ANSWER:
            print(in_python(answer_to_insisting(owed)), file=sys.stderr, flush=True)
        case Meaning.GIVE_UP:
            raise Interrupted(in_python(owed), hint=in_python(Sentence(NextStep.LOOK_FOR_PODS)))
        case _:
            raise KeyboardInterrupt


@contextmanager
def _asked_to_leave(end: Callable[[], None]) -> Iterator[None]:
    """While the block runs, a signal that would end this program at once ends the work first, and then the program.

    Where somebody handles it already, or from a thread that may not, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []

    def struck(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        end()

    numbers = [getattr(signal, name) for name in _ASKS_TO_LEAVE if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, struck)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
        if asked:
            signal.raise_signal(asked[0])


@contextmanager
def _interruptible() -> Iterator[None]:
    """While a call blocks the loop of its own thread, Ctrl-C is for the call: that loop could not hear it."""
    handler = signal.getsignal(signal.SIGINT)
    is_of_blocked_loop = getattr(getattr(handler, "func", None), "__module__", "") == _RUNNER
    if not is_of_blocked_loop or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


BACKGROUND: Background = Background()
"""That of this process."""

# Before Python's own threads are ended: releasing a pod may need one.
_register: Callable[..., None] = threading._register_atexit  # type: ignore[attr-defined]  # atexit comes too late
_register(BACKGROUND.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=BACKGROUND.forget)
