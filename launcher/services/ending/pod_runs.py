"""What a pod's own name and environment say of its run: enough to judge and to end it without any history."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from launcher.domain.offer import shown_gpu
from launcher.domain.pod import Pod, PodName
from launcher.domain.run import Run, RunState
from launcher.services.common.boot_budget import boot_budget_in
from launcher.services.common.intents import intents_of
from launcher.services.common.pod_release import asked_releases
from launcher.services.common.run_secrets import PURPOSES, secret_name
from launcher.services.common.workbench import Workbench
from pod_image.contract.older_names import under_todays_names
from pod_image.contract.results_address import results_in


def proven_name(bench: Workbench, pod: Pod) -> PodName | None:
    """The pod's name when it is certainly one of ours, not only one that is called like it."""
    name = PodName.parse(pod.name)
    if name is None:
        return None
    is_proven = (
        pod.nonce == name.nonce
        or asked_releases(bench).has(pod.id)
        or bench.runs.by_nonce(name.nonce) is not None
        or any(intent.nonce == name.nonce for intent in intents_of(bench).open())
    )
    return name if is_proven else None


def told_run(bench: Workbench, pod: Pod, name: PodName) -> Run:
    """The pod's run, made of what the pod says itself."""
    settings = _settings(pod.run_json)
    told_price = _number(_document(pod.run_json), "price_per_hour_usd")
    return Run(
        run_id=name.run_id,
        results_repo=results_repo_of(pod, None),
        attempt=name.attempt,
        nonce=name.nonce,
        state=RunState.LAUNCHING,  # whether it is armed is for the pod to say
        planned_at=pod.created_at or bench.provider_now(),
        pod_name=pod.name,
        pod_id=pod.id,
        price_per_hour_usd=pod.whole_price(told_price),
        gpu_name=shown_gpu(pod.gpu_type),
        max_hours=_number(settings, "max_hours"),
        max_cost_usd=_number(settings, "max_cost_usd"),
        created_at=pod.created_at,
        deadline=pod.deadline,
        settings_json=json.dumps(settings),
        secret_names=tuple(secret_name(name.nonce, purpose) for purpose in PURPOSES),
        place=bench.place.name,
    )


def boot_minutes(pod: Pod, run: Run | None) -> float:
    """How long this pod may boot: by its own document, which nothing here can have changed since."""
    own = _settings(pod.run_json)
    settings = json.dumps(own) if own or run is None else run.settings_json
    return boot_budget_in(settings).minutes


def results_repo_of(pod: Pod, run: Run | None) -> str:
    return run.results_repo if run is not None else results_in(_settings(pod.run_json))


def _settings(run_json: str) -> dict[str, Any]:
    settings = _document(run_json).get("settings")
    return under_todays_names(settings) if isinstance(settings, dict) else {}


@lru_cache(maxsize=256)
def _document(run_json: str) -> dict[str, Any]:
    # Leniently: an older or newer launcher's document tells as much as is needed here.
    try:
        document = json.loads(run_json)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _number(document: dict[str, Any], name: str) -> float:
    value = document.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
