"""A machine by ssh, through OpenSSH's own client and a real sshd: a whole run, and each way not to get in."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pytest

from launcher.emulator.hub import HubEmulator
from launcher.errors import NotConfigured, ProviderError, ProviderUnavailable
from launcher.providers.ssh.client import SshMachine
from launcher.providers.ssh.program import remote_command
from launcher.providers.ssh.provider import SshProvider
from launcher.services.common.workbench import known_machines
from launcher.services.ending.reap import reap
from launcher.services.following.instructions import Way, new_instruction, send
from pod_image.contract.common_settings import Cloud
from pod_image.contract.findings import Severity
from pod_image.contract.instructions import InstructionName
from pod_image.contract.outcomes import EndReason
from pod_image.own_machine.gpus import Gpu, is_free, lease
from pod_image.own_machine.identity import Identity, living
from pod_image.own_machine.refused import Refused
from pod_image.own_machine.run_place import RunPlace
from pod_image.process_table import living_processes, members
from tests.kit.ordinary_user import OrdinaryUser
from tests.providers.own_runs import RESULTS_REPO, OwnRuns, own_runs, readable
from tests.providers.ssh.sshd import HOST, PATIENCE_SECONDS, Sshd


@pytest.mark.promise("secrets-nowhere")
@pytest.mark.promise("results-commands")
@pytest.mark.slow
def test_a_run_by_ssh_outlives_its_connection_is_told_to_stop_delivers_and_leaves_nothing(
    tmp_path: Path, sshd: Sshd
) -> None:
    async def story(runs: OwnRuns, token: str) -> None:
        with Onlooker(sshd.process.pid) as onlooker:
            run = await runs.launched()
        assert run.place == f"ssh:{HOST}"
        assert len(onlooker.seen) > 4
        place = RunPlace(sshd.runs / run.pod_id)

        async def stop() -> None:
            before, first = living(place), Identity.read(place.process)
            assert len(before) >= 4  # first process, agent, guard, command
            onlooker.look_at(before)
            assert sshd.break_connections() >= 2  # what serves the log's, and what reads the log
            assert first is not None
            assert first.is_alive
            assert len(living(place)) >= 4
            sent = await send(runs.bench, run, new_instruction(InstructionName.STOP))
            assert sent.way is Way.EXEC

        told = await runs.followed(run, stop)
        assert told.run.end_reason is EndReason.STOPPED
        assert not any(token.encode() in each for each in onlooker.seen)
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
def test_an_ordinary_users_run_is_that_users_closed_to_others_and_needs_nobody_else(
    tmp_path: Path, sshd: Sshd
) -> None:
    """Nothing of it is root's, and its GPU is taken for every user of the machine."""
    install_gpu(sshd)

    async def story() -> None:
        where = {
            "provider": "ssh",
            "host": HOST,
            "results_folder": str(sshd.home / "voices"),
        }
        async with own_runs(None, tmp_path / "home", where) as runs:
            asked = await runs.planned()
            (said,) = [each for each in asked.findings if each.code == "runs_as_you"]
            assert said.severity is Severity.WARNING
            assert f"runs as you on {HOST}: it can read your files there, and your keyring" in (
                str(said.message)
            )
            assert is_free(sshd.leases, GPU)
            run = await runs.launched()
            place = RunPlace(sshd.runs / run.pod_id)

            async def stop() -> None:
                assert {owner_of(pid) for pid in living(place)} == {sshd.user.uid}
                assert place.root.stat().st_mode & 0o777 == 0o700
                found = [place.root, *place.root.rglob("*")]
                assert {path.lstat().st_uid for path in found} == {sshd.user.uid}
                assert not is_free(sshd.leases, GPU)
                with pytest.raises(Refused, match="0 of 1 GPUs are free"):
                    lease(sshd.leases, [GPU], 1)
                await send(runs.bench, run, new_instruction(InstructionName.STOP))

            told = await runs.followed(run, stop)
            assert told.run.end_reason is EndReason.STOPPED
            assert is_free(sshd.leases, GPU)
            delivered = sshd.home / "voices" / "run-01" / "files" / "out" / "so-far.txt"
            assert delivered.stat().st_uid == sshd.user.uid

    asyncio.run(story())
    assert sshd.user.uid != 0


