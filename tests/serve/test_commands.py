"""Commands: handed over, answered by receipts, written down; what ends money is never held up."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.kit.virtual_time import in_patient_time
from tests.serve.harness import served


@in_patient_time
async def test_a_command_is_done_when_its_receipt_says_so(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        site.harness.script.ends_after = None
        run = await site.deployed()
        await site.until(run, "running")
        sent = await site.post(f"/runs/{run}/commands", {"command": "save"})
        assert (sent["state"], sent["way"]) == ("sent", "exec")
        await asyncio.sleep(10)
        done = await site.get(f"/runs/{run}/commands/{sent['id']}")
        assert (done["state"], done["detail"], done["command"]) == ("done", "as asked", "save")
        said = {"command": "sample", "text": "Good morning.", "wait_seconds": 60}
        assert (await site.post(f"/runs/{run}/commands", said))["state"] == "done"
        stopped = await site.post(f"/runs/{run}/commands", {"command": "stop", "wait_seconds": 60})
        assert stopped["state"] == "done"
        assert (await site.until(run, "ended"))["end_reason"] == "stopped"
        acts = [(each["act"], each.get("command")) for each in site.audited()]
        assert acts[2:] == [("save", sent["id"]), ("sample", acts[3][1]), ("stop", stopped["id"])]
        answer = await site.client.get(f"/api/v1/runs/{run}/commands/never-sent")
        assert answer.status_code == 404


@in_patient_time
async def test_an_abort_releases_the_pod_at_once_even_where_it_cannot_be_written_down(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as site:
        site.harness.script.ends_after = None
        run = await site.deployed()
        await site.until(run, "running")
        site.ground.audit.path.unlink()
        site.ground.audit.path.mkdir()
        saved = await site.client.post(f"/api/v1/runs/{run}/commands", json={"command": "save"})
        assert saved.json()["kind"] == "not-written"
        done = await site.post(f"/runs/{run}/commands", {"command": "abort"})
        assert done["state"] == "done"
        assert site.harness.live() == []
        assert (await site.get(f"/runs/{run}"))["end_reason"] == "aborted"


@in_patient_time
async def test_an_abort_during_the_launch_ends_the_launch(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        site.harness.script.armed_after = None
        run = await site.deployed()
        await asyncio.sleep(20)
        assert len(site.harness.live()) == 1
        await site.post(f"/runs/{run}/commands", {"command": "abort"})
        assert site.harness.live() == []
        assert (await site.get(f"/runs/{run}"))["state"] == "ended"


@in_patient_time
async def test_an_abort_is_done_when_the_pod_is_gone_and_not_before(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        site.harness.script.armed_after = None
        run = await site.deployed()
        await asyncio.sleep(20)
        site.harness.world.faults.switch_on("delete-500")
        path = f"/api/v1/runs/{run}/commands"
        answer = await site.client.post(path, json={"command": "abort"})
        assert answer.status_code == 502, answer.text
        assert len(site.harness.live()) == 1
        site.harness.world.faults.switch_off("delete-500")
        assert (await site.post(f"/runs/{run}/commands", {"command": "abort"}))["state"] == "done"
        assert site.harness.live() == []


@in_patient_time
async def test_a_run_that_is_over_takes_no_command(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        run = await site.deployed()
        await site.until(run, "ended")
        answer = await site.client.post(f"/api/v1/runs/{run}/commands", json={"command": "stop"})
        assert answer.status_code == 422
        assert "has no pod" in answer.json()["detail"]
        assert "GET /api/v1/runs/" in answer.json()["next_step"]
