"""A machine by ssh, through OpenSSH's own client and a real sshd: a whole run, and each way not to get in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from launcher.emulator.hub import HubEmulator
from launcher.errors import NotConfigured, ProviderError, ProviderUnavailable
from launcher.providers.ssh.provider import SshProvider
from launcher.services.common.workbench import known_machines
from launcher.services.ending.reap import reap
from launcher.services.following.instructions import Way, new_instruction, send
from pod_image.contract.common_settings import Cloud
from pod_image.contract.instructions import InstructionName
from pod_image.contract.outcomes import EndReason
from pod_image.own_machine.identity import living
from pod_image.own_machine.run_place import RunPlace
from tests.providers.own_runs import RESULTS_REPO, OwnRuns, own_runs, readable
from tests.providers.ssh.sshd import HOST, Sshd


@pytest.mark.promise("secrets-nowhere")
@pytest.mark.promise("results-commands")
@pytest.mark.slow
def test_a_run_by_ssh_outlives_its_connection_is_told_to_stop_delivers_and_leaves_nothing(
    tmp_path: Path, sshd: Sshd
) -> None:
    async def story(runs: OwnRuns, token: str) -> None:
        run = await runs.launched()
        assert run.place == f"ssh:{HOST}"
        place = RunPlace(sshd.runs / run.pod_id)
        seen: list[bytes] = []

        async def stop() -> None:
            seen.extend(map(readable, living(place)))
            sent = await send(runs.bench, run, new_instruction(InstructionName.STOP))
            assert sent.way is Way.EXEC

        told = await runs.followed(run, stop)
        assert told.run.end_reason is EndReason.STOPPED
        assert len(seen) >= 4  # first process, agent, guard, command
        assert not any(token.encode() in each for each in seen)
        assert not any(token.encode() in content for content in contents_below(sshd.folder))
        results = await runs.bench.results(RESULTS_REPO).files("run-01")
        assert "run-01/files/out/so-far.txt" in [each.path for each in results]
        assert not place.disk.exists()
        known = known_machines(runs.bench.config)
        assert known.all() == [f"ssh:{HOST}"]
        report = await reap(runs.bench.at(f"ssh:{HOST}"))
        assert (report.released, report.unseen) == ((), ())
        assert HOST in report.places
        assert known.all() == []  # nothing of ours is there: it need not be asked again

    with HubEmulator(tmp_path / "hub") as hub:

        async def at_bench() -> None:
            where = {"provider": "ssh", "host": HOST}
            async with own_runs(hub, tmp_path / "home", where) as runs:
                await story(runs, hub.tokens["write"])

        asyncio.run(at_bench())


@pytest.mark.slow
def test_results_in_a_folder_of_that_machine_are_read_through_ssh_without_any_account(
    tmp_path: Path, sshd: Sshd
) -> None:
    there = tmp_path / "there"

    async def story() -> None:
        where = {"provider": "ssh", "host": HOST, "results_folder": str(there)}
        async with own_runs(None, tmp_path / "home", where) as runs:
            (tmp_path / "words.txt").write_text("brought along")
            (tmp_path / "clips").mkdir()
            (tmp_path / "clips" / "a.txt").write_text("of the dataset")
            script = (
                "mkdir -p out; cat words.txt > out/words.txt; cp -L $DATASET_DIR/a.txt out/; "
                "head -c 9000000 /dev/urandom > out/big; echo at work"
            )
            run = await runs.launched(
                script, bring=[f"{tmp_path}/words.txt:."], dataset_repo=str(tmp_path / "clips")
            )
            told = await runs.followed(run)
            assert told.run.end_reason is EndReason.FINISHED
            assert run.results_repo == f"{HOST}:{there}"
            results = runs.bench.results(run.results_repo)
            fetched = await results.download("run-01", tmp_path / "got")
            files = "run-01/files/out"
            assert (tmp_path / "got" / files / "words.txt").read_text() == "brought along"
            big = (tmp_path / "got" / files / "big").read_bytes()
            assert len(big) == 9_000_000
            assert (there / files / "a.txt").read_text() == "of the dataset"
            assert big == (there / files / "big").read_bytes()
            assert set(fetched.files) == {each.path for each in await results.files("run-01")}
            assert (await results.tags())["run-01"] in await results.commit("run-01")

    asyncio.run(story())


def contents_below(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_each_way_not_to_get_in_is_told_by_what_to_do(sshd: Sshd) -> None:
    async def asked(host: str = HOST) -> None:
        await SshProvider(host).offers(1, Cloud.ANY, ())

    known, keys = sshd.known_hosts(), sshd.folder / "authorized_keys"
    with pytest.raises(NotConfigured, match="knows no machine called"):
        asyncio.run(asked("there.is.no.such.machine.invalid"))
    right, mine = known.read_text(), keys.read_text()
    keys.write_text("")
    with pytest.raises(NotConfigured, match="does not let you in"):
        asyncio.run(asked())
    keys.write_text(mine)
    known.write_text("")
    with pytest.raises(NotConfigured, match="does not know the key"):
        asyncio.run(asked())
    other = (sshd.folder / "my_key.pub").read_text().split()[1]
    known.write_text(f"[127.0.0.1]:{sshd.port} ssh-ed25519 {other}\n")
    with pytest.raises(NotConfigured, match="has a different key"):
        asyncio.run(asked())
    known.write_text(right)
    config = sshd.folder / "sshd_config"
    assert "SetEnv PATH" in config.read_text()
    sshd.process.terminate()
    sshd.process.wait(10)
    with pytest.raises(ProviderUnavailable, match="does not answer"):
        asyncio.run(asked())


def test_without_ssh_and_without_a_host_it_is_said_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises((NotConfigured, ProviderError), match="no program called ssh"):
        asyncio.run(SshProvider(HOST).offers(1, Cloud.ANY, ()))
