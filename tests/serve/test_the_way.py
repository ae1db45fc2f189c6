"""A run by the interface alone: planned, launched by its hash, followed, commanded, its files fetched."""

from __future__ import annotations

from pathlib import Path

from tests.kit.virtual_time import in_patient_time
from tests.serve.harness import SOUND, items, served


@in_patient_time
async def test_a_run_goes_the_whole_way_by_requests_alone(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        plan = await site.plan()
        assert plan["can_be_launched"]
        assert len(plan["hash"]) == 64
        assert site.harness.posts() == 0
        run = await site.post("/runs", {"plan_hash": plan["hash"]})
        assert run["launch"]["plan_hash"] == plan["hash"]
        kinds, seqs = [], []
        async with site.client.stream("GET", f"/api/v1/runs/{run['id']}/events/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for id, kind, data in items(answer):
                kinds.append(kind)
                seqs.append(int(id))
                assert kind == "over" or data["event"] == kind
        assert kinds[:2] == ["phase", "armed"]
        assert kinds[-2:] == ["ended", "over"]
        assert seqs[:-1] == list(range(1, len(seqs)))
        ended = await site.get(f"/runs/{run['id']}")
        assert (ended["state"], ended["end_reason"], ended["cost_usd"]) == (
            "ended",
            "finished",
            0.02,
        )
        assert site.harness.live() == []
        latest = (await site.get(f"/runs/{run['id']}/samples/latest"))["samples"]
        assert [(one["step"], one["text"]) for one in latest] == [(3, "Hello.")]
        sound = await site.client.get(latest[0]["url"])
        assert (sound.status_code, sound.headers["content-type"]) == (200, "audio/wav")
        assert sound.content == SOUND
