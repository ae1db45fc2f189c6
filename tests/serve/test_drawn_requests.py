"""Requests that another tool draws from the description: they break neither the server nor what it promises."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from launcher.serve.app import described_alone
from tests.kit.virtual_time import in_patient_time
from tests.serve.harness import TOKEN, on_a_socket, served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize("mode", list(GenerationMode))
@in_patient_time
async def test_drawn_requests_break_neither_the_server_nor_the_description(
    tmp_path: Path, mode: GenerationMode
) -> None:
    async with served(tmp_path) as site:
        run = await site.deployed()
        await site.until(run, "ended")
        minutes = itertools.count(step=60.0)  # nobody waits here, and no limit strikes
        async with on_a_socket(site, lambda: next(minutes)) as origin:
            await asyncio.to_thread(_draw_all, origin, mode, run)
        assert site.harness.posts() == 1
        assert [each["act"] for each in site.audited() if each["act"] == "deploy"] == ["deploy"]
        text = "".join(path.read_text() for path in site.ground.requests.paths if path.exists())
        asked = {line.split('"status": ')[1][:3] for line in text.splitlines()}
        assert asked >= ({"200", "422"} if mode is GenerationMode.POSITIVE else {"422"})
        assert "401" in asked


def _draw_all(origin: str, mode: GenerationMode, run: str) -> None:
    schema = schemathesis.openapi.from_dict(described_alone())
    schema.config.update(base_url=origin)
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        _draw(result.ok(), mode, checks, run)


def _draw(operation: Any, mode: GenerationMode, checks: list[Any], run: str) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=3, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
    )
    def ask(case: Any) -> None:
        case.call_and_validate(checks=checks, headers=HEADERS)
        # Time stands still meanwhile: what a pod is asked would wait for ever.
        is_known = mode is GenerationMode.POSITIVE and case.method == "GET"
        if is_known and "run" in (case.path_parameters or {}):
            case.path_parameters["run"] = run
            case.call_and_validate(checks=checks, headers=HEADERS)
        case.call_and_validate(checks=[status_code_conformance], headers={})

    ask()
