"""A study in a results folder, with real processes on this computer and no account at all."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.study import SamplerName, Study, TrialState
from launcher.errors import InvalidRequest
from launcher.hub.kept_studies import KeptFiles, KeptStudies
from launcher.services.studies.creating import StudyWish, create_study
from launcher.services.studies.keeping import begin_study, change_study, find_study
from launcher.services.studies.running import run_study
from tests.kit.studies import study_of
from tests.providers.own_runs import NOBODY, OwnRuns, own_runs

SAYS_A_LOSS = "mkdir -p out; for i in 1 2; do echo step $i loss 0.$i; done; echo done > out/a.txt"
PROGRESS = "regex:step (?P<step>[0-9]+) loss (?P<loss>[0-9.]+)"
ADDS = """
import asyncio, sys
from pathlib import Path
from launcher.domain.studies.address import study_address
from launcher.services.studies.adding import add_to_study
from tests.providers.own_runs import own_runs

async def story():
    async with own_runs(None, Path(sys.argv[2]), {}) as runs:
        for _ in range(8):
            await add_to_study(runs.bench, study_address(sys.argv[1]), more_usd=1.0)

asyncio.run(story())
"""


async def created(runs: OwnRuns, folder: Path, **wish: Any) -> StudyAddress:
    given = {
        "recipe": "command",
        "argv": ["sh", "-c", SAYS_A_LOSS],
        "progress": PROGRESS,
        "provider": "local",
        "results_folder": str(folder),
        "max_hours": 0.2,
    }
    usual = {"name": "tune", "search": ["keep_checkpoints=1|2|4"], "objective": "loss"}
    made = await create_study(
        runs.bench, runs.keys, None, given, StudyWish(**{**usual, "budget_usd": 1.0, **wish})
    )
    return made.address


def test_a_study_in_a_folder_is_made_without_an_account_and_lies_open_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "voices"

    async def story() -> None:
        async with own_runs(None, tmp_path / "home", {}) as runs:
            assert runs.keys.hf_upload is None
            address = await created(runs, folder, most_trials=2)
            assert address == StudyAddress(str(folder), "tune")
            assert (folder / "studies" / "tune" / "study.json").is_file()
            with pytest.raises(InvalidRequest, match="has a study tune already"):
                await created(runs, folder, most_trials=2)
            with pytest.raises(InvalidRequest, match="contains no study other"):
                await find_study(runs.bench, StudyAddress(str(folder), "other"))

    asyncio.run(story())


def test_a_study_that_nothing_would_end_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with own_runs(None, tmp_path / "home", {}) as runs:
            with pytest.raises(InvalidRequest, match="the budget would never end the study"):
                await created(runs, tmp_path / "voices")
            await created(runs, tmp_path / "voices", sampler=SamplerName.GRID)

    asyncio.run(story())


@pytest.mark.slow
@pytest.mark.promise("money-study")
def test_of_several_programs_that_change_a_study_at_once_none_undoes_anothers_change(
    tmp_path: Path,
) -> None:
    address = StudyAddress(str(tmp_path / "voices"), "tune")

    async def study(begins: bool) -> Study:
        async with own_runs(None, tmp_path / "home", {}) as runs:
            if begins:
                await begin_study(runs.bench, address, study_of())
            return (await find_study(runs.bench, address)).study

    before = asyncio.run(study(begins=True)).asked.budget_usd
    programs = [
        subprocess.Popen([sys.executable, "-c", ADDS, str(address), str(tmp_path / f"home-{one}")])
        for one in range(3)
    ]
    assert [program.wait(timeout=120) for program in programs] == [0, 0, 0]
    assert asyncio.run(study(begins=False)).asked.budget_usd == before + 24


@pytest.mark.promise("money-study")
def test_a_study_that_is_changed_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder keeps no file that was replaced: half of a study would have been read, without its trials."""
    address = StudyAddress(str(tmp_path / "voices"), "tune")
    read = KeptStudies._content

    async def story() -> KeptFiles:
        async with own_runs(None, tmp_path / "home", {}) as runs:
            await begin_study(runs.bench, address, study_of())
            kept = KeptStudies(runs.bench.hub, address.repo)
            changes = iter([b"second", b"third"])

            async def changed_meanwhile(self: KeptStudies, path: str, *rest: Any) -> bytes | None:
                if path.endswith("trials.jsonl") and (content := next(changes, b"")):
                    head = await kept._head()
                    text = content.decode()
                    assert await kept.write("tune", text, text, "changed", on_top_of=head)
                return await read(self, path, *rest)

            monkeypatch.setattr(KeptStudies, "_content", changed_meanwhile)
            found = await kept.read("tune", 1 << 20, 1 << 20)
            assert found.commit == await kept._head()
            return found

    found = asyncio.run(story())
    assert (found.study, found.trials) == (b"third", b"third")


