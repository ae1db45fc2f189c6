"""The calls that one key may send a minute: who waits, for how long, and who never does."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from launcher.providers.call_budget import (
    CALLS_A_MINUTE,
    CallBudget,
    CallBudgets,
    Turn,
    looking,
    usual_turn,
)
from tests.kit.virtual_time import in_virtual_time


async def sent(budget: CallBudget, turn: Turn, sink: list[tuple[Turn, float]]) -> None:
    await budget.take(turn)
    sink.append((turn, asyncio.get_running_loop().time()))


def most_in_a_minute(sink: list[tuple[Turn, float]]) -> int:
    moments = [at for _, at in sink]
    return max(sum(at <= each < at + 60 for each in moments) for at in moments)


@in_virtual_time
async def test_whoever_can_wait_never_makes_more_calls_a_minute_than_allowed() -> None:
    budget, sink = CallBudget(), list[tuple[Turn, float]]()
    turns = [Turn.STREAM] * 90 + [Turn.LOOK] * 90 + [Turn.LIST] * 90
    await asyncio.gather(*(sent(budget, turn, sink) for turn in turns))
    assert len(sink) == 270
    assert 40 <= most_in_a_minute(sink) <= CALLS_A_MINUTE
    assert sink[-1][1] < 6 * 60  # and no room is left unused


@in_virtual_time
async def test_a_release_goes_at_once_however_many_wait_and_counts_all_the_same() -> None:
    budget, sink = CallBudget(), list[tuple[Turn, float]]()
    waiting = [asyncio.create_task(sent(budget, Turn.LOOK, sink)) for _ in range(200)]
    await asyncio.sleep(1)
    before = len(sink)
    await asyncio.gather(*(sent(budget, Turn.NOW, sink) for _ in range(8)))
    assert sink[before:] == [(Turn.NOW, 1.0)] * 8
    await asyncio.gather(*waiting)
    assert most_in_a_minute(sink) <= CALLS_A_MINUTE


@in_virtual_time
async def test_a_list_goes_before_looks_and_looks_before_streams_that_came_earlier() -> None:
    budget, sink = CallBudget(), list[tuple[Turn, float]]()
    for _ in range(CALLS_A_MINUTE):
        await budget.take(Turn.NOW)
    waiting = []
    for turn in (Turn.STREAM, Turn.LOOK, Turn.LIST):
        waiting.append(asyncio.create_task(sent(budget, turn, sink)))
        await asyncio.sleep(1)
    assert not sink
    await asyncio.gather(*waiting)
    assert [turn for turn, _ in sink] == [Turn.LIST, Turn.LOOK, Turn.STREAM]


@in_virtual_time
async def test_who_stops_waiting_lets_the_next_one_go() -> None:
    budget, sink = CallBudget(), list[tuple[Turn, float]]()
    for _ in range(CALLS_A_MINUTE):
        await budget.take(Turn.NOW)
    left = asyncio.create_task(budget.take(Turn.LIST))
    stays = asyncio.create_task(sent(budget, Turn.STREAM, sink))
    await asyncio.sleep(1)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    await stays
    assert sink == [(Turn.STREAM, 60.0)]


def test_equal_keys_share_a_budget_and_others_do_not() -> None:
    budgets = CallBudgets()
    mine = budgets.of("https://cloud", SecretStr("a-key"))
    assert budgets.of("https://cloud", SecretStr("a-key ")) is mine
    assert budgets.of("https://cloud", SecretStr("b-key")) is not mine
    assert budgets.of("https://other", SecretStr("a-key")) is not mine


def test_a_call_is_one_that_never_waits_unless_somebody_says_otherwise() -> None:
    assert usual_turn() is Turn.NOW
    with looking():
        assert usual_turn() is Turn.LOOK
    assert usual_turn() is Turn.NOW
