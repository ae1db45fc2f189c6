"""Bars as tqdm draws them, and which one of many is the training's."""

from __future__ import annotations

from pathlib import Path

import pytest

from pod_image.recipes.command.progress.bars import Bar, apart, bar_in
from pod_image.recipes.command.progress.pieces import Pieces
from tests.pod_image.recipes.command.progress.listened import (
    RECORDED,
    Heard,
    listened,
    recorded,
    recorded_chunks,
)

BARS = {
    "tqdm-ascii.bin": 12,
    "tqdm-float.bin": 15,
    "tqdm-long.bin": 4,
    "tqdm-nested.bin": 53,
    "tqdm-nested-pty-40x100.bin": 53,
    "tqdm-nested-pty-0x0.bin": 0,
    "tqdm-nototal.bin": 8,
    "tqdm-over.bin": 10,
    "tqdm-slow.bin": 8,
    "tqdm-units.bin": 11,
    "tqdm-write.bin": 14,
    "ai-toolkit-bar.merged.bin": 61,
    "hf-trainer-4.57.stderr.bin": 35,
    "hf-trainer-5.24.stderr.bin": 41,
    "openwakeword-train.stderr.bin": 463,
    "trl-sft.merged.bin": 41,
}


def drawn(data: bytes) -> list[Bar]:
    pieces = Pieces().feed(data, is_last=True)
    return [bar for piece in pieces if (bar := bar_in(piece.text)) is not None]


@pytest.mark.parametrize("name", BARS)
def test_every_recorded_bar_is_read(name: str) -> None:
    assert len(drawn(recorded(name))) == BARS[name]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_read_may_cut_a_letter_or_a_code_in_two(size: int) -> None:
    data, pieces = recorded("tqdm-nested-pty-40x100.bin"), Pieces()
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    found = [piece for part in parts for piece in pieces.feed(part)] + pieces.feed(
        b"", is_last=True
    )
    bars = [bar for piece in found if (bar := bar_in(piece.text)) is not None]
    assert bars == drawn(data)


@pytest.mark.parametrize(
    ("text", "bar"),
    [
        ("  3%|3         | 1/30 [00:00<00:10,  2.79it/s]", Bar("", 1, 30, "2.79it/s")),
        (
            "Epoch 1/3, Steps:  10%|#         | 100/1000 [00:10<1:00:00, 2it/s, lr=0.0001, step_loss=0.123]",
            Bar("Epoch 1/3, Steps", 100, 1000, "2it/s", {"lr": 0.0001, "step_loss": 0.123}),
        ),
        (
            "job:  50%|#####     | 20/40 [00:01<00:01, 16.56it/s, lr: 1.0e-04 loss: 2.500e-02]",
            Bar("job", 20, 40, "16.56it/s", {"lr": 1e-4, "loss": 0.025}),
        ),
        (
            "step:  50%|#| 6/12 [00:00<?, 9it/s, loss=0.25, smooth loss=0.123]",
            Bar("step", 6, 12, "9it/s", {"loss": 0.25, "smooth loss": 0.123}),
        ),
        ("reading: 30it [00:00, 49.09it/s]", Bar("reading", 30, None, "49.09it/s")),
        (" 40%|####| 1.20M/3.00M [00:00<00:00, 9.91Mtok/s]", Bar("", 1.2e6, 3e6, "9.91Mtok/s")),
        ("90%|#| 90010/100000 [25:00:00<24975:00:00, 9000.00s/ samples]", Bar("", 90010, 100000, "9000.00s/ samples")),
        ("what is [this]", None),
        ("loss [00:10]", None),
        ("50%|" + "#" * 5_000 + "| 1/2 [00:00<00:01, 1it/s]", None),
    ],
)  # fmt: skip
def test_a_bar_is_read_and_nothing_else(text: str, bar: Bar | None) -> None:
    assert bar_in(text) == bar


def test_what_a_script_prints_behind_a_bar_is_a_line_of_its_own() -> None:
    bar = " 50%|#####     | 15/30 [00:05<00:04,  3.44it/s]"
    assert apart(f"{bar}loss 0.5") == (bar, "loss 0.5")
    assert apart("loss [00:05<00:04] 0.5") == ("", "")


ENDS = {
    "trl-sft.merged.bin": (30, 30),
    "hf-trainer-4.57.stderr.bin": (20, 20),
    "hf-trainer-5.24.stderr.bin": (20, 20),
    "trl-sft-killed.stderr.bin": (23, 30),
    "ai-toolkit-bar.merged.bin": (40, 40),
    "tqdm-nested.bin": (36, 36),  # three epochs of twelve
    "tqdm-nested-pty-40x100.bin": (36, 36),
    "tqdm-write.bin": (6, 6),
    "tqdm-long.bin": (90_010, 100_000),
    "tqdm-units.bin": (3_000_000, 3_000_000),  # tokens; the bar of bytes before it is a download
    "tqdm-over.bin": (8, None),  # it was made for five
    "openwakeword-train.stderr.bin": (
        1_198,
        None,
    ),  # 1,000, and twice 100, as far as they were drawn
}


