"""The exact requests that a launch would send, with a typed placeholder wherever a secret would stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from pydantic import SecretStr

from launcher.domain.plan import Plan
from launcher.domain.planned_request import Planned
from launcher.domain.pod import PodName
from launcher.services.common.run_secrets import (
    TokenEnvironment,
    command_purposes,
    secret_name,
)
from launcher.services.common.workbench import Workbench
from launcher.services.launching.orders import new_attempt, pod_order
from launcher.stores.secrets import KeyName
from pod_image.contract.environment import DATASET_TOKEN_VARIABLE, UPLOAD_TOKEN_VARIABLE

NONCE_SHOWN = "xxxxxxxxxx"
"""Stands for the nonce, which is drawn anew at each launch."""
PLACEHOLDERS: Mapping[KeyName, str] = {
    KeyName.HF_DATASET: "<Hugging Face dataset token>",
    KeyName.HF_UPLOAD: "<Hugging Face upload token>",
}
_PLACEHOLDER = "<value of {}>"
_TOKENS = (
    (DATASET_TOKEN_VARIABLE, "dataset", KeyName.HF_DATASET),
    (UPLOAD_TOKEN_VARIABLE, "upload", KeyName.HF_UPLOAD),
)


def planned_requests(
    bench: Workbench, plan: Plan, tokens: Iterable[KeyName]
) -> tuple[Planned, ...]:
    """What would be sent for the first candidate, in the order it would go.

    `tokens` are the Hugging Face tokens there are; none of their values is needed, and none is in the result.
    """
    there = set(tokens)
    used = [
        _Used(variable, purpose, PLACEHOLDERS[key])
        for variable, purpose, key in _TOKENS
        if key in there
    ]
    used += [
        _Used(variable, purpose, _PLACEHOLDER.format(name))
        for name, (variable, purpose) in command_purposes(tuple(plan.secrets)).items()
    ]
    run = replace(new_attempt(bench, plan), nonce=NONCE_SHOWN)
    run = replace(run, pod_name=str(PodName(run.run_id, run.attempt, NONCE_SHOWN)))
    order = pod_order(bench, plan, run, plan.offer, _environment(bench, plan, used))
    secrets = {} if plan.secrets_in_plain else _secrets(used)
    return bench.provider.planned_requests(order, secrets)


class _Used(NamedTuple):
    """A secret of the pod: its variable, what it is for, and what is shown in place of its value."""

    variable: str
    purpose: str
    placeholder: str


def _secrets(used: list[_Used]) -> dict[str, str]:
    """Name and placeholder of each account secret that would be made."""
    return {secret_name(NONCE_SHOWN, each.purpose): each.placeholder for each in used}


def _environment(bench: Workbench, plan: Plan, used: list[_Used]) -> TokenEnvironment:
    if plan.secrets_in_plain:
        plain = {each.variable: SecretStr(each.placeholder) for each in used}
        return TokenEnvironment(plain=plain)
    references = {
        each.variable: bench.provider.secret_reference(secret_name(NONCE_SHOWN, each.purpose))
        for each in used
    }
    return TokenEnvironment(environment=references)
