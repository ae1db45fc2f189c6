"""`run.json`: what is known of the run now, as the pod writes it with every commit."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from pod_image.agent.run import Run
from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.keys import without_keys
from pod_image.contract.record import RunRecord
from pod_image.contract.sent_steps import sent_steps
from pod_image.contract.settings import SETTINGS, RunSettings
from pod_image.recipes.base import Recipe

_OUR_PACKAGES = ("pod-launcher", "huggingface_hub")


def record_of(run: Run, *, is_over: bool = False) -> RunRecord:
    """The record of this moment."""
    progress, ending, attempt_state = run.progress, run.ending, run.attempt_file.state
    return RunRecord(
        run_id=run.document.run_id,
        attempt=run.document.attempt.number,
        nonce=run.document.attempt.nonce,
        state="ended" if is_over else "running",
        contract=CONTRACT_VERSION,
        recipe=run.settings.recipe.value,
        settings=_shown(run.settings),
        dataset_commit=run.document.dataset_commit,
        more_dataset_commits=run.document.more_dataset_commits,
        brought_sha256=run.document.brought_sha256,
        versions=dict(run.versions),
        gpu=run.reading.gpu,
        gpu_count=run.reading.gpu_count,
        pod_id=run.pod.pod_id,
        price_per_hour_usd=run.limits.price_per_hour_usd,
        cost_usd=run.cost_usd,
        created_at=_moment(run.limits.created_at),
        ended_at=_moment(run.now()) if is_over else None,
        deadline=_moment(run.limits.ends_at),
        boots=attempt_state.boots,
        resumed_at_steps=attempt_state.resumed_at_steps,
        commands_taken=attempt_state.commands_taken,
        end_reason=ending.reason if ending else None,
        detail=ending.detail if ending else "",
        hint=str(ending.hint) if ending else "",
        hint_steps=sent_steps(ending.hint) if ending else None,
        phases=progress.phase_seconds(),
        pace=progress.pace.so_far(),
        gpu_idle=progress.gpu_idle.so_far(run.now()),
        steps=progress.step,
        first_loss=progress.losses.first,
        last_loss=progress.losses.last,
        checkpoint=progress.checkpoint,
        delivered=tuple(run.delivered.values()),
        not_delivered=run.missing.names if is_over else None,
    )


def _shown(settings: RunSettings) -> dict[str, Any]:
    """The settings as others may see them: a key in a command is hidden, should a launcher have let it pass."""
    values = settings.applicable()
    for name in values:
        if SETTINGS[name].knob.may_hold_no_key:
            values[name] = list(without_keys(values[name]))
    return values


def installed_versions(recipe: Recipe) -> dict[str, str]:
    """Versions of what made the results; looked up, not loaded."""
    found = {"python": platform.python_version()}
    for name in (*_OUR_PACKAGES, *recipe.versions_of):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    if cuda := os.environ.get("CUDA_VERSION"):
        found["cuda"] = cuda
    return found


def _moment(unix_seconds: float) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)
