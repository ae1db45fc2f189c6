"""A task as SkyPilot reads it: the fields of its YAML are those of its documentation of November 2026."""

from __future__ import annotations

import shlex

from launcher.domain.offer import shown_gpu
from launcher.services.exporting.task import WARNING, ExportedTask, comment, quoted

TITLE = "SkyPilot"
FILE_NAME = "{name}.sky.yaml"
STOPS_AFTER_MINUTES = 1
"""Of doing nothing once the task is over: then the machine is removed, and not only stopped."""


def to_yaml(task: ExportedTask) -> str:
    lines = [
        *comment(WARNING.format(engine=TITLE).split(". ")),
        *comment(["", f"Start it: {start_line(task)}"]),
        f"name: {quoted(task.name)}",
        "resources:",
        f"  image_id: {quoted(f'docker:{task.image}')}",
        *_accelerators(task),
        f"  disk_size: {task.disk_gb}",
        "  use_spot: false",
        "  autostop:",
        f"    idle_minutes: {STOPS_AFTER_MINUTES}",
        "    down: true",
        "envs:",
        *(f"  {name}: {quoted(value)}" for name, value in task.environment.items()),
        "secrets:",
        *(f"  {name}: null" for name in task.secrets),
        "run: |",
        f"  {task.commands[0]}",
        # The agent ends by itself at its cap; this ends what hangs.
        f"  exec timeout {task.max_seconds} {task.commands[1].removeprefix('exec ')}",
    ]
    return "\n".join(lines) + "\n"


def start_line(task: ExportedTask, path: str = "") -> str:
    """`path`: where the file is, for somebody in another folder."""
    secrets = " ".join(f"--secret {name}" for name in task.secrets)
    return f"sky launch --down {secrets} {shlex.quote(path or FILE_NAME.format(name=task.name))}"


def _accelerators(task: ExportedTask) -> list[str]:
    if not task.gpu_names:
        return [f"  accelerators: {quoted(f'{task.gpu_memory_gb}GB+:{task.gpu_count}')}"]
    named = [f"    {quoted(_name(each))}: {task.gpu_count}" for each in task.gpu_names]
    return ["  accelerators:", *named]


def _name(gpu: str) -> str:
    """Its names have no blanks, and say the memory where one model has several."""
    name = shown_gpu(gpu)
    if name.startswith("A100"):
        return "A100-80GB" if "80" in name or "PCIe" in name or "SXM" in name else "A100"
    first, *rest = name.split()
    return first + (rest[0] if first == "RTX" and rest else "")
