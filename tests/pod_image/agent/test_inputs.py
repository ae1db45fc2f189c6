"""What a command wants from the Hub beside its dataset: there before any stage, whole, and without a key for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from launcher.emulator.hub.faults import Rule
from pod_image.agent.ports import RunHub
from pod_image.contract.outcomes import EndReason
from pod_image.contract.paths import RunFolder
from pod_image.recipes.command.inputs import put_inputs
from tests.kit.clouds import (
    CLIPS_REPO,
    HUB_URL,
    READ_TOKEN,
    RESULTS_REPO,
    WRITE_TOKEN,
)
from tests.kit.gated_models import GATED_MODEL, WEIGHTS, put_gated_model
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, ScriptedStage

COMMAND: dict[str, Any] = {"recipe": "command", "argv": ["train"], "dataset_repo": ""}


def put_model(harness: AgentHarness, *accepted: str, **more: Any) -> str:
    run = RunHub(HUB_URL, CLIPS_REPO, RESULTS_REPO, WRITE_TOKEN, WRITE_TOKEN)
    hub: Any = harness.hub_of(run)
    return put_gated_model(harness.core, hub._writing, *accepted, **more)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.promise("secrets-training")
@in_virtual_time
async def test_a_gated_model_is_there_before_any_stage_and_the_command_has_no_key_for_it(
    tmp_path: Path,
) -> None:
    seen: list[dict[str, bytes]] = []
    environments: list[dict[str, str]] = []

    async def script(stage: ScriptedStage) -> int:
        assert not (stage.spec.folder / "prepared" / "models").exists()
        environments.append(dict(stage.spec.environment))
        if len(environments) == 2:
            (place,) = put_inputs(
                stage.document.settings.model_dump()["input"], RunFolder(stage.spec.folder)
            ).values()
            assert place == str(stage.spec.folder / "prepared" / "models" / "base")
            seen.append(contents(Path(place)))
        return 0

    harness = AgentHarness(tmp_path, script)
    then = put_model(harness, "demo")
    put_model(harness, "demo", files={"config.json": b"{1}"})
    words = [f"{GATED_MODEL}@{then}:models/base"]
    harness.rent(harness.document(**COMMAND, input=words, pip=["x"], outputs=["**"]))
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert [{name: found for name, found in each.items() if name[0] != "."} for each in seen] == [
        WEIGHTS
    ]
    assert len(environments) == 2
    assert not any(READ_TOKEN in value for each in environments for value in each.values())
    assert not [path for path in harness.results() if "model.bin" in path]
    assert harness.record().settings["input"] == words
    progress = [each for each in harness.events("phase") if each.get("unit") == "bytes"]
    assert progress[-1]["done"] == progress[-1]["total"] >= len(WEIGHTS["weights/model.bin"])


@in_virtual_time
async def test_a_model_whose_terms_nobody_accepted_ends_the_run_with_what_to_do(
    tmp_path: Path,
) -> None:
    async def script(stage: ScriptedStage) -> int:
        raise AssertionError("a stage began without its input")

    harness = AgentHarness(tmp_path, script)
    commit = put_model(harness)
    harness.rent(harness.document(**COMMAND, input=[f"{GATED_MODEL}@{commit}"]))
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FAILED
    assert "gated" in harness.ended["hint"]


@in_virtual_time
async def test_an_input_that_arrives_damaged_is_fetched_again_until_it_is_right(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, script=_nothing)
    commit = put_model(harness, "demo")
    harness.core.faults.add(Rule(r"^GET .*(model\.bin|/cdn/)", times=2, keep_bytes=100))
    harness.rent(harness.document(**COMMAND, input=[f"{GATED_MODEL}@{commit}"]))
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    found = contents(harness.disk / "base" / "inputs" / "0")
    assert found["weights/model.bin"] == WEIGHTS["weights/model.bin"]


async def _nothing(stage: ScriptedStage) -> int:
    return 0
