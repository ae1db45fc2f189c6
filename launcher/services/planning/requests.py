"""The exact requests that a launch would send, with a typed placeholder wherever a secret would stand; and what of
them is agreed to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import SecretStr

from launcher.domain.agreed import Agreed, AgreedOffer
from launcher.domain.offer import Offer
from launcher.domain.plan import Plan
from launcher.domain.planned_request import Planned
from launcher.domain.pod import PodName
from launcher.domain.run import Run
from launcher.services.common.run_secrets import (
    TokenEnvironment,
    command_purposes,
    secret_name,
)
from launcher.services.common.run_tokens import used_tokens
from launcher.services.common.workbench import Workbench
from launcher.services.launching.commit_share import commits_per_hour
from launcher.services.launching.orders import new_attempt, pod_order
from launcher.stores.secrets import KeyName
from pod_image.contract.environment import (
    COMMITS_ALONE,
    DATASET_TOKEN_VARIABLE,
    UPLOAD_TOKEN_VARIABLE,
)
from pod_image.contract.secret_names import NOTIFY_VARIABLE

NONCE_SHOWN = "xxxxxxxxxx"
"""Stands for the nonce, which is drawn anew at each launch."""
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_ANY_ATTEMPT = 1
PLACEHOLDERS: Mapping[KeyName, str] = {
    KeyName.HF_DATASET: "<Hugging Face dataset token>",
    KeyName.HF_UPLOAD: "<Hugging Face upload token>",
}
_PLACEHOLDER = "<value of {}>"
_ADDRESSES = "<your notification addresses>"
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
    run = replace(new_attempt(bench, plan), nonce=NONCE_SHOWN)
    share = commits_per_hour(bench, run)
    return _requests(bench, plan, run, plan.offer, tokens, share)


def agreed_of(bench: Workbench, plan: Plan, tokens: Iterable[KeyName]) -> Agreed:
    """What is agreed to with the plan. Held still in its requests: nonce, names that are made of it, the attempt's
    number, which is this computer's own count, its share of the Hub's commits, and times. Price and place stand with
    each offer.
    """
    # What a registry said of the image is no choice: it may not answer the next time.
    plan = replace(plan, image=None)
    run = replace(
        new_attempt(bench, plan),
        nonce=NONCE_SHOWN,
        attempt=_ANY_ATTEMPT,
        planned_at=_ANY_TIME,
        deadline=_ANY_TIME,
    )
    offer = replace(plan.offer, price_per_hour_usd=0.0, data_centers=(), avoids=())
    requests = [_sent(each) for each in _requests(bench, plan, run, offer, tokens)]
    wanted = plan.settings.data_centers
    return Agreed(requests, tuple(AgreedOffer.of(each, wanted) for each in plan.candidates))


def _sent(request: Planned) -> dict[str, Any]:
    """Without headers: they name the release of the launcher, and no choice. As JSON gives it back."""
    sent = {name: value for name, value in asdict(request).items() if name != "headers"}
    return dict(json.loads(json.dumps(sent)))


def _requests(
    bench: Workbench,
    plan: Plan,
    run: Run,
    offer: Offer,
    tokens: Iterable[KeyName],
    commits: int = COMMITS_ALONE,
) -> tuple[Planned, ...]:
    there = used_tokens(plan.settings) & set(tokens)
    used = [
        _Used(variable, purpose, PLACEHOLDERS[key])
        for variable, purpose, key in _TOKENS
        if key in there
    ]
    used += [
        _Used(variable, purpose, _PLACEHOLDER.format(name))
        for name, (variable, purpose) in command_purposes(tuple(plan.secrets)).items()
    ]
    if plan.told_from_pod:
        used.append(_Used(NOTIFY_VARIABLE, "notify", _ADDRESSES))
    run = replace(run, pod_name=str(PodName(run.run_id, run.attempt, NONCE_SHOWN)))
    order = pod_order(bench, plan, run, offer, _environment(bench, plan, used), commits)
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
