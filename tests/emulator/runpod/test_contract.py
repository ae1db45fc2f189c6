"""The emulator beside the published description: nothing missing, nothing unexplained, nothing that breaks it."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_core.exceptions import OpenAPIError
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from launcher.emulator.runpod import Gateway, ManualClock, RunPodWorld
from launcher.emulator.runpod.calls import OPERATIONS
from tests.emulator.runpod.conftest import Cloud
from tests.emulator.runpod.contract import NOT_EMULATED, Contract, Exchange
from tests.kit.clouds import pod_body


def test_every_described_operation_is_emulated_or_named_as_not(contract: Contract) -> None:
    known = {(operation.method, operation.path) for operation in OPERATIONS}
    missing = {path for method, path in contract.operations() if (method, path) not in known}
    assert missing == NOT_EMULATED


def test_every_emulated_operation_is_described_or_an_extra(contract: Contract) -> None:
    described = set(contract.operations())
    beyond = [o for o in OPERATIONS if (o.method, o.path) not in described]
    assert [o.path for o in beyond if o.extra is None] == []
    assert [o.path for o in OPERATIONS if o.extra and (o.method, o.path) in described] == []


async def test_the_judge_notices_a_reply_that_lacks_a_key(contract: Contract, cloud: Cloud) -> None:
    await cloud.post("/v2/pods", json=pod_body())
    seen = cloud.app.exchanges[-1]
    broken = json.loads(seen.reply)
    del broken["createdAt"]
    with pytest.raises(OpenAPIError):
        contract.check(Exchange(**{**vars(seen), "reply": json.dumps(broken).encode()}))


async def test_the_judge_notices_a_bad_body_that_was_taken(
    contract: Contract, cloud: Cloud
) -> None:
    await cloud.post("/v2/pods", json=pod_body())
    seen = cloud.app.exchanges[-1]
    body = json.dumps(pod_body(imageName="x")).encode()
    with pytest.raises(AssertionError):
        contract.check(Exchange(**{**vars(seen), "body": body}))


async def test_the_judge_notices_a_good_body_that_was_refused(
    contract: Contract, cloud: Cloud
) -> None:
    await cloud.post("/v2/pods", json=pod_body(disk=0))
    seen = cloud.app.exchanges[-1]
    body = json.dumps(pod_body(disk=1)).encode()
    with pytest.raises(AssertionError):
        contract.check(Exchange(**{**vars(seen), "body": body}))


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_drawn_requests_break_neither_the_server_nor_the_description(
    contract: Contract, mode: GenerationMode
) -> None:
    """Bodies that hold need not succeed: the schema allows one with neither `gpu` nor `cpu`."""
    world = RunPodWorld(ManualClock(), balance_usd=1e9)
    world.stream_seconds = 0.0
    world.limiter.windows = ()
    schema = schemathesis.openapi.from_dict(contract.description)
    schema.app = Gateway(world, in_process=True)
    checks = CHECKS + ([negative_data_rejection] if mode == GenerationMode.NEGATIVE else [])
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        draw(result.ok(), mode, checks, world.api_key)
    asked = {(record.method, record.status // 100) for record in world.requests}
    assert {("POST", 2), ("GET", 2), ("GET", 4)} <= asked or mode == GenerationMode.NEGATIVE
    assert len(world.requests) > 100


def draw(operation: Any, mode: GenerationMode, checks: list[Any], key: str) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=5, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
    )
    def ask(case: Any) -> None:
        case.call_and_validate(checks=checks, headers={"Authorization": f"Bearer {key}"})

    ask()
