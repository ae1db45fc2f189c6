"""What the place measures of a run's hardware, where the run itself says nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import RunPicture
from launcher.errors import LauncherError
from launcher.services.common.workbench import Workbench
from pod_image.contract.bodies import Gpu, MachineReading

SILENT_AFTER = timedelta(minutes=2)
"""A pod gives a sign of life every thirty seconds."""


@dataclass(frozen=True)
class MeasuredByPlace:
    """`silent_since`: when the run was last heard; None where it never was."""

    place: str
    reading: MachineReading
    silent_since: datetime | None = None


async def measured_by_place(bench: Workbench, run: Run, told: RunPicture) -> MeasuredByPlace | None:
    """None while the run tells of itself, where its place measures nothing, and where that cannot be asked."""
    if run.state is RunState.ENDED or not run.pod_id or not _is_silent(bench, told):
        return None
    try:
        at = bench.at(run.place)
        reading = await at.provider.measured(run.pod_id)
    except LauncherError:
        return None  # nothing depends on it
    return MeasuredByPlace(at.place.title, reading, told.heard_at) if reading else None


def _is_silent(bench: Workbench, told: RunPicture) -> bool:
    return told.heard_at is None or bench.provider_now() - told.heard_at > SILENT_AFTER


def measured_text(measured: MeasuredByPlace) -> str:
    """Such as "GPU 35 %, 12.0 of 24.0 GB; processor 3 %, as Hugging Face Jobs measures it; the run itself has told
    nothing since 12:30"."""
    reading = measured.reading
    parts = []
    for gpu in reading.gpus:
        use = "" if gpu.use_percent is None else f"GPU {gpu.use_percent:.0f} %"
        parts.append(", ".join(each for each in (use, _memory(gpu)) if each))
    if reading.cpu_percent is not None:
        parts.append(f"processor {reading.cpu_percent:.0f} %")
    since = measured.silent_since
    silent = f"since {since.astimezone():%H:%M}" if since is not None else "yet"
    said = "; ".join(each for each in parts if each)
    return f"{said}, as {measured.place} measures it; the run itself has reported nothing {silent}"


def _memory(gpu: Gpu) -> str:
    if gpu.memory_used_gb is None or gpu.memory_total_gb is None:
        return ""
    return f"{gpu.memory_used_gb:.1f} of {gpu.memory_total_gb:.1f} GB"
