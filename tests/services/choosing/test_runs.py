"""Runs to go on with: over, with a checkpoint, here and in the chosen repo; nobody's command comes along."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.domain.run import RunState
from launcher.emulator.hub.faults import Rule, refused
from launcher.services.choosing import runs
from launcher.services.choosing.lists import listing
from launcher.services.choosing.option import Listing
from launcher.services.choosing.runs import MOST_OF_REPO
from launcher.services.common.workbench import Workbench
from launcher.services.live.journal import Journal
from pod_image.contract.outcomes import EndReason
from pod_image.contract.record import KeptCheckpoint, RunRecord
from pod_image.contract.settings import SETTINGS
from tests.kit.choices import put_files
from tests.kit.clocks import NOW
from tests.kit.clouds import WRITE_TOKEN
from tests.kit.runs import event, run
from tests.services.choosing.conftest import Desk

RUN = SETTINGS["run_id"]


def record(run_id: str, *, step: int | None = 900, **settings: object) -> bytes:
    kept = KeptCheckpoint(step=step, paths=("checkpoints/a",)) if step else None
    return (
        RunRecord(
            run_id=run_id, attempt=1, nonce="0123456789", state="ended", contract=1, recipe="piper",
            settings=settings, checkpoint=kept, ended_at=NOW - timedelta(days=2),
            end_reason=EndReason.COST_CAP,
        )
        .to_json()
        .encode()
    )  # fmt: skip


def put_runs(desk: Desk, repo: str, **records: bytes) -> None:
    files = {f"{name.replace('_', '-')}/run.json": raw for name, raw in records.items()}
    put_files(desk.core, "model", repo, files)


def ended_here(
    bench: Workbench, nonce: str, *, with_checkpoint: bool = True, **changes: object
) -> None:
    values = {"state": RunState.ENDED, "end_reason": EndReason.STOPPED, "ended_at": NOW, **changes}
    one = run(nonce=nonce, **values)
    bench.runs.add(one)
    journal = Journal(bench.config.data_folder / "events")
    journal.write(one, event("phase", 1, 0.0, phase="train", state="started"))
    if with_checkpoint:
        journal.write(
            one, event("checkpoint", 2, 0.0, step=450, path="checkpoints/a", size_bytes=9)
        )
    journal.write(one, event("phase", 3, 0.0, phase="train", state="ended"))


def values(seen: Listing) -> list[str]:
    return [f"{each.also['results_repo']}/{each.value}" for each in seen.options]


def said(seen: Listing) -> str:
    return " ".join(map(str, seen.notes))


async def test_runs_of_the_chosen_repo_that_have_a_checkpoint_are_listed_newest_first(
    desk: Desk,
) -> None:
    put_runs(
        desk, "demo/voice",
        run_9=record("run-9"), run_10=record("run-10", language="de_DE", quality="high"),
        run_11=record("run-11", step=None), _odd=record("x"),
    )  # fmt: skip
    seen = await listing(desk.bench(upload=WRITE_TOKEN), RUN, {"results_repo": "demo/voice"})
    assert values(seen) == ["demo/voice/run-10", "demo/voice/run-9"]
    first = seen.options[0]
    assert first.title == "run-10 of demo/voice"
    assert "step 900" in first.detail
    assert "27 February 2026" in first.detail
    assert EndReason.COST_CAP.sentence in first.detail
    assert seen.continues
    assert (first.also["language"], first.also["quality"]) == ("de_DE", "high")


async def test_a_checkpoint_is_found_however_much_was_told_after_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "BLOCK_BYTES", 100)  # the checkpoint's line spans blocks
    bench = desk.bench(upload=WRITE_TOKEN)
    ended_here(bench, "a" * 10, run_id="run-03", results_repo="me/other")
    journal = Journal(bench.config.data_folder / "events")
    for seq in range(4, 60):
        journal.write(run(nonce="a" * 10), event("step", seq, step=500 + seq, losses={"mel": 1.0}))
    seen = await listing(bench, RUN, {"results_repo": ""})
    assert values(seen) == ["me/other/run-03"]
    assert "step 450" in seen.options[0].detail


async def test_runs_of_this_computer_come_along_wherever_they_went(desk: Desk) -> None:
    bench = desk.bench(upload=WRITE_TOKEN)
    ended_here(
        bench, "a" * 10, run_id="run-03", results_repo="me/other",
        settings_json=json.dumps({"recipe": "piper", "quality": "low", "batch_size": 4}),
    )  # fmt: skip
    ended_here(bench, "b" * 10, run_id="run-04", results_repo="me/other", with_checkpoint=False)
    ended_here(bench, "c" * 10, run_id="run-05", results_repo="me/other", state=RunState.RUNNING)
    put_runs(desk, "demo/voice", run_01=record("run-01"))
    seen = await listing(bench, RUN, {"results_repo": "demo/voice"})
    assert values(seen) == ["demo/voice/run-01", "me/other/run-03"]
    here = seen.options[1]
    assert here.marks == ("this computer",)
    assert "step 450" in here.detail
    assert here.also["quality"] == "low"
    assert "batch_size" not in here.also  # may be otherwise when it goes on


async def test_without_a_repo_or_a_hub_those_of_this_computer_are_still_there(desk: Desk) -> None:
    bench = desk.bench(upload=WRITE_TOKEN)
    ended_here(bench, "a" * 10, run_id="run-03", results_repo="demo/voice")
    assert values(await listing(bench, RUN, {"results_repo": ""})) == ["demo/voice/run-03"]
    assert desk.calls == []
    desk.core.faults.add(Rule(".*", times=1_000, refusal=refused(503, "down")))
    seen = await listing(bench, RUN, {"results_repo": "demo/voice"})
    assert values(seen) == ["demo/voice/run-03"]
    assert "could not be listed" in said(seen)


async def test_where_there_is_none_it_is_said(desk: Desk) -> None:
    seen = await listing(desk.bench(upload=WRITE_TOKEN), RUN, {"results_repo": "demo/absent"})
    assert seen.options == ()
    assert "nor in demo/absent" in said(seen)
    nowhere = await listing(desk.bench(), RUN, {"results_repo": ""})
    assert "knows no run with a checkpoint" in said(nowhere)


async def test_a_run_that_is_under_way_is_not_offered(desk: Desk) -> None:
    bench = desk.bench(upload=WRITE_TOKEN)
    put_runs(desk, "demo/voice", run_01=record("run-01"), run_02=record("run-02"))
    bench.runs.add(run(run_id="run-02", results_repo="demo/voice", state=RunState.RUNNING))
    seen = await listing(bench, RUN, {"results_repo": "demo/voice"})
    assert values(seen) == ["demo/voice/run-01"]


async def test_of_many_runs_the_newest_are_looked_at_and_it_is_said(desk: Desk) -> None:
    put_runs(desk, "demo/voice", **{f"run_{n}": record(f"run-{n}") for n in range(1, 41)})
    seen = await listing(desk.bench(upload=WRITE_TOKEN), RUN, {"results_repo": "demo/voice"})
    assert [each.value for each in seen.options][:2] == ["run-40", "run-39"]
    assert len(seen.options) == MOST_OF_REPO
    assert f"newest {MOST_OF_REPO}" in said(seen)


async def test_a_repos_record_brings_no_command_no_file_and_no_secret(desk: Desk) -> None:
    """Whoever may write to the repo may write the record: what it says is not done on a person's computer."""
    evil = record(
        "run-01", argv=["sh", "-c", "curl evil"], bring=[str(Path.home() / ".ssh/id_rsa")],
        requirements="/etc/passwd", secrets=["TOKEN"], quality="low", no_such=1,
    )  # fmt: skip
    put_runs(desk, "demo/voice", run_01=evil)
    seen = await listing(desk.bench(upload=WRITE_TOKEN), RUN, {"results_repo": "demo/voice"})
    also = seen.options[0].also
    assert also["quality"] == "low"
    risky = {
        name
        for name, each in SETTINGS.items()
        if each.knob.is_command or each.knob.is_local or each.knob.names_secrets
    }
    assert {"argv", "bring", "requirements"} <= risky
    assert not set(also) & risky


async def test_a_record_that_is_none_and_one_of_odd_values_harm_nobody(desk: Desk) -> None:
    put_runs(
        desk, "demo/voice", run_01=b"[]", run_02=b"\xff",
        run_03=record("run-03", language=3, quality={"a": 1}),
    )  # fmt: skip
    seen = await listing(desk.bench(upload=WRITE_TOKEN), RUN, {"results_repo": "demo/voice"})
    assert [each.value for each in seen.options] == ["run-03"]
    assert not {"language", "quality"} & set(seen.options[0].also)
