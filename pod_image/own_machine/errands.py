"""What the launcher asks of a machine: look, start, list, show, end, run a command. Each answers with a document."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pod_image.contract.own_machine import CLOCK_AHEAD_VARIABLE, PROCESSOR, Kind
from pod_image.own_machine.folder_errand import ask_folder
from pod_image.own_machine.gpus import Gpu, is_free, lease
from pod_image.own_machine.machine import Machine
from pod_image.own_machine.refused import Refused
from pod_image.own_machine.run_place import RunPlace, all_runs

UNBORN_SECONDS = 60.0
"""A start that has left no process by then was cut off."""
AGREES_SECONDS = 2.0


@dataclass(frozen=True)
class Ground:
    """One machine, with where its runs and its GPUs' locks lie."""

    runs: Path
    leases: Path
    machine: Machine


def answer(ground: Ground, verb: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Raises Refused."""
    return VERBS[verb](ground, asked)


def time_there(ground: Ground) -> float:
    """Unix seconds by which the runs here are counted. While one lives a clock that is set changes them by nothing: a
    run would be over its deadline by that, or never come to it."""
    machine = ground.machine
    # Every answer asks for it: no look at the processes of a run that has ended.
    left = (place for place in all_runs(ground.runs) if not place.ended)
    living = [place.order for place in left if is_living(ground, place)]
    begun = [order for order in living if isinstance(order.get("uptime"), int | float)]
    if not begun:
        return machine.now()
    oldest = min(begun, key=lambda order: float(order["uptime"]))
    return float(oldest["created_at"]) + machine.uptime() - float(oldest["uptime"])


def look(ground: Ground, asked: Mapping[str, Any]) -> dict[str, Any]:
    lent = _lent(ground)
    found = [
        {
            "name": gpu.name,
            "memory_gb": gpu.memory_gb,
            "is_free": gpu.uuid not in lent and is_free(ground.leases, gpu),
        }
        for gpu in ground.machine.gpus()
    ]
    run_json = str(asked.get("run_json", ""))
    return {**ground.machine.facts(run_json), "gpus": found, "container": _walls(ground, run_json)}


def _walls(ground: Ground, run_json: str) -> dict[str, Any] | None:
    """What the run would be in, or why it cannot be; None for a bare process."""
    try:
        container = ground.machine.container(run_json)
    except Refused as refused:
        return {"why_not": str(refused.message), "hint": str(refused.hint)}
    return container.as_document() if container else None


def start(ground: Ground, asked: Mapping[str, Any]) -> dict[str, Any]:
    """`asked`: pod_id, name, nonce, gpu_type, gpu_count, environment, keys, and which variable says who the run is."""
    machine = ground.machine
    place = RunPlace.of(ground.runs, str(asked["pod_id"]))
    container = machine.container(str(asked.get("run_json", "")))
    chosen = _of_type(machine.gpus(), str(asked["gpu_type"]))
    wanted = 0 if asked["gpu_type"] == PROCESSOR else int(asked["gpu_count"])
    try:
        place.root.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Refused(Kind.INVALID, f"Run {place.pod_id} is already on this machine.") from None
    leased: dict[int, Gpu] = {}
    try:
        leased = lease(ground.leases, chosen, wanted, _lent(ground))
        environment = {
            **{str(name): str(text) for name, text in asked["environment"].items()},
            str(asked["variable"]): place.pod_id,
            "CUDA_VISIBLE_DEVICES": ",".join(gpu.uuid for gpu in leased.values()),
        }
        if not chosen:
            del environment["CUDA_VISIBLE_DEVICES"]  # this user's own word on it stands
        now = time_there(ground)
        ahead_seconds = now - machine.now()
        # The deadline is by that time, and so is all that the agent counts.
        if abs(ahead_seconds) > AGREES_SECONDS:
            environment[CLOCK_AHEAD_VARIABLE] = f"{ahead_seconds:.3f}"
        place.disk.mkdir()
        order = _order(machine, asked, environment, [*leased.values()], now)
        if container:
            order["container"] = container.as_document()
        place.write("order", order)
        machine.begin(place, environment, asked["keys"], list(leased))
    except Refused as refused:
        if refused.kind is Kind.NO_ROOM:
            shutil.rmtree(place.root, ignore_errors=True)
        else:
            place.write("ended", {"at": machine.now(), "code": None, "why": "never began"})
        raise
    finally:
        _close(leased)
    return shown(ground, place)


def _order(
    machine: Machine,
    asked: Mapping[str, Any],
    environment: Mapping[str, str],
    leased: list[Gpu],
    now: float,
) -> dict[str, Any]:
    run_json = str(asked.get("run_json", ""))
    return {
        "name": asked["name"],
        "nonce": asked["nonce"],
        "run_json": run_json,
        "gpu_type": asked["gpu_type"],
        "gpus": [gpu.name for gpu in leased],
        "environment": dict(environment),
        "created_at": now,
        "uptime": machine.uptime(),
        "boot_id": machine.boot_id(),
        "deadline": _deadline(run_json),
        "may_install": bool(asked.get("may_install")),
    }


def _lent(ground: Ground) -> set[str]:
    """GPUs of runs that live. The lock of one goes with the run's first process, and what that had started may work on
    when the system killed it."""
    living = (place.order for place in all_runs(ground.runs) if is_living(ground, place))
    environments = (order.get("environment", {}) for order in living)
    return {
        uuid
        for each in environments
        for uuid in str(each.get("CUDA_VISIBLE_DEVICES", "")).split(",")
    }


def _close(leased: Mapping[int, Gpu]) -> None:
    """Here: the run's first process keeps them open."""
    for lock in leased:
        with suppress(OSError):
            os.close(lock)


def _of_type(found: list[Gpu], gpu_type: str) -> list[Gpu]:
    return [gpu for gpu in found if gpu.name == gpu_type]


def listing(ground: Ground, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Every run of this user that lives here."""
    living = [place for place in all_runs(ground.runs) if is_living(ground, place)]
    return {"runs": [shown(ground, place) for place in living]}


def show(ground: Ground, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Raises Refused for one that is gone; its folder is told where it stayed."""
    place = RunPlace.of(ground.runs, str(asked["pod_id"]))
    if not is_living(ground, place):
        raise Refused(Kind.GONE, remains(ground, place) or f"Run {place.pod_id} has ended.")
    return shown(ground, place)


def what_remains(ground: Ground, asked: Mapping[str, Any]) -> dict[str, Any]:
    place = RunPlace.of(ground.runs, str(asked["pod_id"]))
    return {"remains": remains(ground, place)}


def remains(ground: Ground, place: RunPlace) -> str:
    """What of a run that is gone is still here, as sentences; empty where nothing is."""
    if not place.disk.is_dir():
        return ""
    where = f"What it made is still in {place.disk}."
    if place.order.get("boot_id") != ground.machine.boot_id():
        return f"The machine was started again while it ran. {where}"
    return where


def end(ground: Ground, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Silent about a run that is gone already. Raises Refused where some of it lives on."""
    place = RunPlace.of(ground.runs, str(asked["pod_id"]))
    if not place.order or place.order.get("boot_id") != ground.machine.boot_id():
        return {}
    left = ground.machine.end(place)
    if left:
        numbers = ", ".join(map(str, sorted(left)))
        raise Refused(Kind.ALIVE, f"Processes of the run could not be ended: {numbers}.")
    if not place.ended:
        place.write("ended", {"at": ground.machine.now(), "code": None, "why": "asked"})
    return {}


def folder(ground: Ground, asked: Mapping[str, Any]) -> dict[str, Any]:
    return ask_folder(asked)


def execute(ground: Ground, asked: Mapping[str, Any]) -> dict[str, Any]:
    place = RunPlace.of(ground.runs, str(asked["pod_id"]))
    if not is_living(ground, place):
        raise Refused(Kind.GONE, f"Run {place.pod_id} has ended.")
    argv = [str(word) for word in asked["argv"]]
    environment = place.order.get("environment", {})
    return ground.machine.execute(place, environment, argv, float(asked["seconds"]))


def is_living(ground: Ground, place: RunPlace) -> bool:
    """Whether any of the run lives. One whose start is under way counts too: somebody waits for it, or looks for it."""
    order = place.order
    if not order or order.get("boot_id") != ground.machine.boot_id():
        return False
    if ground.machine.is_alive(place):
        return True
    is_young = _age_seconds(ground, order) < UNBORN_SECONDS
    return is_young and not place.process and not place.ended


def shown(ground: Ground, place: RunPlace) -> dict[str, Any]:
    """A run as the launcher reads it."""
    order = place.order
    return {
        "id": place.pod_id,
        "name": order.get("name", ""),
        "nonce": order.get("nonce", ""),
        "run_json": order.get("run_json", ""),
        "created_at": order.get("created_at"),
        "seconds": _age_seconds(ground, order),
        "is_begun": bool(place.process),
        "gpu_type": order.get("gpu_type", ""),
        "gpu_count": len(order.get("gpus", ())),
        "folder": str(place.root),
    }


def _age_seconds(ground: Ground, order: Mapping[str, Any]) -> float:
    """Of a run of this start of the machine."""
    if isinstance(order.get("uptime"), int | float):
        return ground.machine.uptime() - float(order["uptime"])
    return ground.machine.now() - float(order.get("created_at") or 0.0)  # an earlier release's


def _deadline(run_json: str) -> float | None:
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        moment = datetime.fromisoformat(json.loads(run_json)["deadline"])
        return moment.timestamp() if moment.tzinfo else None
    return None


VERBS: Mapping[str, Callable[[Ground, Mapping[str, Any]], dict[str, Any]]] = {
    "look": look,
    "start": start,
    "list": listing,
    "show": show,
    "remains": what_remains,
    "end": end,
    "execute": execute,
    "folder": folder,
}
