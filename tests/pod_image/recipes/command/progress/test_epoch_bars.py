"""Bars whose words are known: epochs and the steps in them, counted over the whole training, also when it went on."""

from __future__ import annotations

from pathlib import Path

import pytest

from pod_image.contract.progress_choice import progress_choice
from pod_image.recipes.command.progress.bars import Bar
from pod_image.recipes.command.progress.epoch_bars import BarNames, Behind, EpochBars, behind_in
from pod_image.recipes.command.progress.listening import Curves, Listener
from pod_image.recipes.command.progress.reading import Reading
from pod_image.recipes.piper.event_file import EventFile
from tests.pod_image.recipes.command.progress.listened import Hand, recorded

NAMES = BarNames("epoch", "step")


def heard(behind: Behind, *bars: tuple[str, float, float]) -> list[Reading]:
    reader = EpochBars(NAMES, behind)
    readings = [reader.read(Bar(text, done, total)) for text, done, total in bars]
    return [reading for reading in readings if reading is not None]


def counts(behind: Behind, *bars: tuple[str, float, float]) -> list[tuple[float | None, ...]]:
    return [(reading.step, reading.total, reading.epoch) for reading in heard(behind, *bars)]


def test_steps_are_counted_over_all_epochs() -> None:
    bars = [("epoch", 0, 3), ("step", 0, 4), ("step", 4, 4), ("epoch", 1, 3), ("step", 1, 4)]
    assert counts(Behind(), *bars) == [(0, 12, 0), (4, 12, 0), (4, 12, 1), (5, 12, 1)]


def test_a_training_that_went_on_counts_from_where_it_was() -> None:
    """It stopped at step 10 of four a round: two epochs and two steps. The outer bar has what is left."""
    bars = [("epoch", 0, 3), ("step", 2, 4), ("step", 4, 4), ("epoch", 1, 3), ("step", 0, 4)]
    behind = behind_in("2026-11-26_10-00-00-backup-10-2-2", _NAMED)
    assert behind == Behind(steps=8, epochs=2)
    assert counts(behind, *bars) == [(10, 20, 2), (12, 20, 2), (12, 20, 3), (12, 20, 3)]


def test_an_epoch_too_short_to_be_drawn_is_counted_once() -> None:
    short = [("epoch", 0, 9), ("step", 1, 2), ("step", 0, 2), ("step", 1, 2)]
    bars = [*short, ("epoch", 2, 9), ("step", 0, 2)]
    assert [step for step, _, _ in counts(Behind(), *bars)] == [1, 2, 3, 4, 4]


def test_epochs_of_different_lengths_add_up() -> None:
    bars = [("epoch", 0, 2), ("step", 4, 4), ("epoch", 1, 2), ("step", 3, 6)]
    assert counts(Behind(), *bars)[-1] == (7, 10, 1)


@pytest.mark.parametrize("text", ["", "caching", "sampling", "validation_step", "Loading weights"])
def test_any_other_bar_is_none_of_its(text: str) -> None:
    """A first bar of a hundred steps, of whatever was loaded, must not stand in the training's way."""
    assert heard(Behind(), (text, 50, 100)) == []
    assert counts(Behind(), (text, 100, 100), ("epoch", 0, 1), ("step", 1, 9)) == [(1, 9, 0)]


_NAMED = r"-backup-(?P<step>\d+)-(?P<epoch>\d+)-(?P<epoch_step>\d+)$"


@pytest.mark.parametrize("name", ["", "checkpoint-5", "x-backup-5-1"])
def test_a_name_that_tells_nothing_leaves_nothing_behind(name: str) -> None:
    assert behind_in(name, _NAMED) == behind_in(name, "") == Behind()


def hand_with(folder: Path, behind: Behind, curves: Curves) -> Hand:
    hand = Hand(folder, "bar")
    hand.listener = Listener(
        progress_choice("bar"), folder, lambda: hand.at, hand.heard.steps.append,
        hand.heard.log.append, EpochBars(NAMES, behind), curves,
    )  # fmt: skip
    return hand


def test_the_recorded_bars_of_two_nested_loops_are_read_to_their_end(tmp_path: Path) -> None:
    hand = hand_with(tmp_path, Behind(steps=100, epochs=2), Curves())
    data = recorded("tqdm-nested.bin")
    for at in range(0, len(data), 200):
        hand.at = at / 4_000
        hand.feed(data[at : at + 200])
    steps = hand.finish().steps
    assert (steps[-1].step, steps[-1].total_steps) == (136, 136)
    assert {"loss", "smooth loss"} <= set(hand.heard.steps[-2].losses | steps[-1].losses)


def test_files_tell_further_curves_beside_the_bars(tmp_path: Path) -> None:
    curves = Curves("out/**/*tfevents*", left_out=("loss/train_step",))
    hand = hand_with(tmp_path, Behind(), curves)
    file = EventFile(tmp_path / "out" / "tensorboard" / "events.out.tfevents.1", 0.0)
    hand.feed(
        b"\repoch:   0%|  | 0/1 [00:00<?, ?it/s]\n\rstep:  10%|1| 1/10 [00:00<?, 9it/s, loss=0.5]"
    )
    file.scalar("loss/train_step", 0.5, 1, 0.0)
    file.scalar("lr/unet", 0.25, 1, 0.0)
    file.close()
    hand.at = 20.0
    hand.feed(b"\rstep:  40%|1| 4/10 [00:00<?, 9it/s, loss=0.25]")
    heard_all = hand.finish()
    assert heard_all.curve("lr/unet") == {4: 0.25}
    assert heard_all.curve("loss")[4] == 0.25
    assert heard_all.curve("loss/train_step") == {}
