"""A file that the Hub never takes costs itself alone: not the others, not the record, and no time up to the cap."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pod_image.agent.hugging_face import HuggingFace
from pod_image.agent.ports import HubTrouble, Receipt
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.command_runs import SMALL_BATCHES, PickyHub, rent_command, writing
from tests.pod_image.agent.harness import (
    AgentHarness,
    ScriptedStage,
    training,
)


class CardlessHub(PickyHub):
    """A Hub that takes no model card."""

    def publish(self, files: Mapping[str, Path | bytes], message: str, **more: Any) -> Receipt:
        if more.get("card") is not None:
            raise self.trouble
        return super().publish(files, message, **more)


@in_virtual_time
async def test_a_card_that_the_hub_refuses_costs_the_card_alone(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    harness.hub_class = CardlessHub
    harness.rent()
    await harness.until_gone()
    assert harness.record().state == "ended"
    assert harness.ended["not_delivered"] == []
    assert "README.md" not in harness.results()


class AilingHub(PickyHub):
    """A Hub that fails on that file again and again, without a word that it always will."""

    trouble = HubTrouble("The Hub answered 500.")


class BlindHub(PickyHub):
    """As when the library itself refuses a file, with an error of its own."""

    trouble = ValueError("not a file")  # type: ignore[assignment]  # another kind of trouble


@pytest.mark.parametrize("kind", [PickyHub, BlindHub])
@in_virtual_time
async def test_a_file_that_the_hub_never_takes_costs_neither_the_others_nor_the_time_to_the_cap(
    tmp_path: Path, kind: type[HuggingFace]
) -> None:
    harness = AgentHarness(tmp_path, writing("1", "2/bad", "3", "4"))
    harness.hub_class = kind
    rent_command(harness)
    assert await harness.until_gone() < 300
    assert {f"run-01/files/{name}" for name in "134"} <= set(harness.results())
    assert (
        harness.ended["not_delivered"]
        == list(harness.record().not_delivered or ())
        == ["files/2/bad"]
    )
    assert (harness.ended["not_delivered_count"], harness.ended["not_delivered_bytes"]) == (
        1,
        2_000,
    )
    (warning,) = [event for event in harness.events("warning") if event["code"] == "not_delivered"]
    assert warning["message"].startswith("files/2/bad is not delivered: ")


@in_virtual_time
async def test_a_file_that_fails_again_and_again_lets_the_others_pass(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, writing("1/bad", "2", "3"), SMALL_BATCHES)
    harness.hub_class = AilingHub
    rent_command(harness, max_hours=1.0)
    await harness.until_gone()
    assert {"run-01/files/2", "run-01/files/3"} <= set(harness.results())
    assert harness.ended["not_delivered"] == ["files/1/bad"]


@in_virtual_time
async def test_a_file_that_the_hub_never_takes_does_not_hold_up_the_uploads_of_a_training(
    tmp_path: Path,
) -> None:
    whole = training(steps=100)

    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "train":
            (stage.out / "samples" / "bad").write_bytes(b"RIFF")
        return await whole(stage)

    harness = AgentHarness(tmp_path, script)
    harness.hub_class = PickyHub
    harness.rent()
    await harness.until("step", step=45)
    assert "run-01/checkpoints/step-00000025.ckpt" in harness.results()
    await harness.until("step", step=95)
    assert "run-01/checkpoints/step-00000075.ckpt" in harness.results()
    await harness.until_gone()
    assert harness.ended["not_delivered"] == ["samples/bad"]


@in_virtual_time
async def test_names_that_the_hub_does_not_know_cost_their_own_file_alone(tmp_path: Path) -> None:
    strange = b"caf\xe9".decode("utf-8", "surrogateescape")
    harness = AgentHarness(tmp_path, writing("clone/.git/HEAD", ".cache/x", strange, "good"))
    rent_command(harness)
    assert await harness.until_gone() < 300
    assert "run-01/files/good" in harness.results()
    assert set(harness.ended["not_delivered"]) == {
        "files/.cache/x",
        "files/clone/.git/HEAD",
        "files/caf\\udce9",
    }
    said = [event["message"] for event in harness.events("warning")]
    assert (
        "files/.cache/x is not delivered: the Hub accepts no file or folder called .cache." in said
    )
    assert "files/caf\\udce9 is not delivered: its name is not UTF-8." in said
