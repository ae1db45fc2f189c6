"""A log that is read on where it was left, while it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from pod_image.own_machine.log_lines import new_lines, start_of_last


def test_a_line_is_handed_on_once_it_is_whole_and_the_last_one_when_all_is_over(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"one\r\ntwo\xff\nthr")
    read = list(new_lines(log, 0))
    assert [line.text for line in read] == ["one", "two�"]
    assert list(new_lines(log, read[-1].end)) == []
    log.write_bytes(log.read_bytes() + b"ee")
    assert [line.text for line in new_lines(log, read[-1].end, is_over=True)] == ["three"]


def test_a_line_without_an_end_is_handed_on_in_parts(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"x" * (3 << 20))
    assert [len(line.text) for line in new_lines(log, 0)] == [1 << 20] * 3


def test_a_log_that_is_not_there_yet_says_nothing(tmp_path: Path) -> None:
    assert list(new_lines(tmp_path / "none", 0)) == []
    assert start_of_last(tmp_path / "none", 3) == 0


@pytest.mark.parametrize(
    ("lines", "first"), [(1, "line 9"), (3, "line 7"), (10, "line 0"), (99, "line 0")]
)
@pytest.mark.parametrize("width", [1, 40_000], ids=["short", "longer than a block"])
def test_the_newest_lines_are_found_from_the_end(
    tmp_path: Path, lines: int, first: str, width: int
) -> None:
    log = tmp_path / "log.txt"
    log.write_text("".join(f"line {number}{' ' * width}\n" for number in range(10)))
    read = list(new_lines(log, start_of_last(log, lines)))
    assert read[0].text.strip() == first
    assert len(read) == min(lines, 10)
