"""The exact requests that a launch would send, with a typed placeholder wherever a secret would stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pydantic import SecretStr

from launcher.domain.plan import Plan
from launcher.domain.planned_request import Planned
from launcher.domain.pod import PodName
from launcher.services.common.run_secrets import TokenEnvironment, secret_name
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
    used = [token for token in _TOKENS if token[2] in there]
    run = replace(new_attempt(bench, plan), nonce=NONCE_SHOWN)
    run = replace(run, pod_name=str(PodName(run.run_id, run.attempt, NONCE_SHOWN)))
    order = pod_order(bench, plan, run, plan.offer, _environment(bench, plan, used))
    secrets = {} if plan.secrets_in_plain else _secrets(used)
    return bench.provider.planned_requests(order, secrets)


def _secrets(used: list[tuple[str, str, KeyName]]) -> dict[str, str]:
    """Name and placeholder of each account secret that would be made."""
    return {secret_name(NONCE_SHOWN, purpose): PLACEHOLDERS[key] for _, purpose, key in used}


def _environment(
    bench: Workbench, plan: Plan, used: list[tuple[str, str, KeyName]]
) -> TokenEnvironment:
    if plan.secrets_in_plain:
        plain = {variable: SecretStr(PLACEHOLDERS[key]) for variable, _, key in used}
        return TokenEnvironment(plain=plain)
    references = {
        variable: bench.provider.secret_reference(secret_name(NONCE_SHOWN, purpose))
        for variable, purpose, _ in used
    }
    return TokenEnvironment(environment=references)
