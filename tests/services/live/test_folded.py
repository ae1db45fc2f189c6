"""A journal of days is folded once: what is kept beside it is exact, and never believed where it does not fit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from launcher.domain.run import Run
from launcher.domain.run_picture import picture_of
from launcher.services.live.folded import FoldedPictures
from launcher.services.live.journal import Journal
from pod_image.contract.bodies import Body, CheckpointWritten, Step
from pod_image.contract.events import Event, stamped
from tests.kit.runs import new_run

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def told(first: int, last: int) -> list[Event]:
    return [
        stamped(_body(n), at=START + timedelta(seconds=n), run_id="run-01", seq=n)
        for n in range(first, last + 1)
    ]


def _body(n: int) -> Body:
    if n % 10 == 0:
        path = f"checkpoints/{n}"
        return CheckpointWritten(step=n, path=path, size_bytes=1, is_best=n % 20 == 0)
    return Step(step=n, losses={"mel": 1 / n, "kl": 2.0}, steps_per_second=3.0)


class Desk:
    def __init__(self, folder: Path, run: Run) -> None:
        self.run, self.journal = run, Journal(folder)
        self.folded = FoldedPictures(self.journal, folder, between=30)
        self.file, self.kept = folder / f"{run.nonce}.jsonl", folder / f"{run.nonce}.picture.json"

    def write(self, events: list[Event]) -> None:
        for event in events:
            self.journal.write(self.run, event)

    def spoil_what_was_read(self) -> None:
        """In the same file: whoever reads it again from its beginning finds nothing there."""
        size_bytes = json.loads(self.kept.read_text())["bytes_read"]
        with self.file.open("r+b") as file:
            file.write(b"x" * (size_bytes - 1))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, new_run())


def test_what_was_folded_is_not_read_again_and_what_came_since_is(desk: Desk) -> None:
    desk.write(told(1, 100))
    assert desk.folded.read(desk.run) == picture_of(told(1, 100))
    desk.spoil_what_was_read()
    desk.write(told(101, 110))
    assert desk.folded.read(desk.run) == picture_of(told(1, 110))


def test_few_events_are_read_without_anything_kept_beside_them(desk: Desk) -> None:
    desk.write(told(1, 20))
    assert desk.folded.read(desk.run) == picture_of(told(1, 20))
    assert not desk.kept.exists()
    desk.folded.remove(desk.run)


def test_another_journal_release_or_a_broken_file_is_read_from_the_beginning(desk: Desk) -> None:
    desk.write(told(1, 50))
    desk.folded.read(desk.run)
    desk.journal.replace(desk.run, told(1, 70))
    assert desk.folded.read(desk.run) == picture_of(told(1, 70))
    document = json.loads(desk.kept.read_text())
    others: list[object] = [{**document, "shape": "older"}, {**document, "picture": {}}, [], {}]
    for broken in others:
        desk.kept.write_text(json.dumps(broken))
        assert desk.folded.read(desk.run) == picture_of(told(1, 70))
    desk.kept.write_text("{")
    assert desk.folded.read(desk.run) == picture_of(told(1, 70))


def test_a_line_that_is_being_written_is_left_to_the_next_reading(desk: Desk) -> None:
    desk.write(told(1, 40))
    with desk.file.open("a") as file:
        file.write('{"at":"2026-03-01T12:00:41Z","run_id":"run-01","seq":41,"event":"step",')
    assert desk.folded.read(desk.run).last_seq == 40
    with desk.file.open("a") as file:
        file.write('"step":41,"losses":{"mel":0.5}}\n')
    assert desk.folded.read(desk.run).last_seq == 41


def test_enough_new_events_are_due_for_folding_and_the_count_begins_again(desk: Desk) -> None:
    due = [desk.folded.is_due_after_one_more(desk.run) for _ in range(61)]
    assert [n for n, is_due in enumerate(due, 1) if is_due] == [30, 60]


def test_events_behind_a_number_and_their_numbers_are_found_without_reading_the_rest(
    desk: Desk,
) -> None:
    desk.write(told(1, 12))
    with desk.file.open("a") as file:
        file.write("no event\n")
    assert [event.seq for event in desk.journal.read_after(desk.run, 9)] == [10, 11, 12]
    assert desk.journal.numbers(desk.run) == set(range(1, 13))
