"""What the machine is doing: GPUs as nvidia-smi tells, processors, memory and disk as the container sees them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pod_image.agent.ports import Processes
from pod_image.contract.bodies import Gpu

GPU_QUERY = (
    "nvidia-smi",
    "--query-gpu=utilization.gpu,memory.used,memory.total,temperature.gpu",
    "--format=csv,noheader,nounits",
)
_QUERY_SECONDS = 10.0
_GB = 1e9
_MIB = 1 << 20
_CGROUP = Path("/sys/fs/cgroup")


async def read_gpus(processes: Processes) -> tuple[Gpu, ...]:
    """One entry per GPU; empty without NVIDIA's program."""
    answer = await processes.answer(GPU_QUERY, _QUERY_SECONDS)
    return parse_gpus(answer or "")


def parse_gpus(text: str) -> tuple[Gpu, ...]:
    """Figures that a card does not give ("[N/A]") are None; MiB become GB."""
    gpus = []
    for line in text.splitlines():
        cells = [_number(cell) for cell in line.split(",")]
        if len(cells) != 4:
            continue
        use, used, total, temperature = cells
        gpus.append(
            Gpu(
                use_percent=use,
                memory_used_gb=_from_mib(used),
                memory_total_gb=_from_mib(total),
                temperature_c=temperature,
            )
        )
    return tuple(gpus)


class MachineReader:
    """Readings of processor, memory and disk; processor use is over the time since the last reading."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._busy = _cpu_times()

    def read(self) -> Mapping[str, Any]:
        return {"cpu_percent": self._cpu_percent(), **_memory(), **_disk(self._folder)}

    def _cpu_percent(self) -> float | None:
        before, self._busy = self._busy, _cpu_times()
        if before is None or self._busy is None:
            return None
        busy, total = (now - then for now, then in zip(self._busy, before, strict=True))
        return round(100.0 * busy / total, 1) if total > 0 else None


def _cpu_times() -> tuple[float, float] | None:
    """Busy and all ticks of the whole machine since it started."""
    with suppress(OSError, ValueError, IndexError):
        ticks = [
            float(cell) for cell in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
        ]
        return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
    return None


def _memory() -> dict[str, float]:
    """The container's own limit and use where it has one; else the machine's."""
    limit, used = _integer(_CGROUP / "memory.max"), _integer(_CGROUP / "memory.current")
    if limit is not None and used is not None:
        return {"memory_total_gb": _gb(limit), "memory_used_gb": _gb(used)}
    with suppress(OSError, ValueError, KeyError):
        rows = dict(
            line.split(":", 1)
            for line in Path("/proc/meminfo").read_text().splitlines()
            if ":" in line
        )
        total, free = (int(rows[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
        return {"memory_total_gb": _gb(total), "memory_used_gb": _gb(total - free)}
    return {}


def _disk(folder: Path) -> dict[str, float]:
    free_bytes = free_bytes_of(folder)
    return {} if free_bytes is None else {"disk_free_gb": _gb(free_bytes)}


def free_bytes_of(folder: Path) -> int | None:
    """Of the disk that the folder is on; None where it does not say."""
    with suppress(OSError):
        return shutil.disk_usage(folder).free
    return None


def _integer(path: Path) -> int | None:
    with suppress(OSError, ValueError):
        return int(path.read_text())
    return None


def _number(cell: str) -> float | None:
    with suppress(ValueError):
        return float(cell)
    return None


def _from_mib(value: float | None) -> float | None:
    return None if value is None else round(value * _MIB / _GB, 2)


def _gb(size_bytes: int) -> float:
    return round(size_bytes / _GB, 2)
