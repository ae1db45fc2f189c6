"""The workflows and the repo's own actions as data: what GitHub reads, read without GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.kit.checkout import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
PLACES = [*ACTIONS, *WORKFLOWS]


def document(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def triggers(workflow: dict[Any, Any]) -> dict[str, Any]:
    """`on` is a yes to YAML, and so no string."""
    found: dict[str, Any] = workflow[True]
    return found


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each with the name `FILE: JOB`."""
    for path in WORKFLOWS:
        for name, job in document(path)["jobs"].items():
            yield f"{path.name}: {name}", job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Those of every job, and of the actions that this repo has for them."""
    for name, job in jobs():
        yield from ((name, step) for step in job.get("steps", ()))
    for path in ACTIONS:
        yield from ((path.parent.name, step) for step in document(path)["runs"]["steps"])


def script(job: str, name: str) -> str:
    """What the step of that name runs."""
    found = [step["run"] for where, step in steps() if where == job and step.get("name") == name]
    return str(found[0])
