"""TensorBoard on a run: event files alone are brought and kept fresh; its process is shut in, and ends with us."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, LauncherError, NotConfigured
from launcher.services.following import tensorboard
from launcher.services.following.tensorboard import (
    FRESH_SECONDS,
    TensorBoard,
    bring_event_files,
    keep_fresh,
    need_tensorboard,
)
from pod_image.hub import Repo, publish
from pod_image.recipes.piper.event_file import EventFile
from tests.kit.clouds import RESULTS_REPO
from tests.kit.runs import run
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

NAME = "events.out.tfevents.1700000000.pod"


def deliver(harness: LauncherHarness, files: dict[str, bytes]) -> Run:
    named: dict[str, Path | bytes] = {f"run-01/{path}": body for path, body in files.items()}
    publish(harness.hub, Repo(RESULTS_REPO, "model"), named, "results")
    return run(results_repo=RESULTS_REPO, pod_id="")


@in_virtual_time
async def test_event_files_are_brought_wherever_a_trainer_put_them_and_nothing_else(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    one = deliver(
        harness,
        {
            f"tensorboard/{NAME}": b"ours",
            f"files/out/logs/{NAME}": b"theirs",
            "tensorboard/losses.csv": b"step,mel",
            # names files of this computer to whoever reads it with TensorBoard's projector
            "tensorboard/projector_config.pbtxt": b"embeddings {}",
            "files/tfevents/projector_config.pbtxt": b"embeddings {}",
        },
    )
    found = await bring_event_files(harness.bench, one)
    there = {path.relative_to(found.folder) for path in found.folder.rglob("*") if path.is_file()}
    assert there == {Path("tensorboard") / NAME, Path("files/out/logs") / NAME}
    assert found.text == "2 event files, 10 bytes"
    assert harness.config.results_folder not in found.folder.parents


@in_virtual_time
async def test_a_run_without_event_files_says_when_they_come(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    one = deliver(harness, {"samples/a.wav": b"RIFF"})
    with pytest.raises(InvalidRequest, match="run-01 has no TensorBoard files") as caught:
        await bring_event_files(harness.bench, one)
    assert "first checkpoint" in str(caught.value.hint)


@in_virtual_time
async def test_files_are_kept_fresh_until_the_run_is_over(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    one = deliver(harness, {f"tensorboard/{NAME}": b"a"})
    harness.bench.runs.add(one)
    folder = (await bring_event_files(harness.bench, one)).folder
    fresh = asyncio.create_task(keep_fresh(lambda: harness.bench, one, harness.bench.clock))
    deliver(harness, {f"tensorboard/{NAME}": b"abc"})
    await asyncio.sleep(1.5 * FRESH_SECONDS)
    assert (folder / "tensorboard" / NAME).read_bytes() == b"abc"
    deliver(harness, {f"tensorboard/{NAME}": b"abcdef"})
    harness.bench.runs.update(one, state=RunState.ENDED)
    await fresh
    assert (folder / "tensorboard" / NAME).read_bytes() == b"abcdef"
    # nobody there who may read: it ends, and asks nothing
    await keep_fresh(lambda: None, replace(one, state=RunState.RUNNING), harness.bench.clock)


def test_where_it_is_not_installed_the_error_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    with pytest.raises(NotConfigured) as caught:
        need_tensorboard()
    assert caught.value.hint == "Install it: pip install tensorboard"


def write_event_file(folder: Path) -> None:
    file = EventFile(folder / NAME, 1.7e9)
    for step in (1, 2, 3):
        file.scalar("loss/mel", 1.0 / step, step, 1.7e9 + step)
    file.close()


async def test_tensorboard_itself_shows_the_copy_on_loopback_and_ends_with_us(
    tmp_path: Path,
) -> None:
    """The real one, shut in as it is for a person: a second of the processor, for its libraries."""
    write_event_file(tmp_path)
    opened = await TensorBoard.start(tmp_path, "run-01")
    try:
        assert opened.url.startswith("http://127.0.0.1:")
        async with httpx.AsyncClient(timeout=60) as client:
            for _ in range(200):
                tags = (await client.get(f"{opened.url}data/plugin/scalars/tags")).json()
                if tags:
                    break
                await asyncio.sleep(0.1)
            root = opened.url.rsplit("/", 2)[0]
            unguessed = (await client.get(f"{root}/data/plugin/scalars/tags")).status_code
        assert list(tags["."]) == ["loss/mel"]
        assert unguessed == 404
        with pytest.raises(LauncherError, match="did not start") as caught:
            await TensorBoard.start(tmp_path, "again", port=int(root.rsplit(":", 1)[1]))
        assert "another port" in str(caught.value.hint)
        assert not opened.is_over
        assert opened._process.stdin is not None
        opened._process.stdin.close()  # as after a crash of this program: nobody kills it
        await asyncio.wait_for(opened.ended(), timeout=60)
    finally:
        await opened.close()
    assert opened.is_over
