"""The clock of a server, by the dates of its answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pod_image.contract.server_time import server_time

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "second"), [(None, 0), ("", 0), ("0", 0), ("30", 30), ("-1", 0), ("soon", 0)]
)
def test_an_answer_that_was_kept_on_the_way_is_as_old_as_it_says(
    age: str | None, second: int
) -> None:
    assert server_time("Fri, 27 Nov 2026 12:00:00 GMT", age) == NOON.replace(second=second)


@pytest.mark.parametrize("date", [None, "", "soon", "Fri, 99 Nov 2026 12:00:00 GMT"])
def test_an_answer_without_a_date_tells_no_time(date: str | None) -> None:
    assert server_time(date, "30") is None


@pytest.mark.parametrize("age", ["9" * 12, "9" * 20, "9" * 5_000])
def test_an_answer_that_is_older_than_the_calendar_tells_no_time(age: str) -> None:
    assert server_time("Fri, 27 Nov 2026 12:00:00 GMT", age) is None


def test_a_date_of_no_zone_is_taken_as_the_worlds_own() -> None:
    assert server_time("Fri, 27 Nov 2026 12:00:00 -0000") == NOON
