"""Expected time and money: own runs first, else a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from launcher.domain.gpu_speed import RELATIVE_SPEED, card_speed
from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary, Estimate
from launcher.domain.run import Run, RunState
from launcher.recipes import recipe_of
from launcher.recipes.piper.speed import MEASURED, total_steps, workload
from pod_image.contract.outcomes import EndReason
from pod_image.contract.own_machine import PROCESSOR
from pod_image.contract.recipes.piper import PiperSettings, Quality
from pod_image.contract.settings import RunSettings
from tests.kit.checkout import ROOT
from tests.kit.plans import offer

OFFER = offer(price=0.6)
DATASET = DatasetSummary("me/clips", "c" * 40, clips=320, minutes=20.0)
TEN_CLIPS = DatasetSummary("me/clips", "c" * 40, clips=10, minutes=1.0)
BORN = datetime(2026, 11, 1, tzinfo=UTC)


def settings(**values: Any) -> RunSettings:
    return RunSettings.model_validate({"dataset_repo": "me/clips", **values})


def piper(**values: Any) -> PiperSettings:
    return PiperSettings.of(settings(**values))


def estimate(
    settings: RunSettings, dataset: DatasetSummary | None, offer: Offer, history: Sequence[Run]
) -> Estimate | None:
    return recipe_of(settings).estimate(settings, dataset, offer, history)


def memory_needed_gb(settings: RunSettings) -> float:
    return recipe_of(settings).memory_needed(settings, None).gb


def earlier_run(hours: float, **values: Any) -> Run:
    return Run(
        run_id="run-01",
        results_repo="me/voice",
        attempt=1,
        nonce="0123456789",
        state=RunState.ENDED,
        planned_at=BORN,
        gpu_name="RTX 4090",
        created_at=BORN,
        ended_at=BORN + timedelta(hours=hours),
        end_reason=EndReason.FINISHED,
        settings_json=json.dumps(settings(**values).applicable()),
    )


def test_steps_are_epochs_times_batches_of_the_clips_that_train() -> None:
    assert total_steps(piper(epochs=10, batch_size=32, validation_split=0.05), 320) == 95
    assert total_steps(piper(epochs=10, batch_size=32, max_steps=7), 320) == 7


def test_the_table_says_that_it_is_no_measurement() -> None:
    found = estimate(settings(), DATASET, OFFER, [])
    assert found is not None
    assert "not a measurement" in found.basis
    assert found.cost_usd == pytest.approx(found.hours * 0.6)


@pytest.mark.parametrize(
    ("gpu", "says"),
    [
        ("NVIDIA H200", "table of GPU speeds, measured on an H200 on 2026-11-26"),
        ("RTX 4090", "not a measurement of ours: published reports for this card; "),
        ("NVIDIA L4", "not a measurement: calculated from reports for an RTX 4090 and data sheets"),
        ("Voodoo 2", "not a measurement: a guess for a card that is not in it"),
    ],
)
def test_the_plan_says_where_the_speed_of_the_card_is_from(gpu: str, says: str) -> None:
    found = estimate(settings(), DATASET, replace(OFFER, gpu_name=gpu), [])
    assert found is not None
    assert says in found.basis


def test_a_size_that_was_not_measured_is_said_to_be_reckoned() -> None:
    assert "arithmetic" not in workload(piper(), 320, "H200").source
    high = workload(piper(quality=Quality.HIGH), 320, "H200").source
    assert high.endswith("for a medium voice, and from that for high")


def test_a_measured_card_takes_as_long_for_a_step_as_it_was_seen_to() -> None:
    steps = total_steps(piper(batch_size=32), 3_200)
    assert workload(piper(batch_size=32), 3_200, "H200").seconds == pytest.approx(steps / 5.1)
    small, large = piper(batch_size=8), piper(batch_size=128)
    assert workload(small, 3_200, "H200").seconds == pytest.approx(
        total_steps(small, 3_200) / 5.1  # the card waits for its host, however few the clips
    )
    assert workload(large, 3_200, "H200").seconds == pytest.approx(
        total_steps(large, 3_200) / 5.1 * 2
    )


def test_a_set_smaller_than_a_batch_is_reckoned_with_the_clips_it_has() -> None:
    of_ten = workload(piper(batch_size=32, validation_split=0.0), 10, "RTX 4090")
    assert of_ten == workload(piper(batch_size=10, validation_split=0.0), 10, "RTX 4090")
    found = estimate(settings(batch_size=32, validation_split=0.0), TEN_CLIPS, OFFER, [])
    assert found is not None
    assert "steps of 10 clips" in found.basis


def test_a_batch_larger_than_the_set_needs_the_memory_of_the_set_and_is_said() -> None:
    large = settings(batch_size=256, validation_split=0.0, quality="high")
    recipe = recipe_of(large)
    of_ten = recipe.memory_needed(large, TEN_CLIPS)
    as_asked = recipe.memory_needed(settings(batch_size=10, quality="high"), None)
    assert (of_ten.gb, of_ten.basis) == (as_asked.gb, as_asked.basis)
    (note,) = recipe.findings(large, TEN_CLIPS)
    assert "The batch size is 256, and there are 10 clips to learn from" in str(note.message)
    assert recipe.findings(settings(batch_size=8), TEN_CLIPS) == ()
    assert recipe.findings(large, None) == ()


def test_an_earlier_run_with_another_batch_beyond_the_set_compares() -> None:
    now = settings(batch_size=64)
    found = estimate(now, TEN_CLIPS, OFFER, [earlier_run(2.0, batch_size=32)])
    assert found is not None
    assert "your run run-01" in found.basis
    other = estimate(now, TEN_CLIPS, OFFER, [earlier_run(2.0, batch_size=4)])
    assert other is not None
    assert "your run" not in other.basis


def test_epochs_leave_nothing_to_train_only_where_they_were_the_same_steps_so_far() -> None:
    now, recipe = settings(epochs=10, batch_size=32), recipe_of(settings())
    steps = total_steps(PiperSettings.of(now), DATASET.clips)
    found = recipe.why_nothing_is_left(now, DATASET, now, steps)
    assert found is not None
    assert "Raise epochs" in str(found.hint)
    assert recipe.why_nothing_is_left(now, DATASET, now, steps - 1) is None
    assert recipe.why_nothing_is_left(now, DATASET, settings(batch_size=2), steps) is None
    assert recipe.why_nothing_is_left(now, None, now, steps) is None


def test_the_table_of_speeds_in_the_documentation_is_the_one_that_is_used() -> None:
    rows = [
        tuple(cell.strip() for cell in line.strip("| ").split("|"))
        for line in (ROOT / "docs" / "performance.md").read_text().splitlines()
        if line.startswith(("| ", "|")) and line.rstrip().endswith("clips/s |")
    ]
    told = {card: (relative, speed) for card, relative, _, speed in rows}
    assert set(told) == {*RELATIVE_SPEED, "any other"}
    for card, (relative, speed) in told.items():
        load = workload(piper(batch_size=32), 3_200, card)
        assert float(relative) == card_speed(card).relative
        rate = load.steps * 32 / load.seconds
        assert speed == f"{rate:.0f} clips/s"


def test_the_documentation_says_of_each_card_whether_its_speed_was_measured() -> None:
    lines = (ROOT / "docs" / "performance.md").read_text().splitlines()
    measured = {line.split("|")[1].strip() for line in lines if "| **measured**" in line}
    assert measured == set(MEASURED)


def test_a_slower_card_and_a_larger_voice_take_longer() -> None:
    assert workload(piper(), 320, "RTX A4000").seconds > workload(piper(), 320, "4090").seconds
    high = piper(quality=Quality.HIGH)
    assert workload(high, 320, "4090").seconds > 2 * workload(piper(), 320, "RTX 4090").seconds


def test_training_time_bounds_the_estimate() -> None:
    assert workload(piper(train_minutes=1.5), 320, "RTX 4090").seconds == 90


def test_memory_grows_with_the_batch_and_nobody_knows_a_commands() -> None:
    assert memory_needed_gb(settings(batch_size=64)) > memory_needed_gb(settings(batch_size=8)) > 0
    assert memory_needed_gb(RunSettings.model_validate({"recipe": "command"})) == 0


@pytest.mark.parametrize(
    ("name", "speed"),
    [
        ("NVIDIA L4", 0.35),
        ("L40S", 1.0),
        ("NVIDIA L40", 0.9),
        ("RTX A4000", 0.4),
        ("Voodoo 2", 0.5),
    ],
)
def test_a_card_is_known_by_its_whole_name(name: str, speed: float) -> None:
    assert card_speed(name).relative == speed


def test_an_own_finished_run_of_the_same_kind_beats_the_table() -> None:
    found = estimate(settings(epochs=200), DATASET, OFFER, [earlier_run(3.0, epochs=100)])
    assert found is not None
    assert "run-01" in found.basis
    assert 5.5 < found.hours < 6.0


@pytest.mark.parametrize(
    "run",
    [
        earlier_run(3.0, batch_size=8),
        earlier_run(3.0, quality="high"),
        earlier_run(3.0, dataset_repo="me/others"),
    ],
)
def test_a_run_of_another_kind_says_nothing(run: Run) -> None:
    found = estimate(settings(), DATASET, OFFER, [run])
    assert found is not None
    assert "table" in found.basis


def test_nothing_is_claimed_of_a_command_or_an_unread_dataset() -> None:
    assert estimate(RunSettings.model_validate({"recipe": "command"}), DATASET, OFFER, []) is None
    assert estimate(settings(), None, OFFER, []) is None


def test_no_table_tells_how_long_a_processor_takes_and_an_own_run_on_it_does() -> None:
    processor = replace(OFFER, gpu_type=PROCESSOR, gpu_name="no GPU", price_per_hour_usd=0.0)
    assert estimate(settings(), DATASET, processor, []) is None
    earlier = replace(earlier_run(2.0), gpu_name="no GPU")
    found = estimate(settings(), DATASET, processor, [earlier])
    assert found is not None
    assert found.hours == pytest.approx(2.0)
    assert found.cost_usd == 0.0


def test_start_and_upload_are_told_as_long_as_the_place_and_the_image_take() -> None:
    given = settings()
    near, far = (
        recipe_of(given).estimate(given, DATASET, OFFER, [], seconds) for seconds in (60.0, 600.0)
    )
    assert near is not None and far is not None  # noqa: PT018
    assert "about 3 minutes for start and upload" in near.basis
    assert "about 12 minutes for start and upload" in far.basis
    assert (far.hours - near.hours) * 3600 == pytest.approx(540.0)
