"""A run on this computer with its results in a folder: no Hub answers, and there is no token at all."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from launcher.services.following.instructions import new_instruction, send
from pod_image.contract.instructions import InstructionName
from pod_image.contract.outcomes import EndReason
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