@pytest.mark.slow
def test_a_start_is_closed_to_that_users_other_programs_before_its_keys_are_read(
    sshd: Sshd,
) -> None:
    """Such as the command of another run there."""
    asyncio.run(SshMachine(HOST).ask("list", {}))  # so that our program is there
    words = ("ssh", HOST, remote_command("start", HOST))
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        assert client.stdin is not None
        client.stdin.write(b'{"keys": {"HF_UPLOAD_TOKEN": "hf_example')
        client.stdin.flush()
        start = until(lambda: asked_program(sshd))
        until(lambda: refused(sshd.user, f"/proc/{start}/environ"))
        for name in ("environ", "fd/0", "mem"):
            assert "Permission denied" in refused(sshd.user, f"/proc/{start}/{name}")
        client.stdin.close()


@pytest.mark.slow
def test_a_program_that_others_there_could_change_is_not_started(sshd: Sshd) -> None:
    """It gets the tokens. Such as below a cache that several users share."""
    ours = sshd.home / ".cache" / "pod-launcher"
    asyncio.run(SshMachine(HOST).ask("list", {}))
    assert ours.stat().st_mode & 0o777 == 0o700
    for folder in (ours, next((ours / "program").iterdir())):
        before = folder.stat().st_mode
        folder.chmod(0o777)
        answer = asyncio.run(SshMachine(HOST).ask("list", {}))
        assert f"could change the program that runs start with: {folder}" in str(answer["refused"])
        folder.chmod(before)
        assert "ok" in asyncio.run(SshMachine(HOST).ask("list", {}))
    if os.getuid() == 0:
        os.chown(ours, 0, 0)
        ours.chmod(0o755)
        assert "refused" in asyncio.run(SshMachine(HOST).ask("list", {}))


def asked_program(sshd: Sshd) -> int:
    """The Python there that reads a start; 0 before it is there."""
    for pid in members({sshd.process.pid}, living_processes()):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"start" in words and b"python" in words[0]:
                return pid
    return 0


def refused(user: OrdinaryUser, path: str) -> str:
    """What is said to that user who wants to open it; nothing where it can be opened."""
    words = ("/bin/sh", "-c", 'exec 3< "$0"', path)
    done = subprocess.run(words, capture_output=True, text=True, **user.as_subprocess())
    return done.stderr


def until(asked: Callable[[], Any]) -> Any:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not (found := asked()):
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.05)
    return found


GPU = Gpu("GPU-aaaa", "A Stand-in", 24)


def install_gpu(sshd: Sshd) -> None:
    """What its driver's program says of one."""
    program = sshd.programs / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho '0, {GPU.uuid}, {GPU.name}, 24564'\n")
    program.chmod(0o755)


def owner_of(pid: int) -> int:
    """By its status: what lies in /proc of a process that hides its memory is root's."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("Uid:")))


class Onlooker:
    """Somebody on that machine who reads, for as long as the block lasts, what each process of it shows."""

    def __init__(self, root: int) -> None:
        self.seen: set[bytes] = set()
        self._root, self._is_over = root, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def look_at(self, pids: Iterable[int]) -> None:
        self.seen.update(map(readable, pids))

    def _look(self) -> None:
        while not self._is_over.wait(0.02):
            self.look_at(members({self._root, os.getpid()}, living_processes()))


@pytest.mark.slow
def test_results_in_a_folder_of_that_machine_are_read_through_ssh_without_any_account(
    tmp_path: Path, sshd: Sshd
) -> None:
    there, clips = sshd.home / "there", sshd.home / "clips"

    async def story() -> None:
        where = {"provider": "ssh", "host": HOST, "results_folder": str(there)}
        async with own_runs(None, tmp_path / "home", where) as runs:
            (tmp_path / "words.txt").write_text("brought along")
            clips.mkdir()
            (clips / "a.txt").write_text("of the dataset")
            sshd.user.give(clips)
            script = (
                "mkdir -p out; cat words.txt > out/words.txt; cp -L $DATASET_DIR/a.txt out/; "
                "head -c 9000000 /dev/urandom > out/big; echo at work"
            )
            wide = await runs.planned(results_folder=str(sshd.home))
            assert f"{sshd.home} cannot be used: it is your home folder" in str(
                wide.errors[0].message
            )
            run = await runs.launched(
                script, bring=[f"{tmp_path}/words.txt:."], dataset_repo=str(clips)
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

    known, keys = sshd.known_hosts, sshd.authorized_keys
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
    other = sshd.my_key.with_suffix(".pub").read_text().split()[1]
    known.write_text(f"[127.0.0.1]:{sshd.port} ssh-ed25519 {other}\n")
    with pytest.raises(NotConfigured, match="has a different key"):
        asyncio.run(asked())
    known.write_text(right)
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
