"""A task as dstack reads it: the fields of its YAML are those of its documentation of November 2026."""

from __future__ import annotations

import shlex

from launcher.domain.offer import shown_gpu
from launcher.services.exporting.task import WARNING, ExportedTask, comment, quoted

TITLE = "dstack"
FILE_NAME = "{name}.dstack.yml"


def to_yaml(task: ExportedTask) -> str:
    lines = [
        *comment(WARNING.format(engine=TITLE).split(". ")),
        *comment(["", *secret_lines(task), f"Start it: {start_line(task)}"]),
        "type: task",
        f"name: {quoted(task.name)}",
        f"image: {quoted(task.image)}",
        "env:",
        *(f"  - {quoted(f'{name}={value}')}" for name, value in task.environment.items()),
        *(f"  - {quoted(f'{name}=${{{{ secrets.{_secret(name)} }}}}')}" for name in task.secrets),
        "commands:",
        *(f"  - {quoted(each)}" for each in task.commands),
        "resources:",
        "  gpu:",
        *([f"    name: [{', '.join(map(_gpu, task.gpu_names))}]"] if task.gpu_names else []),
        f"    memory: {task.gpu_memory_gb}GB..",
        f"    count: {task.gpu_count}",
        f"  disk: {task.disk_gb}GB..",
        "spot_policy: on-demand",
        "retry: false",
        "idle_duration: 0s",
        f"max_duration: {task.max_seconds}s",
        "utilization_policy:",
        "  min_gpu_utilization: 1",
        f"  time_window: {max(5, task.idle_minutes)}m",
    ]
    return "\n".join(lines) + "\n"


def secret_lines(task: ExportedTask) -> list[str]:
    return [f"Give it the secret: dstack secret set {_secret(name)} ..." for name in task.secrets]


def start_line(task: ExportedTask, path: str = "") -> str:
    """`path`: where the file is, for somebody in another folder."""
    return f"dstack apply -f {shlex.quote(path or FILE_NAME.format(name=task.name))}"


def _secret(variable: str) -> str:
    return variable.lower()


def _gpu(name: str) -> str:
    """Without the maker, and without what tells boards of one model apart."""
    words = shown_gpu(name).split()
    if words[0] == "RTX" and len(words) > 1:
        return quoted(words[1] if words[1].startswith("A") else f"RTX{words[1]}")
    return quoted(words[0])
