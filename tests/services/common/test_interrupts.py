"""What a Ctrl-C means: the first one leaves, the next are answered while something is owed, a quick third gives up."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.services.common.interrupts import (
    INSISTS_WITHIN_SECONDS,
    GivenUp,
    Meaning,
    Patience,
    leaving_on_signals,
    leaving_signals,
)
from launcher.services.common.uninterrupted import owing, what_is_owed
from pod_image.contract.next_steps import Said

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
POD = "Pod abc is being released."


def meanings(*presses: tuple[float, str], is_by_hand: bool = True) -> list[Meaning]:
    patience = Patience()
    return [patience.meaning(owed, at, is_by_hand=is_by_hand) for at, owed in presses]


def test_the_first_leaves_and_a_second_is_answered_however_soon_it_comes() -> None:
    assert meanings((0, POD), (0.1, POD)) == [Meaning.LEAVE, Meaning.ANSWER]


def test_only_a_third_soon_after_the_answer_gives_up() -> None:
    soon, late = INSISTS_WITHIN_SECONDS, INSISTS_WITHIN_SECONDS + 0.1
    assert meanings((0, POD), (5, POD), (5 + soon, POD))[-1] is Meaning.GIVE_UP
    assert meanings((0, POD), (5, POD), (5 + late, POD), (6 + late, POD))[2:] == [
        Meaning.ANSWER,
        Meaning.GIVE_UP,
    ]


def test_with_nothing_owed_a_second_leaves_at_once() -> None:
    assert meanings((0, ""), (9, "")) == [Meaning.LEAVE, Meaning.BREAK_OFF]


def test_the_signals_of_a_closing_terminal_never_give_up() -> None:
    presses = [(0.1 * number, POD) for number in range(6)]
    expected = [Meaning.LEAVE, *[Meaning.NOTHING] * 5]
    assert meanings(*presses, is_by_hand=False) == expected


def test_a_hang_up_that_was_ignored_is_not_listened_to() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert leaving_signals() == [signal.SIGINT, signal.SIGTERM]
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.SIGHUP in leaving_signals()


def test_what_is_owed_is_said_once_and_what_is_no_more_not_at_all() -> None:
    with owing(lambda: POD), owing(lambda: POD), owing(lambda: ""):
        assert what_is_owed() == POD
    assert what_is_owed() == ""


def press(times: int = 1) -> None:
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGINT)


async def test_signals_leave_answer_and_give_back_what_was_there_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    left = asyncio.Event()
    answered = asyncio.Event()
    said: list[str] = []

    def say(text: Said) -> None:
        said.append(in_terminal(text))
        answered.set()

    with leaving_on_signals(left.set, say):
        press()
        await asyncio.wait_for(left.wait(), 5)
        with owing(lambda: POD):
            press()
            await asyncio.wait_for(answered.wait(), 5)
    assert said[0].startswith(POD)
    assert signal.getsignal(signal.SIGINT) is before


def test_giving_up_ends_the_loop_with_what_is_left_behind() -> None:
    async def insists() -> None:
        with leaving_on_signals(lambda: None, lambda text: None), owing(lambda: POD):
            press(3)
            await asyncio.sleep(5)

    with pytest.raises(GivenUp) as caught:
        asyncio.run(insists())
    assert caught.value.text == POD
