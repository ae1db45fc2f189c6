"""The agent's pure parts: limits, verdicts, forecasts, card, staging, machine readings, starts."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pod_image.agent.attempt_state import AttemptFile
from pod_image.agent.card import render_card, split_front_matter
from pod_image.agent.clock import backoff_seconds
from pod_image.agent.gpu_idle import GpuIdleMeter
from pod_image.agent.limits import Limits
from pod_image.agent.machine import MachineReader, parse_gpus
from pod_image.agent.pace import PaceMeter
from pod_image.agent.progress import Progress
from pod_image.agent.staging import _freeze, stage
from pod_image.agent.timing import Timing
from pod_image.agent.watchdog import (
    Rules,
    forecast,
    sentence,
    verdict,
    wants_checkpoint,
)
from pod_image.contract.bodies import Gpu, GpuIdle, Pace, PhaseSeconds, Step
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.settings import RunSettings
from pod_image.recipes.base import CardSection

RULES = Rules.of(RunSettings(), Timing())
HOUR = 3_600.0


def limits(**changes: Any) -> Limits:
    values: dict[str, Any] = {
        "created_at": 0.0,
        "time_limit_at": 6 * HOUR,
        "price_per_hour_usd": 1.0,
        "max_cost_usd": 10.0,
        **changes,
    }
    return Limits(**values)


def progress(**changes: Any) -> Progress:
    return Progress(**{"phase": Phase.TRAIN, **changes})


@pytest.mark.promise("money-caps")
@pytest.mark.parametrize(
    ("time_hours", "cost_usd", "price", "cap", "ends_hours"),
    [
        (6, 10, 1.0, EndReason.TIME_CAP, 6),
        (6, 3, 1.0, EndReason.COST_CAP, 3),
        (6, 6, 1.0, EndReason.TIME_CAP, 6),
        (6, 1, 0.0, EndReason.TIME_CAP, 6),
    ],
)
def test_the_cap_that_comes_first_ends_the_pod(
    time_hours: float, cost_usd: float, price: float, cap: EndReason, ends_hours: float
) -> None:
    found = limits(time_limit_at=time_hours * HOUR, max_cost_usd=cost_usd, price_per_hour_usd=price)
    assert (found.cap, found.ends_at) == (cap, ends_hours * HOUR)


@pytest.mark.parametrize("phase", [Phase.BOOT, Phase.EXPORT, Phase.DELIVER, Phase.RELEASE])
def test_phases_that_end_by_themselves_get_no_verdict(phase: Phase) -> None:
    assert verdict(limits(), progress(phase=phase), RULES, 100 * HOUR) is None


def test_a_run_that_gets_on_goes_on() -> None:
    busy = progress(progress_at=HOUR, first_step_at=60.0, gpu_busy_at=HOUR)
    assert verdict(limits(), busy, RULES, HOUR + 60) is None


def test_an_idle_gpu_counts_from_the_first_step() -> None:
    idle = progress(progress_at=HOUR, first_step_at=HOUR - 60, gpu_busy_at=0.0)
    assert verdict(limits(), idle, RULES, HOUR + 800) is None
    assert verdict(limits(), idle, RULES, HOUR + 841) is EndReason.GPU_IDLE


def test_nine_tenths_of_the_cap_want_a_checkpoint() -> None:
    assert not wants_checkpoint(limits(), 5.3 * HOUR)
    assert wants_checkpoint(limits(), 5.4 * HOUR)
    assert wants_checkpoint(limits(time_limit_at=0.0), 0.0)


def test_the_forecast_never_goes_beyond_the_caps() -> None:
    seen = forecast(limits(), progress(seconds_left=100 * HOUR), RULES, HOUR)
    assert seen.ends_at == datetime.fromtimestamp(6 * HOUR, UTC)
    assert (seen.cost_usd, seen.cost_at_end_usd) == (1.0, 6.0)
    assert forecast(limits(), progress(), RULES, HOUR).ends_at is None


@pytest.mark.parametrize(
    "reason",
    [
        EndReason.TIME_CAP,
        EndReason.COST_CAP,
        EndReason.GPU_IDLE,
        EndReason.STALLED,
        EndReason.FAILED,
    ],
)
def test_every_verdict_has_a_sentence(reason: EndReason) -> None:
    text = sentence(reason, progress(), RULES, limits())
    assert text.endswith(".")
    assert len(text) > 20


def test_waits_double_up_to_their_limit() -> None:
    waits = [backoff_seconds(n, first=1.0, longest=30.0) for n in (1, 2, 3, 6, 10_000)]
    assert waits == [1.0, 2.0, 4.0, 30.0, 30.0]
    assert all(math.isfinite(wait) for wait in waits)


SECTION = CardSection({"tags": ["pod-launcher", "piper"], "license": "cc0-1.0"}, "A voice.")


def test_a_new_card_has_front_matter_and_the_run() -> None:
    front, body = split_front_matter(render_card(None, "run-01", SECTION))
    assert front == {"tags": ["pod-launcher", "piper"], "license": "cc0-1.0"}
    assert "## run-01\n\nA voice." in body


def test_a_card_keeps_what_others_wrote() -> None:
    mine = "---\nlicense: mit\ntags:\n- mine\n---\n\n# My voices\n\nHello.\n"
    once = render_card(mine, "run-01", SECTION)
    twice = render_card(once, "run-02", CardSection({}, "Another."))
    front, body = split_front_matter(twice)
    assert front["license"] == "mit"
    assert front["tags"] == ["mine", "pod-launcher", "piper"]
    assert body.index("Hello.") < body.index("## run-01") < body.index("## run-02")


def test_a_run_that_is_told_again_replaces_its_section() -> None:
    card = render_card(None, "run-01", SECTION)
    again = render_card(card, "run-01", CardSection({}, r"Better \1 now."))
    assert again.count("## run-01") == 1
    assert r"Better \1 now." in again
    assert "A voice." not in again


def test_front_matter_that_cannot_be_read_is_left_in_the_text() -> None:
    broken = "---\n: [\n---\n\nHello.\n"
    assert ": [" in render_card(broken, "run-01", SECTION)


def test_links_and_files_elsewhere_are_not_staged(tmp_path: Path) -> None:
    out, scratch, secret = tmp_path / "out", tmp_path / "scratch", tmp_path / "secret"
    (out / "voice").mkdir(parents=True)
    scratch.mkdir()
    secret.write_text("secret")
    (out / "voice" / "good").write_text("good")
    (out / "voice" / "link").symlink_to(secret)
    (out / "away").symlink_to(tmp_path)
    paths = [out / "voice" / "good", out / "voice" / "link", out / "away" / "secret", secret]
    staged, left_out = stage([*paths, out / "voice" / "absent"], out, scratch)
    assert [one.below for one in staged] == ["voice/good"]
    assert len(left_out) == 3


def test_a_staged_file_outlives_its_original(tmp_path: Path) -> None:
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    out.mkdir()
    scratch.mkdir()
    large = out / "large.ckpt"
    large.write_bytes(bytes(40 << 20))
    (one,), _ = stage([large], out, scratch)
    large.unlink()
    assert one.path.stat().st_size == 40 << 20
    assert one.path.stat().st_nlink == 1  # the one that is left of two: nothing was copied


def test_a_folder_that_became_a_link_since_it_was_looked_at_is_not_followed(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (elsewhere / "key").write_text("demo-key")
    (out / "files").symlink_to(elsewhere)
    with pytest.raises(OSError, match="moved out of"):
        _freeze(out / "files" / "key", "files/key", tmp_path / "copy", out.resolve())
    assert not (tmp_path / "copy").exists()


def test_figures_that_a_gpu_does_not_give_are_left_out() -> None:
    first, second = parse_gpus("87, 4096, 24564, 61\n[N/A], 10, 100, [N/A]\nnonsense\n")
    assert (first.use_percent, first.memory_used_gb, first.temperature_c) == (87.0, 4.29, 61.0)
    assert second.use_percent is None
    assert parse_gpus("") == ()


def test_the_pace_counts_each_window_of_steps_as_long_as_it_lasted() -> None:
    meter = PaceMeter()
    meter.read([Gpu(use_percent=3.0)])
    assert meter.so_far() is None
    # The first window is warming up: it counts for nothing.
    meter.stepped(Step(step=1, steps_per_second=0.01, data_wait_share=1.0))
    meter.stepped(Step(step=11, steps_per_second=10.0, data_wait_share=0.5))
    meter.stepped(Step(step=41, steps_per_second=10.0, data_wait_share=0.1))
    meter.stepped(Step(step=42, steps_per_second=None, skipped_steps=2))
    meter.read([Gpu(use_percent=90.0, memory_used_gb=8.0), Gpu(use_percent=70.0)])
    meter.read([Gpu(use_percent=60.0, memory_used_gb=6.0)])
    meter.read([])
    assert meter.so_far() == Pace(
        steps_per_second=10.0,
        data_wait_share=0.2,
        gpu_use_percent=70.0,
        gpu_memory_peak_gb=8.0,
        skipped_steps=2,
    )


def test_the_time_without_a_busy_gpu_is_counted_by_the_phase_it_fell_in() -> None:
    meter = GpuIdleMeter()
    meter.begin(100.0)
    meter.enter(Phase.BOOT, 140.0)
    assert meter.so_far(150.0) is None  # no GPU was read yet: perhaps there is none
    meter.read(False, 160.0)
    meter.enter(Phase.TRAIN, 170.0)
    meter.read(True, 175.0)
    meter.read(True, 190.0)
    meter.read(None, 200.0)  # cannot be told until the next reading
    meter.read(True, 230.0)
    meter.enter(Phase.EXPORT, 240.0)
    meter.read(False, 245.0)
    assert meter.so_far(243.0) == meter.so_far(245.0)  # a clock that goes back takes nothing away
    assert meter.so_far(260.0) == GpuIdle(
        watched_seconds=130.0,
        idle_seconds=90.0,
        phases=(
            PhaseSeconds(name=Phase.BOOT, seconds=70.0),
            PhaseSeconds(name=Phase.TRAIN, seconds=5.0),
            PhaseSeconds(name=Phase.EXPORT, seconds=15.0),
        ),
    )


def test_the_machine_can_be_read_here(tmp_path: Path) -> None:
    reading = MachineReader(tmp_path).read()
    assert reading["disk_free_gb"] > 0
    assert 0 < reading["memory_used_gb"] <= reading["memory_total_gb"]


def test_what_the_disk_remembers_is_this_attempts_alone(tmp_path: Path) -> None:
    path = tmp_path / "latch.json"
    first = AttemptFile.open(path, "nonce1")
    first.note(boots=2, is_over=True)
    assert AttemptFile.open(path, "nonce1").state.boots == 2
    assert AttemptFile.open(path, "nonce2").state.boots == 0
    path.write_text('{"nonce": "nonce1", "boo')
    assert not AttemptFile.open(path, "nonce1").state.is_over
