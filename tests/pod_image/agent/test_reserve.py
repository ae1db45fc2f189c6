"""The time that delivery is given before the caps: it follows what is still to go and how fast it goes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from launcher.emulator.hub.faults import Rule
from pod_image.agent.deliver import LAST_MARGIN_SECONDS
from pod_image.agent.hugging_face import HuggingFace
from pod_image.agent.limits import Limits
from pod_image.agent.progress import Progress
from pod_image.agent.timing import Timing
from pod_image.agent.upload_pace import (
    ASSUMED_BYTES_PER_SECOND,
    BATCH_BYTES,
    LARGE_BYTES,
    UploadPace,
)
from pod_image.agent.watchdog import (
    ASSUMED_SHARE,
    MEASURED_SHARE,
    Rules,
    delivery_starts_at,
    verdict,
    work_ends_at,
)
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import Quality, checkpoint_room
from pod_image.contract.settings import RunSettings
from pod_image.recipes.command.recipe import CommandRecipe
from pod_image.recipes.piper.recipe import PiperRecipe
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, ScriptedStage, training

HOUR = 3_600.0
RULES = Rules.of(RunSettings(), Timing(), exports=True)
SIZES = st.integers(0, 200_000_000_000)
SPEEDS = st.one_of(st.none(), st.floats(1e5, 1e8))
SPANS = st.floats(0.1 * HOUR, 48 * HOUR)
ANSWERS = st.floats(0.0, 30.0)


def limits(span_seconds: float) -> Limits:
    return Limits(0.0, span_seconds, 1.0, 1e9)


def progress(to_go_bytes: int, speed: float | None, commit_seconds: float = 0.0) -> Progress:
    pace = UploadPace(speed, commit_seconds)
    return Progress(phase=Phase.TRAIN, upload=pace, to_go_bytes=to_go_bytes)


@given(SIZES, SPEEDS, SPANS, ANSWERS)
def test_what_is_to_go_arrives_in_time_or_has_its_whole_share_of_the_run(
    size_bytes: int, speed: float | None, span_seconds: float, commit_seconds: float
) -> None:
    seen = progress(size_bytes, speed, commit_seconds)
    starts_at = delivery_starts_at(limits(span_seconds), seen, RULES)
    commits = -(-size_bytes // BATCH_BYTES) + 1
    true_speed = (speed or ASSUMED_BYTES_PER_SECOND) / 1.5  # a line that got slower
    arrives_at = starts_at + size_bytes / true_speed + commits * commit_seconds
    last_moment = span_seconds - LAST_MARGIN_SECONDS - Timing().last_word_seconds
    share = ASSUMED_SHARE if speed is None else MEASURED_SHARE
    has_whole_share = starts_at <= span_seconds * (1 - share) - RULES.delivery_reserve_seconds + 1
    assert arrives_at <= last_moment or has_whole_share


@given(SIZES, SIZES, SPEEDS, SPANS)
def test_more_to_go_never_begins_later(
    one: int, other: int, speed: float | None, span_seconds: float
) -> None:
    less, more = sorted((one, other))
    starts = [
        delivery_starts_at(limits(span_seconds), progress(size, speed), RULES)
        for size in (less, more)
    ]
    assert starts[1] <= starts[0] <= span_seconds - RULES.delivery_reserve_seconds


@given(SIZES, st.floats(1e5, 1e8), st.floats(1e5, 1e8), SPANS)
def test_a_slower_line_never_begins_later(
    size_bytes: int, one: float, other: float, span_seconds: float
) -> None:
    slow, fast = sorted((one, other))
    starts = [
        delivery_starts_at(limits(span_seconds), progress(size_bytes, speed), RULES)
        for speed in (slow, fast)
    ]
    assert starts[0] <= starts[1]


@given(SIZES, SPEEDS, SPANS, ANSWERS)
@example(10**11, 1e5, 3_600.0, 1.0)
@example(10**11, None, 3_600.0, 1.0)
def test_half_of_a_run_at_least_is_work_and_the_voice_has_its_room(
    size_bytes: int, speed: float | None, span_seconds: float, commit_seconds: float
) -> None:
    seen = progress(size_bytes, speed, commit_seconds)
    stops_at = work_ends_at(limits(span_seconds), seen, RULES)
    room = min(RULES.export_reserve_seconds, 0.1 * span_seconds)
    starts_at = delivery_starts_at(limits(span_seconds), seen, RULES)
    assert stops_at == starts_at - room
    assert stops_at >= 0.4 * span_seconds - RULES.delivery_reserve_seconds - 1e-6
    assert verdict(limits(span_seconds), seen, RULES, stops_at) is EndReason.TIME_CAP


@given(st.lists(st.tuples(st.integers(0, 10**10), st.floats(0.0, 10_000.0)), max_size=20))
def test_whatever_was_measured_the_pace_can_be_reckoned_with(
    commits: list[tuple[int, float]],
) -> None:
    pace = UploadPace()
    for size_bytes, seconds in commits:
        pace.took(size_bytes, seconds)
    assert pace.speed > 0
    assert 0 <= pace.seconds_for(10**9) < float("inf")
    assert pace.is_measured == any(size_bytes >= LARGE_BYTES for size_bytes, _ in commits)


def test_a_slower_upload_is_believed_at_once_and_a_faster_by_half() -> None:
    pace = UploadPace()
    pace.took(1_000, 2.0)  # a small one tells how long an answer takes
    assert (pace.is_measured, pace.commit_seconds) == (False, 2.0)
    pace.took(400_000_000, 12.0)
    assert pace.bytes_per_second == 40e6
    pace.took(100_000_000, 12.0)
    assert pace.bytes_per_second == 10e6
    pace.took(400_000_000, 12.0)
    assert pace.bytes_per_second == 25e6
    pace.took(10**12, 1.0)  # it was there already
    assert pace.bytes_per_second == pytest.approx(62.5e6)


def test_a_voice_counts_its_last_checkpoint_and_its_export(tmp_path: Path) -> None:
    folder, settings = RunFolder(tmp_path), RunSettings(quality=Quality.MEDIUM)
    room = checkpoint_room(Quality.MEDIUM)
    recipe = PiperRecipe()
    for path in (folder.checkpoints, folder.voice):
        path.mkdir(parents=True)
    assert recipe.still_to_come(folder, settings) == room.whole_bytes + room.voice_bytes
    (folder.checkpoints / "step-00000001.ckpt").write_bytes(bytes(5))
    (folder.checkpoints / "step-00000002.ckpt").write_bytes(bytes(7))
    (folder.voice / "demo.onnx").write_bytes(bytes(3))
    assert recipe.still_to_come(folder, settings) == 10


def test_a_command_counts_what_was_not_collected_yet(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    settings = RunSettings(recipe="command", argv=("x",), outputs=("out/**",))
    (folder.prepared / "out").mkdir(parents=True)
    (folder.prepared / "out" / "new").write_bytes(bytes(11))
    (folder.prepared / "elsewhere").write_bytes(bytes(100))
    assert CommandRecipe().still_to_come(folder, settings) == 11


def leaving(size_bytes: int, seconds: float) -> Any:
    """A command that writes so much at once, works on, and keeps little of it when it is to stop.

    What decides when it is to stop is what lies there until then; hashing gigabytes of zeros afterwards took minutes.
    """

    async def script(stage: ScriptedStage) -> int:
        work = stage.out.parent / "prepared" / "out"
        work.mkdir(parents=True, exist_ok=True)
        with (work / "large.bin").open("wb") as file:
            file.truncate(size_bytes)
        for _ in range(int(seconds)):
            await asyncio.sleep(1.0)
            stage.emit("phase", phase="train", state="progress", done=1.0)
            if not stage.commands.empty() and stage.commands.get_nowait()["command"] == "stop":
                (work / "large.bin").write_bytes(b"kept")
                break
        return 0

    return script


@pytest.mark.parametrize(("size_bytes", "starts_minute"), [(0, 59), (9_000_000_000, 45)])
@in_virtual_time
async def test_a_run_stops_earlier_the_more_there_is_to_deliver(
    tmp_path: Path, size_bytes: int, starts_minute: int
) -> None:
    harness = AgentHarness(tmp_path, leaving(size_bytes, 7_200))
    settings: dict[str, Any] = {"recipe": "command", "argv": ["x"], "outputs": ["out/**"]}
    harness.rent(harness.document(**settings, dataset_repo="", max_hours=1.0, stall_minutes=120))
    stopped = await harness.until("phase", phase="train", state="ended")
    assert harness.pod is not None
    at = (harness.clock.now() - harness.pod.created_at) / 60
    assert starts_minute - 2.5 < at <= starts_minute + 0.1, stopped
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.TIME_CAP


class WeighingHub(HuggingFace):
    """A line of a hundred kilobytes a second."""

    def publish(self, files: Any, message: str, **more: Any) -> Any:
        sizes = (
            path.stat().st_size if isinstance(path, Path) else len(path) for path in files.values()
        )
        self.sleep(sum(sizes) / 1e5)
        return super().publish(files, message, **more)


@pytest.mark.promise("results-all")
@in_virtual_time
async def test_on_a_slow_line_the_last_checkpoint_still_arrives_whole_before_the_cap(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(
        tmp_path,
        training(steps=10_000, step_seconds=5, checkpoint_steps=100, size_bytes=20_000_000),
    )
    harness.hub_class = WeighingHub
    harness.core.faults.add(Rule(r"/preupload/", 10_000, delay_seconds=2.0))
    harness.rent(harness.document(max_hours=0.5))
    assert await harness.until_gone() <= 0.5 * HOUR + 15
    assert harness.ended["reason"] == EndReason.TIME_CAP
    assert harness.ended["not_delivered"] == []
    last = max(path for path in harness.results() if path.endswith(".ckpt"))
    assert int(last.split("-")[-1].split(".")[0]) == harness.ended["steps"]
