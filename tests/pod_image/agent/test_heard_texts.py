"""Clips without a text: the recogniser is fetched as pinned, and what it heard is delivered before the training."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from pod_image import hub as hugging_face
from pod_image.agent.ports import RunHub
from pod_image.contract.events import to_bare_line
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.dataset import read_dataset
from pod_image.hearing.models import NAMED_MODELS
from pod_image.recipes.piper.heard_texts import heard_texts
from tests.kit.clouds import CLIPS_REPO, HUB_URL, RESULTS_REPO, WRITE_TOKEN
from tests.kit.recognisers import TableRecogniser, demo_sound, demo_texts
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, ScriptedStage, training

NAMES = tuple(demo_texts())[:2]
MODEL = hugging_face.Repo("demo/whisper", "model")
UNTEXTED = hugging_face.Repo("demo/untexted", "dataset")
DELIVERED = "run-01/heard/transcripts.csv"


def _create(repo: hugging_face.Repo, api: HfApi) -> None:
    api.create_repo(repo.id, repo_type=repo.kind, exist_ok=True)


def put_repos(harness: AgentHarness) -> str:
    """A dataset without texts, and a model that was changed since it was pinned; the pinned commit."""
    account = harness.hub_of(
        RunHub(HUB_URL, CLIPS_REPO, RESULTS_REPO, WRITE_TOKEN, WRITE_TOKEN)
    )._writing
    for repo in (MODEL, UNTEXTED):
        account.ask("making a repo", partial(_create, repo))
    sounds: dict[str, Path | bytes] = {name: demo_sound(name) for name in NAMES}
    hugging_face.publish(account, UNTEXTED, sounds, "clips")
    parts: dict[str, Path | bytes] = {
        "model.bin": b"the pinned one", "config.json": b"{}", "vocabulary.txt": b"a",
    }  # fmt: skip
    pinned = hugging_face.publish(account, MODEL, parts, "model").commit
    hugging_face.publish(account, MODEL, {"model.bin": b"another one"}, "changed")
    return pinned


@in_virtual_time
async def test_texts_that_were_heard_are_in_the_repo_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: dict[str, bytes] = {}

    def load(folder: Path, name: str, jobs: int) -> TableRecogniser:
        fetched.update({each.name: each.read_bytes() for each in folder.iterdir()})
        return TableRecogniser.of_demo(NAMES)

    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "prepare":
            folder, settings = (
                RunFolder(stage.spec.folder),
                PiperSettings.of(stage.document.settings),
            )
            found = hear(folder, settings, stage)
            assert found == [demo_texts()[name] for name in NAMES]
            await asyncio.sleep(30.0)
            return 0
        return await training(steps=3)(stage)

    def hear(folder: RunFolder, settings: PiperSettings, stage: ScriptedStage) -> list[str]:
        untexted = read_dataset(folder.dataset, with_untexted=True).untexted
        heard = heard_texts(
            untexted, settings, folder, lambda body: stage.emit_line(to_bare_line(body)), load
        )
        return [clip.text for clip in heard]

    harness = AgentHarness(tmp_path, script)
    commit = put_repos(harness)
    base = replace(NAMED_MODELS["base"], repo=MODEL.id, commit=commit)
    monkeypatch.setitem(NAMED_MODELS, "base", base)
    harness.rent(harness.document(transcribe="base", dataset_repo=UNTEXTED.id))
    await harness.until("step", step=1)
    assert DELIVERED in harness.results()
    table = harness.results()[DELIVERED].read_text("utf-8")
    assert demo_texts()[NAMES[0]] in table
    assert fetched["model.bin"] == b"the pinned one"
    assert fetched.keys() == {"model.bin", "config.json", "vocabulary.txt"}
    await harness.until_gone()
    assert harness.ended["reason"] == "finished"