@pytest.mark.parametrize("name", ENDS)
def test_the_training_is_as_far_as_its_bars_say(name: str, tmp_path: Path) -> None:
    heard = listened(recorded(name), tmp_path)
    assert (heard.steps[-1].step, heard.steps[-1].total_steps) == ENDS[name]
    assert heard.source == "its progress bar"
    assert heard.counts == sorted(heard.counts)


def redrawn(*bars: str) -> bytes:
    return "".join(f"\r{bar}" for bar in bars).encode()


def bar(description: str, done: int, total: int) -> str:
    label = f"{description}: " if description else ""
    return f"{label}{done * 100 // total:3d}%|#####     | {done}/{total} [00:01<00:01,  9.00it/s]"


def heard_of(tmp_path: Path, *bars: str) -> Heard:
    """Each a second after the other, so that every one is said."""
    return listened([(float(at), redrawn(each)) for at, each in enumerate(bars)], tmp_path)


@pytest.mark.parametrize(
    "beside",
    ["Loading weights", "Map", "Tokenizing train dataset", "Generating train split", "Fetching 3 files",
     "Adding EOS to train dataset", "Building labels for train dataset", "Truncating train dataset",
     "Dropping fully masked examples from train dataset",
     "Caching latents", "Generating Images", "Evaluating", "Validation", "Sanity Checking DataLoader 0"],
)  # fmt: skip
def test_what_is_done_beside_the_training_is_no_progress(beside: str, tmp_path: Path) -> None:
    assert heard_of(tmp_path, bar(beside, 1, 3), bar(beside, 3, 3)).steps == []


def test_a_bar_with_a_learning_rate_is_the_trainings_whatever_it_is_called(tmp_path: Path) -> None:
    """ai-toolkit writes the name of the LoRA before its bar, and people name theirs as they like."""
    named = bar("my-test-map", 5, 9).removesuffix("]") + ", lr: 1.0e-04 loss: 2.5e-02]"
    (step,) = heard_of(tmp_path, bar("Generating Images", 1, 3), named).steps
    assert (step.step, step.total_steps, step.losses["loss"]) == (5, 9, 2.5e-02)
    assert list(step.losses) == ["loss", "lr"], "the first is the one that people watch"


def test_a_bar_of_validation_without_a_name_does_not_move_the_training(tmp_path: Path) -> None:
    told = [(10, 20), (1, 3), (3, 3), (11, 20), (20, 20), (2, 3)]
    heard = heard_of(tmp_path, *(bar("", done, total) for done, total in told))
    assert heard.counts == [10, 11, 20]


def test_a_bar_for_each_epoch_counts_over_all_of_them(tmp_path: Path) -> None:
    heard = heard_of(tmp_path, bar("Epoch 2/5", 60, 120), bar("Epoch 3/5", 1, 120))
    told = [(step.step, step.total_steps, step.epoch) for step in heard.steps]
    assert told == [(180, 600, 2), (241, 600, 3)]


def test_bars_one_after_another_add_up_and_do_not_claim_to_know_the_end(tmp_path: Path) -> None:
    heard = heard_of(
        tmp_path, bar("", 99, 100), bar("", 100, 100), bar("", 1, 100), bar("", 50, 100)
    )
    assert heard.counts == [99, 100, 101, 150]
    assert heard.steps[-1].total_steps is None


def test_a_count_of_updates_beside_the_bar_is_the_step(tmp_path: Path) -> None:
    line = "Epoch 1/50:  10%|#| 12/120 [00:01<00:09, 1.2update/s, loss=0.71, update=12]"
    (step,) = heard_of(tmp_path, line).steps
    assert (step.step, step.total_steps, step.losses) == (12, 6_000, {"loss": 0.71})


def test_the_speed_is_ours_and_the_jump_of_a_resume_is_no_speed(tmp_path: Path) -> None:
    heard = heard_of(tmp_path, bar("", 0, 30), bar("", 21, 30), bar("", 22, 30), bar("", 23, 30))
    assert [step.steps_per_second for step in heard.steps] == [None, None, 1.0, 1.0]


def test_a_bar_is_seen_before_it_is_drawn_again(tmp_path: Path) -> None:
    """The next drawing may be a minute away."""
    heard = listened([(0.0, redrawn(bar("", 3, 30)))], tmp_path)
    assert heard.counts[0] == 3


def test_the_log_keeps_a_bar_in_half_a_minute_and_the_full_one(tmp_path: Path) -> None:
    chunks = [(float(at), redrawn(bar("", at + 1, 100))) for at in range(100)]
    log = [line for line in listened(chunks, tmp_path).log if "%|" in line]
    assert [line.split("|")[2].split("/")[0].strip() for line in log] == [
        "1",
        "31",
        "61",
        "91",
        "100",
    ]


def test_the_recordings_are_all_there() -> None:
    assert {*BARS, *ENDS} <= {path.name for path in RECORDED.iterdir()}


def test_steps_come_while_it_trains(tmp_path: Path) -> None:
    """In the order and at the moments of the recording."""
    heard = listened(recorded_chunks("hf-trainer-5.24.chunks.jsonl"), tmp_path)
    assert len(set(heard.counts)) == 21
    speeds = [step.steps_per_second for step in heard.steps if step.steps_per_second]
    assert all(1.5 < speed < 3 for speed in speeds)
