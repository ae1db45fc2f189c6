"""The TensorBoard button of a run: a tab of its own that brings the files, starts TensorBoard once, and goes there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.services.following import tensorboard
from launcher.ui.state.tensorboards import MOST, TensorBoards
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.page_verbs import hrefs, visit
from tests.kit.runs import event, run
from tests.ui.conftest import Ground, place

NONCE = run().nonce
FILE = "run-01/tensorboard/events.out.tfevents.1.pod"
REPO = "demo/voice"
OVER = {
    "results_repo": REPO,
    "state": RunState.ENDED,
    "end_reason": EndReason.FINISHED,
    "ended_at": NOW,
}


@dataclass
class Opened:
    url: str
    is_over: bool = False

    async def close(self) -> None:
        self.is_over = True


@dataclass
class Started:
    """Stands for TensorBoard, which starts a process for each."""

    tensorboards: list[Opened] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    async def __call__(self, folder: Path, title: str) -> Opened:
        self.folders.append(folder)
        self.tensorboards.append(Opened(f"http://127.0.0.1:1/{title}-{len(self.tensorboards)}/"))
        return self.tensorboards[-1]


@pytest.fixture
def started(ground: Ground) -> Started:
    found = Started()
    ground.site.tensorboards = TensorBoards(ground.clock, found)
    return found


async def test_a_run_s_page_leads_to_its_tensorboard_which_is_started_once(
    holder: User, ground: Ground, started: Started
) -> None:
    ground.push_results({FILE: b"events"}, REPO)
    one = place(ground, settings_json=json.dumps({"recipe": "piper"}), **OVER)
    ground.site.live.view(one).take(event("step", 1, step=10, losses={"mel": 2.0}))
    await visit(holder, f"/runs/{NONCE}")
    assert f"/tensorboard/{NONCE}" in hrefs(holder)
    for _ in range(2):
        await visit(holder, f"/tensorboard/{NONCE}")
        await holder.should_see("TensorBoard on run-01")
        assert "http://127.0.0.1:1/run-01-0/" in hrefs(holder)
    (folder,) = started.folders
    assert (folder / "tensorboard" / Path(FILE).name).read_bytes() == b"events"
    await ground.site.tensorboards.close()
    assert started.tensorboards[0].is_over


async def test_a_run_without_event_files_says_so_and_leads_back(
    holder: User, ground: Ground, started: Started
) -> None:
    ground.push_results({"run-01/samples/a.wav": b"RIFF"}, REPO)
    place(ground, **OVER)
    await visit(holder, f"/tensorboard/{NONCE}")
    await holder.should_see("run-01 has no TensorBoard files in demo/voice.")
    assert f"/runs/{NONCE}" in hrefs(holder)
    assert not started.tensorboards


async def test_where_tensorboard_is_not_installed_the_page_says_how_to_install_it(
    holder: User, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    place(ground, **OVER)
    await visit(holder, f"/tensorboard/{NONCE}")
    await holder.should_see("pip install tensorboard")


async def test_the_board_that_was_opened_longest_ago_makes_room(
    holder: User, ground: Ground, started: Started
) -> None:
    for number in range(MOST + 1):
        id = f"run-{number:02d}"
        ground.push_results({FILE.replace("run-01", id): b"events"}, REPO)
        place(ground, nonce=f"nonce{number:05d}", run_id=id, **OVER)
        await visit(holder, f"/tensorboard/nonce{number:05d}")
        await holder.should_see(f"TensorBoard on {id}")
    assert [each.is_over for each in started.tensorboards] == [True, *[False] * MOST]
