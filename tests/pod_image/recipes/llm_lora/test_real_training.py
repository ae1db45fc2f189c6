"""The real trl trains a tiny model on both emulators, its host dies, and a second pod ends what the first began."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from pod_image import control
from pod_image.recipes.command.recipe import ENVIRONMENT
from tests.kit.hub_access import hub_of
from tests.kit.language_model_pods import (
    BASE,
    EVERY,
    RATE,
    STEPS,
    language_model_clouds,
    put_repos,
    rent,
)
from tests.kit.real_pods import Clouds


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Where the image of the pods would have packages beside torch; not there at first."""
    return tmp_path / "image"


@pytest.fixture
def clouds(tmp_path: Path, image: Path) -> Iterator[Clouds]:
    with language_model_clouds(tmp_path, image) as found:
        yield found


def newest(files: dict[str, bytes]) -> int:
    """The step of the newest checkpoint in the repo that has all that a resume needs; 0 without one."""
    found = [path for path in files if path.endswith("/trainer_state.json")]
    return max((json.loads(files[path])["global_step"] for path in found), default=0)


def test_a_second_pod_ends_what_the_first_began_and_what_is_delivered_can_be_used_elsewhere(
    clouds: Clouds, image: Path
) -> None:
    api = hub_of(clouds.hub).api
    commit = put_repos(api, clouds.root / "base")
    rent(clouds, commit)
    written = clouds.disk / "prepared" / "out" / f"checkpoint-{EVERY}" / "trainer_state.json"
    clouds.wait(written.exists, "no checkpoint was written")
    assert control.main(["save", "--id", "keep"], folder=clouds.disk) == 0
    clouds.wait(lambda: newest(clouds.results()), "no checkpoint was delivered")
    image.symlink_to(clouds.disk / "prepared" / ENVIRONMENT)
    clouds.cloud.world.kill_host(clouds.pods[-1])
    began_at = newest(clouds.results())
    assert EVERY <= began_at < STEPS

    rent(clouds, commit, resume=True)
    clouds.until_gone()
    (ended,) = clouds.events("ended")
    assert (ended["reason"], ended["not_delivered"]) == ("finished", [])
    files = clouds.results()
    last = f"run-01/checkpoints/step-{STEPS:08d}/out/checkpoint-{STEPS}"
    wanted = ("optimizer.pt", "scheduler.pt", "rng_state.pth", "adapter_model.safetensors")
    assert {f"{last}/{name}" for name in wanted} <= set(files)
    # The schedule of the learning rate is one line over both pods: it began anew without the optimizer's state.
    history = json.loads(files[f"{last}/trainer_state.json"])["log_history"]
    rates = {row["step"]: row["learning_rate"] for row in history if "learning_rate" in row}
    assert sorted(rates) == list(range(1, STEPS + 1))
    due = {step: pytest.approx(RATE * (1 - (step - 1) / STEPS)) for step in rates}
    assert rates == due

    steps = [event for event in clouds.events("step") if event["step"]]
    assert began_at <= min(event["step"] for event in steps) < STEPS == steps[-1]["step"]
    assert all(event["total_steps"] == STEPS for event in steps)
    curve = {event["step"]: event["losses"]["loss"] for event in steps if "loss" in event["losses"]}
    # A report a second at most: how many there are is a matter of the machine's speed. Each is of our loss.
    assert curve
    assert all(4.0 < loss < 6.0 for loss in curve.values())

    for folder in ("run-01/files/out", last):
        config = json.loads(files[f"{folder}/adapter_config.json"])
        assert (config["base_model_name_or_path"], config["revision"]) == (BASE, commit)
        assert f"base_model: {BASE}\n" in files[f"{folder}/README.md"].decode()
    names = ("README.md", "adapter_config.json")
    words = b"".join(content for path, content in files.items() if path.endswith(names))
    assert str(clouds.root).encode() not in words
    api.create_repo("demo/adapter")
    raw = (clouds.disk / "prepared" / "out" / "README.md").read_bytes()
    ours = files["run-01/files/out/README.md"]
    with pytest.raises(ValueError, match=r'"base_model" with value .* is not valid'):
        put_card(api, raw)
    put_card(api, ours)
    card = api.model_info("demo/adapter").card_data
    assert card is not None and card.base_model == BASE  # noqa: PT018


def put_card(api: HfApi, content: bytes) -> None:
    api.create_commit(
        "demo/adapter", [CommitOperationAdd("README.md", content)], commit_message="card"
    )
