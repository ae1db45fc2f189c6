"""Server-sent events: where lines end, and what is one event."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from launcher.providers.sse import ServerEvent, server_events, stream_lines


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _events(*pieces: bytes) -> list[ServerEvent]:
    return [event async for event in server_events(stream_lines(_pieces(*pieces)))]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_lines_end_at_cr_lf_or_both_wherever_the_pieces_are_cut(end: str) -> None:
    stream = f"id: 1{end}data: a{end}{end}id: 2{end}data: b{end}data: c{end}{end}".encode()
    wanted = [ServerEvent("1", "a"), ServerEvent("2", "b\nc")]
    # A stream that stops at a bare CR cannot know that no LF follows; something always follows.
    assert await _events(stream, b": end\n") == wanted
    assert await _events(*(bytes([byte]) for byte in stream + b": end\n")) == wanted


@pytest.mark.parametrize("letter", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
async def test_a_log_text_cannot_hold_an_event_of_its_own(letter: str) -> None:
    forged = f"x{letter}{letter}id: 9{letter}data: forged{letter}{letter}"
    assert await _events(f"id: 1\ndata: {forged}\n\n".encode()) == [ServerEvent("1", forged)]


async def test_comments_unknown_fields_and_what_was_cut_off_are_passed_over() -> None:
    events = await _events(b": ping\n\nretry: 5\ndata:tight\n\ndata: cut off")
    assert events == [ServerEvent("", "tight")]


async def test_a_letter_cut_in_two_arrives_whole() -> None:
    data = "data: ä\n\n".encode()
    assert await _events(data[:7], data[7:]) == [ServerEvent("", "ä")]
