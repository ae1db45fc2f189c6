"""The exact requests that a launch would send, with a typed placeholder wherever a secret would stand."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from launcher.domain.plan import Plan
from launcher.domain.pod import PodName
from launcher.providers.runpod.client import USER_AGENT
from launcher.providers.runpod.provider import create_body
from launcher.services.common.run_secrets import TokenEnvironment, secret_name
from launcher.services.common.workbench import Workbench
from launcher.services.launching.orders import new_attempt, pod_order
from launcher.stores.secrets import KeyName
from pod_image.contract.environment import DATASET_TOKEN_VARIABLE, UPLOAD_TOKEN_VARIABLE

NONCE_SHOWN = "xxxxxxxxxx"
"""Stands for the nonce, which is drawn anew at each launch."""
PLACEHOLDERS: Mapping[KeyName, str] = {
    KeyName.RUNPOD: "<RunPod API key>",
    KeyName.HF_DATASET: "<Hugging Face dataset token>",
    KeyName.HF_UPLOAD: "<Hugging Face upload token>",
}
_TOKENS = (
    (DATASET_TOKEN_VARIABLE, "dataset", KeyName.HF_DATASET),
    (UPLOAD_TOKEN_VARIABLE, "upload", KeyName.HF_UPLOAD),
)


def planned_requests(
    bench: Workbench, plan: Plan, tokens: Iterable[KeyName]
) -> tuple[dict[str, Any], ...]:
    """Method, url, headers and JSON of each request for the first candidate, in the order they would go.

    `tokens` are the Hugging Face tokens there are; none of their values is needed, and none is in the result.
    """
    there = set(tokens)
    used = [token for token in _TOKENS if token[2] in there]
    requests = []
    if not plan.secrets_in_plain:
        for _, purpose, key in used:
            body = {"name": secret_name(NONCE_SHOWN, purpose), "value": PLACEHOLDERS[key]}
            requests.append(_request(bench, "/v2/account/secrets", body))
    run = replace(
        new_attempt(bench, plan),
        nonce=NONCE_SHOWN,
    )
    run = replace(run, pod_name=str(PodName(run.run_id, run.attempt, NONCE_SHOWN)))
    order = pod_order(bench, plan, run, plan.offer, _environment(bench, plan, used))
    requests.append(_request(bench, "/v2/pods", create_body(order)))
    return tuple(requests)


def as_curl(request: Mapping[str, Any]) -> str:
    """The request as a command line for people who trust curl; placeholders are left for them to fill."""
    parts = [f"curl -X {request['method']} {shlex.quote(request['url'])}"]
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in request["headers"].items()]
    parts.append(f"--data {shlex.quote(json.dumps(request['json'], ensure_ascii=False))}")
    return " \\\n  ".join(parts)


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


def _request(bench: Workbench, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": "POST",
        "url": f"{bench.config.provider_url}{path}",
        "headers": {
            "Authorization": f"Bearer {PLACEHOLDERS[KeyName.RUNPOD]}",
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json",
        },
        "json": dict(body),
    }
