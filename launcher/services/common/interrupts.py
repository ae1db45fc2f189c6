"""What Ctrl-C, SIGTERM and a closed terminal mean: they ask this process to leave, and what it owes comes first."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from types import FrameType

from launcher.services.common.uninterrupted import what_is_owed
from pod_image.contract.next_steps import Said, joined

INSISTS_WITHIN_SECONDS = 2.0
"""A Ctrl-C so soon after the answer to the last one is meant: it leaves, whatever is owed."""
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Meaning(Enum):
    LEAVE = auto()
    """The first: end what goes on, in good order."""
    ANSWER = auto()
    """Say what is owed, and go on with it."""
    NOTHING = auto()
    """No person pressed it: a closed terminal sends several, and nobody reads an answer."""
    GIVE_UP = auto()
    """Leave, and say what is left behind."""
    BREAK_OFF = auto()
    """Nothing is owed: leave at once."""


class Patience:
    """Decides what the next signal means. Pure: what is owed and the time are given to it."""

    def __init__(self) -> None:
        self._is_leaving = False
        self._answered_at = float("-inf")

    def meaning(self, owed: Said, at: float, *, is_by_hand: bool) -> Meaning:
        """`at`: seconds of any steady clock. `is_by_hand`: a Ctrl-C, and no SIGTERM or SIGHUP."""
        if not self._is_leaving:
            self._is_leaving = True
            return Meaning.LEAVE
        if not owed:
            return Meaning.BREAK_OFF
        if not is_by_hand:
            return Meaning.NOTHING
        if at - self._answered_at <= INSISTS_WITHIN_SECONDS:
            return Meaning.GIVE_UP
        self._answered_at = at
        return Meaning.ANSWER


class GivenUp(KeyboardInterrupt):
    """The person left although something was owed; `text` says what. No Exception: nothing may keep them."""

    def __init__(self, text: Said) -> None:
        super().__init__(str(text))
        self.text = text


@contextmanager
def leaving_on_signals(
    leave: Callable[[], object], say: Callable[[Said], object]
) -> Iterator[None]:
    """Inside a running loop: the first signal calls `leave`, later ones are answered with `say` while
    something is owed. A third Ctrl-C raises GivenUp out of the loop. A hang-up that was ignored when we were
    started (nohup) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    patience = Patience()

    def struck(number: int, _frame: FrameType | None) -> None:
        owed = what_is_owed()
        by_hand = number == signal.SIGINT
        match patience.meaning(owed, time.monotonic(), is_by_hand=by_hand):
            case Meaning.LEAVE:
                _soon(loop, leave)
            case Meaning.ANSWER:
                _soon(loop, lambda: say(answer_to_insisting(owed)))
            case Meaning.GIVE_UP:
                _soon(loop, lambda: _give_up(owed))
            case Meaning.BREAK_OFF:
                raise KeyboardInterrupt

    before = {number: signal.signal(number, struck) for number in leaving_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leaving_signals() -> list[signal.Signals]:
    """Those that ask a program to leave, without a hang-up that whoever started us had ignored (nohup)."""
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    return [
        number
        for number in numbers
        if number is signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN
    ]


def answer_to_insisting(owed: Said) -> Said:
    how = (
        f"Still working. Press Ctrl-C again within {INSISTS_WITHIN_SECONDS:.0f} s to leave anyway."
    )
    return joined([owed, how], "\n")


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """A handler runs between any two steps of the program: nothing is printed or changed there."""
    with suppress(RuntimeError):  # the loop is closed already
        loop.call_soon_threadsafe(call)


def _give_up(text: Said) -> None:
    raise GivenUp(text)
