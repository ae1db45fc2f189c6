"""Files that a trainer adds to while it works: they are read on, and believed before the bar."""

from __future__ import annotations

import json
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from pod_image.recipes.command.progress.event_files import MOST_RECORD_BYTES, frames, scalars_in
from pod_image.recipes.piper.event_file import EventFile
from tests.pod_image.recipes.command.progress.listened import Hand, Heard, recorded

BAR = "\r 10%|#| {done}/1000 [00:10<1:00:00, 2it/s, lr=0.0001, step_loss=0.1]"


def later(hand: Hand, seconds: float = 6.0) -> None:
    hand.at += seconds
    hand.listener.look()


def followed(tmp_path: Path, name: str, parts: list[str], way: str = "auto") -> Heard:
    """A file that grows part by part while the command works."""
    hand = Hand(tmp_path, way)
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for part in parts:
        with path.open("a") as file:
            file.write(part)
        later(hand)
    return hand.finish()


def test_recorded_json_lines_become_curves_with_the_total_of_the_bar(tmp_path: Path) -> None:
    hand = Hand(tmp_path)
    hand.feed(BAR.format(done=0).encode())
    (tmp_path / "out").mkdir()
    lines = recorded("simpletuner-training_metrics.jsonl").decode().splitlines(keepends=True)
    for line in lines:
        with (tmp_path / "out" / "training_metrics.jsonl").open("a") as file:
            file.write(line)
        later(hand)
    heard = hand.finish()
    rows = [json.loads(line) for line in lines]
    assert heard.curve("train_loss") == {row["step"]: row["metrics"]["train_loss"] for row in rows}
    assert heard.steps[-1].total_steps == 1_000
    assert "step_loss" not in heard.steps[-1].losses, "the file has it in full"
    assert heard.source == "the file training_metrics.jsonl"


def test_a_line_that_is_being_written_waits_for_its_end(tmp_path: Path) -> None:
    parts = ['{"current_steps": 1, "total_', 'steps": 9, "loss": 0.5, "percentage": 11.1}\n']
    heard = followed(tmp_path, "trainer_log.jsonl", parts)
    (step,) = heard.steps
    assert (step.step, step.total_steps, step.losses) == (1, 9, {"loss": 0.5})


def test_a_csv_of_epochs_counts_epochs(tmp_path: Path) -> None:
    parts = ["epoch, train/loss,note\n", "1, 0.5,x\n", "2, 0.25,y\n"]
    heard = followed(tmp_path, "runs/results.csv", parts)
    assert heard.curve("train/loss") == {1: 0.5, 2: 0.25}


def test_a_table_of_a_database_is_read_on(tmp_path: Path) -> None:
    hand = Hand(tmp_path)
    with closing(sqlite3.connect(tmp_path / "loss_log.db")) as database:
        database.execute("pragma journal_mode=wal")
        database.execute(
            "create table metrics(step integer, key text, value_real real, value_text text)"
        )
        for step in (1, 2):
            rows = [(step, "loss/loss", 0.5 / step, None), (step, "note", None, "x")]
            database.executemany("insert into metrics values (?, ?, ?, ?)", rows)
            database.commit()
            later(hand)
    assert hand.finish().curve("loss/loss") == {1: 0.5, 2: 0.25}


def test_rows_of_steps_that_are_taken_anew_are_read(tmp_path: Path) -> None:
    """A training that goes on deletes what lies before it: the new rows have the numbers of the old ones."""
    with closing(sqlite3.connect(tmp_path / "loss_log.db")) as database:
        database.execute("create table metrics(step integer, key text, value_real real)")
        rows = [(step, "loss", 9.0) for step in range(1, 11)]
        database.executemany("insert into metrics values (?, ?, ?)", rows)
        database.commit()
        hand = Hand(tmp_path)
        database.execute("delete from metrics where step > 5")
        database.commit()
        later(hand)
        database.execute("insert into metrics values (6, 'loss', 0.5)")
        database.commit()
        later(hand)
    assert hand.finish().curve("loss") == {6: 0.5}


def test_event_files_of_tensorboard_are_read_on(tmp_path: Path) -> None:
    hand = Hand(tmp_path)
    for step in (5, 10):
        file = EventFile(tmp_path / "runs" / f"events.out.tfevents.{step}", 0.0)
        file.scalar("train/loss", 1.0 / step, step, 0.0)
        file.close()
        later(hand)
    curve = hand.finish().curve("train/loss")
    assert {step: round(value, 6) for step, value in curve.items()} == {5: 0.2, 10: 0.1}


def test_a_record_too_large_is_passed_over_and_what_is_no_event_is_none() -> None:
    large = struct.pack("<QI", MOST_RECORD_BYTES + 1, 0)
    assert frames(large) == ([], 12 + MOST_RECORD_BYTES + 1 + 4)
    assert frames(struct.pack("<QI", 10, 0) + b"abc") == ([], 0)
    assert scalars_in(b"\xff" * 30) is None
    assert scalars_in(b"") is None


def test_what_was_there_before_is_the_past(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"step": 100, "loss": 9}\n')
    heard = followed(tmp_path, "log.jsonl", ['{"step": 101, "loss": 1}\n'])
    assert heard.counts == [101]


@pytest.mark.parametrize("folder", [".cache", "node_modules", "venv"])
def test_files_of_others_are_not_read(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / "venv").mkdir(exist_ok=True)
    (tmp_path / "venv" / "pyvenv.cfg").write_text("")
    assert followed(tmp_path, f"{folder}/log.jsonl", ['{"step": 1, "loss": 1}\n']).steps == []


def test_a_file_that_is_named_is_read_alone(tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text("")
    hand = Hand(tmp_path, "file:a/*.jsonl")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jsonl").write_text('{"step": 1, "loss": 1}\n')
    (tmp_path / "other.jsonl").write_text('{"step": 7, "loss": 1}\n')
    later(hand)
    hand.feed(b'{"step": 9}\n')
    assert hand.finish().counts == [1]


def test_rows_without_progress_are_nothing(tmp_path: Path) -> None:
    rows = ['{"prompt": "x", "answer": "y"}\n', "[1]\n", "no json\n", '{"step": -3}\n']
    assert followed(tmp_path, "data.jsonl", rows).steps == []
