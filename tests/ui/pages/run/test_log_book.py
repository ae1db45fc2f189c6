"""The log of a run as its page holds it: nothing twice, nothing lost between two sources, a hundred thousand lines."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from launcher.domain.run_view import LOG_LINES, LogEntry, RunView
from launcher.ui.pages.run.log_book import MOST_LINES, LogBook
from launcher.ui.pages.run.tabs.log import left_out
from pod_image.contract.run_log import gap_line, stamped
from tests.kit.clocks import NOW


def logged(*said: tuple[int, str]) -> bytes:
    """As the pod writes it: whole seconds since `NOW`, and what was printed."""
    return "".join(
        f"{stamped((NOW + timedelta(seconds=at)).timestamp())}{text}\n" for at, text in said
    ).encode()


def seen(*said: tuple[float, str], source: str = "container") -> list[LogEntry]:
    return [
        LogEntry(number, text, source, NOW + timedelta(seconds=at))
        for number, (at, text) in enumerate(said, 1)
    ]


def texts(book: LogBook) -> list[str]:
    return [each.text for each in book.matches]


def test_what_was_delivered_and_seen_too_is_shown_once_and_what_came_after_it_follows() -> None:
    book = LogBook()
    book.see(seen((3.4, "three"), (4.1, "four"), (4.9, "four, once more"), (5.0, "five")))
    book.deliver(logged((1, "one"), (2, "two"), (3, "three"), (4, "four")))
    assert texts(book) == ["one", "two", "three", "four", "four, once more", "five"]
    assert [each.text for each in book.after_delivered()] == ["four, once more", "five"]


def test_what_the_machine_and_this_program_said_is_in_no_delivered_log_and_stays() -> None:
    book = LogBook()
    book.see(seen((1, "pulling the image"), source="system"))
    book.deliver(logged((3, "three")))
    assert texts(book) == ["three", "pulling the image"]


@pytest.mark.parametrize("batch", [1, 7, LOG_LINES])
def test_each_line_is_taken_once_however_often_one_looks(batch: int) -> None:
    view, book = RunView(), LogBook()
    for number in range(3 * batch):
        view.take_log(f"line {number}")
        if number % batch == 0:
            book.see(view.log)
            book.see(view.log)
    book.see(view.log)
    assert texts(book) == [f"line {number}" for number in range(3 * batch)]


def test_a_search_finds_lines_with_every_word_and_goes_on_finding_as_lines_come() -> None:
    book = LogBook()
    book.see(seen((1, "Epoch 1 loss 2.5"), (2, "saved")))
    book.look_for("LOSS epoch")
    assert texts(book) == ["Epoch 1 loss 2.5"]
    more = seen((1, "Epoch 1 loss 2.5"), (2, "saved"), (3, "epoch 2 loss 2.4"), (4, "epoch 2 ends"))
    book.see(more)
    assert texts(book) == ["Epoch 1 loss 2.5", "epoch 2 loss 2.4"]
    book.look_for("", "system")
    assert texts(book) == []
    book.look_for("")
    assert len(texts(book)) == 4


def test_a_hundred_thousand_lines_are_held_and_searched_and_more_of_them_are_counted() -> None:
    book = LogBook()
    draw = random.Random(1)
    lines = [
        (number / 100, f"step {number} loss {draw.random():.3f}") for number in range(MOST_LINES)
    ]
    book.see(seen(*lines))
    book.look_for("step 99998 loss")
    assert len(texts(book)) == 1
    assert left_out(book) == ""
    book.look_for("")
    book.see(seen(*lines, (1_001.0, "the last")))
    assert texts(book)[-1] == "the last"
    assert len(book) + book.dropped == MOST_LINES + 1
    assert len(book) >= MOST_LINES - 5_001
    assert f"{book.dropped:,} lines are not shown" in left_out(book)


def test_what_the_run_left_out_of_its_log_is_said() -> None:
    book = LogBook()
    book.deliver(logged((1, "first")) + gap_line(1_234, 5_600_000) + logged((9, "last")))
    assert "1,234 lines (5.6 MB) in the middle are missing" in left_out(book)


def test_lines_of_one_second_that_were_seen_twice_are_two_lines() -> None:
    book = LogBook()
    book.see(seen((1.0, "."), (1.5, ".")))
    assert texts(book) == [".", "."]
