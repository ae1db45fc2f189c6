"""A run on this computer with its results in a folder: no Hub answers, and there is no token at all."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from launcher.errors import InvalidRequest
from launcher.services.following.delivered_files import download_results
from launcher.services.following.find_run import find_run
from launcher.services.following.instructions import new_instruction, send
from launcher.services.following.receipts import receipt
from pod_image.contract.instructions import InstructionName
from pod_image.contract.outcomes import EndReason
from pod_image.folder_store.plain import PlainFolder
from pod_image.own_machine.run_place import RunPlace
from tests.providers.own_runs import own_runs


@pytest.mark.promise("results-verified")
@pytest.mark.slow
def test_a_run_delivers_to_a_folder_verified_there_without_any_account(tmp_path: Path) -> None:
    folder = tmp_path / "voices"

    async def story() -> None:
        where = {"provider": "local", "results_folder": str(folder)}
        async with own_runs(None, tmp_path / "home", where) as runs:
            assert runs.keys.hf_upload is None
            run = await runs.launched()
            assert run.results_repo == str(folder)

            async def stop() -> None:
                await send(runs.bench, run, new_instruction(InstructionName.STOP))

            told = await runs.followed(run, stop)
            assert told.run.end_reason is EndReason.STOPPED
            place = RunPlace(tmp_path / "home" / "data" / "runs" / run.pod_id)
            assert not place.disk.exists()  # all of it was delivered, and looked at there
            open_file = folder / "run-01" / "files" / "out" / "so-far.txt"
            assert open_file.read_text() in ("half\n", "whole\n")
            results = runs.bench.results(str(folder))
            listed = {each.path: each for each in await results.files("run-01")}
            for path, each in listed.items():
                assert each.sha256 == hashlib.sha256((folder / path).read_bytes()).hexdigest()
            record = await results.record("run-01")
            assert record is not None
            assert record.nonce == run.nonce
            assert "run-01" in " ".join(await results.tags())
            content = (folder / ".launcher" / "newest.json").read_text()
            assert json.loads(content)["commit"] == await results.commit()

    asyncio.run(story())


@pytest.mark.slow
def test_a_run_in_a_folder_is_continued_and_its_first_version_stays(tmp_path: Path) -> None:
    folder = tmp_path / "voices"
    script = "mkdir -p out; cat out/*.txt 2>/dev/null; echo $$ > out/said.txt; echo at work"

    async def story() -> None:
        where = {"provider": "local", "results_folder": str(folder)}
        async with own_runs(None, tmp_path / "home", where) as runs:
            first = await runs.followed(await runs.launched(script))
            assert first.run.end_reason is EndReason.FINISHED
            said = (folder / "run-01" / "files" / "out" / "said.txt").read_text()
            with pytest.raises(InvalidRequest, match="already has a run run-01"):
                await runs.launched(script, run_id="run-01")
            again = await runs.launched(script, run_id="run-01", resume=True)
            second = await runs.followed(again)
            assert second.run.end_reason is EndReason.FINISHED
            results = runs.bench.results(str(folder))
            tags = await results.tags()
            assert set(tags) == {"run-01", "run-01.2"}
            got = await download_results(runs.bench, second.run, revision="run-01")
            assert folder not in got.folder.parents  # a copy never goes over what was delivered
            assert (got.folder / "files" / "out" / "said.txt").read_text() == said
            assert (folder / "run-01" / "files" / "out" / "said.txt").read_text() != said
            seen = await find_run(runs.bench, f"{folder}/run-01")
            assert seen.nonce == again.nonce
        async with own_runs(None, tmp_path / "another", where) as elsewhere:
            attached = await find_run(elsewhere.bench, f"{folder}/run-01")
            assert attached.end_reason is EndReason.FINISHED
            told = receipt(elsewhere.bench.runs, attached)
            assert told.delivery is not None
            assert "results folder" in told.delivery.sentence

    asyncio.run(story())


@pytest.mark.slow
def test_a_dataset_in_a_folder_is_looked_at_fetched_and_pinned_by_what_it_holds(
    tmp_path: Path,
) -> None:
    clips = tmp_path / "clips"
    (clips / "deep").mkdir(parents=True)
    (clips / "metadata.csv").write_text("a|one\n")
    (clips / "deep" / "a.txt").write_text("one")
    (clips / ".hidden").write_text("not of it")
    script = "mkdir -p out; cp -rL $DATASET_DIR/. out/; echo at work"

    async def story() -> None:
        where = {"provider": "local", "results_folder": str(tmp_path / "voices")}
        async with own_runs(None, tmp_path / "home", where) as runs:
            run = await runs.launched(script, dataset_repo=str(clips))
            told = await runs.followed(run)
            assert told.run.end_reason is EndReason.FINISHED
            out = tmp_path / "voices" / "run-01" / "files" / "out"
            assert (out / "deep" / "a.txt").read_text() == "one"
            assert (out / "metadata.csv").read_text() == "a|one\n"
            assert not (out / ".hidden").exists()
            record = await runs.bench.results(str(tmp_path / "voices")).record("run-01")
            assert record is not None
            before = PlainFolder(clips).commit()
            assert record.dataset_commit == before
            (clips / "deep" / "a.txt").write_text("two")
            assert PlainFolder(clips).commit() != before

    asyncio.run(story())


def test_a_rented_machine_is_not_sent_to_a_folder_of_ones_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with own_runs(None, tmp_path / "home", {}) as runs:
            with pytest.raises(InvalidRequest, match="RunPod cannot read the folder /clips"):
                await runs.launched(dataset_repo="/clips")

    asyncio.run(story())
