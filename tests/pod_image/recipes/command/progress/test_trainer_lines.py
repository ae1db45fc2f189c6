"""The dict that Hugging Face's Trainer prints, in both of its grammars, with the step that the bar beside it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from pod_image.recipes.command.progress.trainer_lines import reading_in
from tests.pod_image.recipes.command.progress.listened import (
    Hand,
    listened,
    recorded,
    recorded_chunks,
)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("trl-sft.merged.bin", 7),
        ("hf-trainer-4.57.stdout.txt", 7),
        ("hf-trainer-5.24.stdout.txt", 7),
        ("hf-trainer-4.57-disable-tqdm.merged.txt", 3),
        ("hf-trainer-5.24-disable-tqdm.merged.txt", 3),
        ("trl-sft-killed.stdout.txt", 4),
        ("trl-resume-without-optimizer.stdout.txt", 3),
    ],
)
def test_every_recorded_line_is_read(name: str, count: int) -> None:
    lines = recorded(name).decode().replace("\r", "\n").splitlines()
    assert sum(reading_in(line) is not None for line in lines) == count


def test_numbers_are_read_quoted_and_bare() -> None:
    old = reading_in("{'loss': 5.3982, 'grad_norm': 1.231934905052185, 'epoch': 0.31}")
    new = reading_in("{'loss': '5.3982', 'grad_norm': '1.231934905052185', 'epoch': '0.31'}")
    assert old == new
    assert old is not None
    assert (old.epoch, dict(old.scalars)) == (
        0.31,
        {"loss": 5.3982, "grad_norm": 1.231934905052185},
    )


@pytest.mark.parametrize(
    "line",
    ["{'a': __import__('os').system('true')}", "{'name': 'x'}", "{torn", "{'loss': }", "{'a': 1} and more",
     "{'loss': " + "[" * 4_000 + "}", "{'count': 3}"],
)  # fmt: skip
def test_any_other_line_is_none(line: str) -> None:
    assert reading_in(line) is None


def test_a_loss_that_is_no_number_leaves_the_others() -> None:
    reading = reading_in("{'loss': nan, 'grad_norm': inf, 'learning_rate': 1e-05, 'epoch': 0.5}")
    assert reading is not None
    assert dict(reading.scalars) == {"learning_rate": 1e-05}


def test_each_loss_stands_at_the_step_that_the_bar_had(tmp_path: Path) -> None:
    heard = listened(recorded_chunks("trl-sft.chunks.jsonl"), tmp_path)
    assert heard.curve("loss") == {5: 5.785, 10: 5.638, 15: 5.501, 20: 5.317, 25: 5.153, 30: 5.11}
    assert heard.steps[-1].total_steps == 30
    trainer = listened(recorded_chunks("hf-trainer-5.24.chunks.jsonl"), tmp_path)
    assert trainer.curve("eval_loss") == {10: 5.343, 20: 5.202}


def test_without_a_bar_the_lines_are_counted(tmp_path: Path) -> None:
    heard = listened(recorded("hf-trainer-5.24-disable-tqdm.merged.txt"), tmp_path)
    assert heard.counts == [1, 2, 3]
    assert heard.steps[-1].epoch == 1
    assert heard.source == "the lines that Hugging Face's Trainer prints"


def test_a_checkpoint_tells_how_long_an_epoch_is(tmp_path: Path) -> None:
    hand = Hand(tmp_path)
    hand.feed(b"{'loss': '5.0', 'epoch': '0.5'}\n")
    hand.at = 6.0
    hand.listener.look()
    state = tmp_path / "out" / "checkpoint-10" / "trainer_state.json"
    state.parent.mkdir(parents=True)
    state.write_bytes(recorded("trainer_state-5.24.json"))
    hand.at = 12.0
    hand.listener.look()
    hand.feed(b"{'loss': '4.0', 'epoch': '1.5'}\n")
    step = hand.finish().steps[-1]
    assert (step.step, step.total_steps) == (24, 30)  # sixteen steps an epoch
