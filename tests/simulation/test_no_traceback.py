"""Whatever stands in a wire answer, a settings document, a preset or a pod's line: no traceback reaches a person."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from launcher.config import Config
from launcher.errors import InvalidRequest, LauncherError
from launcher.presets import find_preset
from launcher.providers.runpod.answers import pod_of
from launcher.providers.runpod.wire import BillingWire, ExecWire, GpuTypeWire, PodWire, SecretWire
from launcher.services.common.record_observation import moments
from launcher.services.planning.compose import compose
from pod_image.agent.attempt_state import AttemptFile
from pod_image.agent.recipe_events import body_in
from pod_image.contract.bodies import UnknownBody
from pod_image.contract.contract_error import ContractError
from pod_image.contract.environment import RunDocument
from pod_image.contract.events import from_line, to_line
from pod_image.contract.record import RunRecord
from pod_image.contract.settings import SETTINGS, RunSettings

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
POD_KEYS = (
    "id",
    "name",
    "status",
    "cost",
    "createdAt",
    "startedAt",
    "gpu",
    "env",
    "runtime",
    "cloud",
)
EVENT_KEYS = ("event", "at", "run_id", "seq", "phase", "state", "step", "losses", "reason", "arms")


def documents(*keys: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(keys) | st.text(max_size=6), values, max_size=8)


@few
@given(
    documents(*POD_KEYS), st.sampled_from([PodWire, GpuTypeWire, BillingWire, ExecWire, SecretWire])
)
def test_an_answer_of_the_cloud_is_read_or_refused(
    document: dict[str, Any], wire: type[BaseModel]
) -> None:
    try:
        read = wire.model_validate(document)
    except ValueError:
        return
    if isinstance(read, PodWire):
        assert isinstance(pod_of(read).price_per_hour_usd, float)


@few
@given(documents(*EVENT_KEYS))
def test_a_line_of_a_pod_is_an_event_or_log(document: dict[str, Any]) -> None:
    line = json.dumps(document)
    event = from_line(line)
    if event is None or isinstance(event.body, UnknownBody):
        return
    assert from_line(to_line(event)) == event
    assert all(isinstance(name, str) for name in moments(event))


@few
@given(documents("event", "step", "losses", "path", "size_bytes", "id", "command", "state"))
def test_a_line_of_a_recipe_is_an_event_it_may_say_or_log(document: dict[str, Any]) -> None:
    found = body_in(json.dumps(document))
    assert found is None or found.event != "ended"


@few
@given(documents("contract", "run_id", "attempt", "settings", "deadline", "price_per_hour_usd"))
def test_a_run_document_is_taken_or_refused_in_one_sentence(document: dict[str, Any]) -> None:
    with suppress(ContractError):
        RunDocument.from_json(json.dumps(document))


@few
@given(
    st.binary(max_size=60)
    | documents("run_id", "nonce", "state").map(lambda d: json.dumps(d).encode())
)
def test_a_record_and_an_attempt_file_that_cannot_be_read_are_none(content: bytes) -> None:
    record = RunRecord.from_json(content)
    assert record is None or record.run_id is not None
    with TemporaryDirectory() as folder:
        path = Path(folder) / "latch.json"
        path.write_bytes(content)
        assert AttemptFile.open(path, "nonce1").state.boots >= 0


@few
@given(st.text(max_size=60) | documents("title", "description", "settings").map(str))
def test_a_preset_file_is_read_or_refused_in_one_sentence(text: str) -> None:
    with TemporaryDirectory() as folder:
        config = Config(Path(folder), Path(folder) / "data")
        config.presets_folder.mkdir()
        path = config.presets_folder / "mine.toml"
        path.write_text(text, encoding="utf-8", errors="replace")
        with suppress(LauncherError):
            find_preset(config, "mine")


@pytest.mark.parametrize(
    "line", ['{"event":"step"', "{}", '{"event":{}}', "[" * 5_000, "{" * 5_000]
)
def test_torn_and_deep_lines_are_log(line: str) -> None:
    assert from_line(line) is None
    assert body_in(line) is None


@few
@given(documents(*SETTINGS))
def test_settings_that_a_person_types_are_taken_or_refused_in_one_sentence(
    typed: dict[str, Any],
) -> None:
    with suppress(InvalidRequest):
        made = compose(None, typed, check_required=False)
        assert RunSettings.model_validate(made.settings.applicable()) == made.settings
