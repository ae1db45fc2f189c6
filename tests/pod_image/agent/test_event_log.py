"""The pod's voice: one sequence, nothing secret, no line too long, not too many of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pod_image.agent.clock import AnchoredClock
from pod_image.agent.events import CUT, EventLog, Masking, cut, last_moment, merged
from pod_image.agent.recipe_events import body_in
from pod_image.contract.bodies import (
    CheckpointWritten,
    Ended,
    Heartbeat,
    InstructionReceipt,
    RunWarning,
    Step,
    Upload,
    UploadedFile,
)
from pod_image.contract.events import MAX_LINE_BYTES, from_line
from pod_image.contract.outcomes import EndReason, Phase
from tests.kit.clocks import HandMachineClock


class Heard:
    """An event log on a folder, with its clock and its lines."""

    def __init__(self, folder: Path, *secrets: str) -> None:
        self.clock = HandMachineClock()
        self.lines: list[str] = []
        self.path = folder / "events.jsonl"
        self.log = EventLog(
            self.path, "run-01", AnchoredClock(self.clock), self.lines.append, Masking(secrets)
        )

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines if from_line(line) is not None]


def test_events_are_numbered_from_one_and_stand_in_the_file_too(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    heard.log.emit(Heartbeat(phase=Phase.TRAIN))
    heard.log.emit(Heartbeat(phase=Phase.TRAIN))
    assert [event["seq"] for event in heard.said()] == [1, 2]
    assert heard.path.read_text().splitlines() == heard.lines


def test_numbers_go_on_after_a_restart_also_behind_a_torn_line(tmp_path: Path) -> None:
    Heard(tmp_path).log.emit(Heartbeat(phase=Phase.TRAIN))
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"event":"heartbeat","se\n')
    again = Heard(tmp_path)
    again.log.emit(Heartbeat(phase=Phase.TRAIN))
    assert again.said()[0]["seq"] == 2


def test_a_recipes_output_cannot_pass_for_an_event(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    heard.log.emit(Heartbeat(phase=Phase.TRAIN))
    heard.log.log(heard.lines[0])
    assert from_line(heard.lines[0]) is not None
    assert from_line(heard.lines[1]) is None


@pytest.mark.promise("secrets-nowhere")
def test_exact_secrets_are_masked_in_events_and_in_log(tmp_path: Path) -> None:
    heard = Heard(tmp_path, "demo-token-1", "demo-token-12", "x")
    heard.log.log("tokens demo-token-12 and demo-token-1, x marks nothing")
    heard.log.emit(RunWarning(code="c", message="demo-token-12"))
    assert "demo-token" not in "".join(heard.lines) + heard.path.read_text()
    assert "x marks" in heard.lines[0]
    assert "demo-token" not in repr(Masking(["demo-token-1"]))


@pytest.mark.parametrize("letter", ["a", "é", "語"])
def test_a_long_line_is_cut_without_breaking_a_letter(letter: str) -> None:
    short = cut(letter * 9_000)
    assert len(short.encode()) <= MAX_LINE_BYTES
    assert short.endswith(letter + CUT)


def test_an_event_with_many_files_stays_an_event(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    files = tuple(
        UploadedFile(path=f"run-01/{n}", size_bytes=1, sha256="0" * 64) for n in range(1_000)
    )
    heard.log.emit(Upload(commit="c", files=files))
    heard.log.emit(RunWarning(code="c", message="long " * 10_000))
    assert all(len(line.encode()) <= MAX_LINE_BYTES for line in heard.lines)
    assert [event["event"] for event in heard.said()] == ["upload", "warning"]


def test_the_last_words_of_a_program_survive_a_long_list_of_files(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    names = tuple(f"files/a-rather-long-name-{number:06}.bin" for number in range(20_000))
    words = tuple(f"line {number} of a traceback" for number in range(15))
    heard.log.close(
        Ended(
            reason=EndReason.FAILED,
            not_delivered=names,
            last_lines=words,
            not_delivered_count=len(names),
        )
    )
    assert len(heard.log.last_word.encode()) <= MAX_LINE_BYTES
    ended = json.loads(heard.log.last_word)
    assert tuple(ended["last_lines"]) == words
    assert (ended["not_delivered_count"], ended["not_delivered"][0]) == (20_000, names[0])


def test_steps_come_once_a_second_with_the_mean_of_their_losses(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    for step in range(1, 101):
        heard.log.thinned(Step(step=step, losses={"mel": float(step)}))
        heard.clock.seconds += 0.1
    heard.log.flush_waiting()
    steps = heard.said()
    assert 10 <= len(steps) <= 12
    assert steps[-1]["step"] == 100
    covered = [event["losses"]["mel"] for event in steps]
    assert covered[0] == 1.0
    assert covered[1] == pytest.approx(sum(range(2, 12)) / 10, abs=0.6)


def test_a_checkpoint_does_not_overtake_the_steps_before_it(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    heard.log.thinned(Step(step=1, losses={}))
    heard.log.thinned(Step(step=2, losses={}))
    heard.log.emit(CheckpointWritten(step=2, path="checkpoints/2", size_bytes=1))
    assert [(event["event"], event["step"]) for event in heard.said()] == [
        ("step", 1),
        ("step", 2),
        ("checkpoint", 2),
    ]


def test_merging_weighs_by_how_many_steps_each_reading_covers() -> None:
    first = merged(None, Step(step=1, losses={"mel": 3.0}))
    second = merged(first, Step(step=2, losses={"mel": 1.0, "new": 5.0}))
    third = merged(second, Step(step=3, losses={"mel": 2.0}))
    assert isinstance(second.body, Step)
    assert isinstance(third.body, Step)
    assert second.body.losses == {"mel": 2.0, "new": 5.0}
    assert third.body.losses["mel"] == pytest.approx(2.0)


def test_a_talkative_recipe_is_thinned_and_its_last_words_are_kept(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    for number in range(1_000):
        heard.log.log(f"line {number}")
    assert 150 < len(heard.lines) < 250
    assert heard.log.last_log_lines()[-1] == "line 999"
    heard.clock.seconds += 60
    heard.log.log("later")
    assert heard.lines[-1] == "| later"


def test_the_last_word_goes_up_also_where_a_full_disk_did_not_take_it(tmp_path: Path) -> None:
    events = Heard(tmp_path).log
    events.emit(Heartbeat(phase=Phase.TRAIN, cost_usd=0.1))
    kept = events.path.read_bytes()
    assert events.content() == kept
    events.close(Ended(reason=EndReason.FINISHED))
    assert events.content() == events.path.read_bytes()
    events.path.write_bytes(kept + b'{"torn')
    assert events.content() == kept + b'{"torn\n' + events.last_word.encode() + b"\n"


def test_after_the_last_word_nothing_is_said(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    heard.log.close(Ended(reason=EndReason.FINISHED))
    heard.log.emit(Heartbeat(phase=Phase.DELIVER))
    heard.log.thinned(Step(step=1))
    heard.log.flush_due()
    heard.log.correct(Ended(reason=EndReason.FINISHED, not_delivered=("run.json",)))
    heard.log.say_last_word()
    (ended,) = heard.said()
    assert (ended["event"], ended["seq"]) == ("ended", 1)
    assert ended["not_delivered"] == ["run.json"]


def test_an_event_of_any_size_is_cut_to_a_line_and_no_number_is_left_out(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    heard.log.thinned(Step(step=1, losses={f"loss-{number}": 1.0 for number in range(5_000)}))
    heard.log.emit(CheckpointWritten(step=1, path="x" * 100_000, size_bytes=1))
    heard.log.emit(
        InstructionReceipt(id="i" * 20_000, command="c" * 20_000, state="done", detail="d" * 9_000)
    )
    assert [event["seq"] for event in heard.said()] == [1, 2, 3]
    assert all(len(line.encode()) <= MAX_LINE_BYTES for line in heard.lines)


@pytest.mark.parametrize("letter", ["\u2028", "\x85", "\u2029"])
def test_the_last_moment_is_found_behind_letters_that_end_a_line_elsewhere(
    tmp_path: Path, letter: str
) -> None:
    heard = Heard(tmp_path)
    heard.log.emit(RunWarning(code="x", message=f"one{letter}two"))
    assert last_moment(heard.path) == pytest.approx(heard.clock.seconds, abs=1)


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ('{"event":"step","step":"7","losses":{"mel":NaN,"kl":2},"seconds_left":1e999}',
         Step(step=7, losses={"kl": 2.0}, seconds_left=None)),
        ('{"event":"step","step":1,"cost_usd":-5,"junk":{"a":1}}', Step(step=1)),
        ('{"event":"step","step":1e40}', None),
        ('{"event":"ended","reason":"finished"}', None),
        ('{"event":"armed","works":true}', None),
    ],
)  # fmt: skip
def test_a_recipes_event_is_read_as_the_contract_reads_it(line: str, body: object) -> None:
    assert body_in(line) == body