@pytest.mark.slow
@pytest.mark.promise("money-study")
def test_two_programs_run_one_study_and_each_trial_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each looks every second at what the other has done: in the usual minute nothing more would happen."""
    monkeypatch.setattr("launcher.services.studies.running.LOOK_SECONDS", 1.0)
    folder = tmp_path / "voices"

    async def story() -> None:
        async with (
            own_runs(None, tmp_path / "one", {}) as one,
            own_runs(None, tmp_path / "other", {}) as other,
        ):
            address = await created(one, folder, sampler=SamplerName.GRID, at_most=2)
            first, second = await asyncio.gather(
                run_study(one.bench, one.keys, address), run_study(other.bench, other.keys, address)
            )
            assert first.study == second.study
            trials = first.study.trials
            assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 3
            assert sorted(trial.run_id for trial in trials) == ["tune-001", "tune-002", "tune-003"]
            assert all(trial.value is not None for trial in trials)
            run_ids = await one.bench.results(str(folder)).run_ids()
            assert sorted(run_ids) == ["tune-001", "tune-002", "tune-003"]

    asyncio.run(story())


@pytest.mark.slow
@pytest.mark.promise("money-study")
def test_a_program_that_is_killed_in_a_study_goes_on_by_the_command_alone(tmp_path: Path) -> None:
    """`launcher study` as a person types it: no key is asked for, and nothing is started twice."""
    folder = tmp_path / "voices"
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "LAUNCHER_HOME": str(tmp_path / "home"),
        "HF_ENDPOINT": NOBODY,
    }

    def typed(*words: str) -> str:
        command = [sys.executable, "-m", "launcher", "study", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        return done.stdout

    made = typed(
        *("create", "tune", "--recipe", "command", "--provider", "local"),
        *("--results-folder", str(folder), "--search", "keep_checkpoints=1|2"),
        *("--objective", "loss", "--budget", "1", "--sampler", "grid", "--max-hours", "0.2"),
        *("--progress", PROGRESS, "--", "sh", "-c", f"sleep 2; {SAYS_A_LOSS}"),
    )
    assert f"launcher study run {folder}/tune" in made
    command = [sys.executable, "-m", "launcher", "study", "run", "--yes"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        assert any("tune-001 begins" in line for line in running.stderr)
        running.kill()
    ended = typed("run", "tune", "--yes")
    assert "Every combination of the grid has been tried." in ended
    shown = typed("show", f"{folder}/tune")
    assert shown.count("complete") >= 2
    assert "failed" not in shown
    assert {path.parent.name for path in folder.glob("*/run.json")} >= {"tune-002"}
    typed("stop", "tune")


def test_a_change_of_nothing_makes_no_version(tmp_path: Path) -> None:
    address = StudyAddress(str(tmp_path / "voices"), "tune")

    async def story() -> None:
        async with own_runs(None, tmp_path / "home", {}) as runs:
            await begin_study(runs.bench, address, study_of())
            before = (await find_study(runs.bench, address)).commit
            await change_study(runs.bench, address, lambda study: study, "nothing")
            assert (await find_study(runs.bench, address)).commit == before

    asyncio.run(story())
