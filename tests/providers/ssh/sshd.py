"""A real `sshd` on loopback, run by an ordinary user, who alone can log in to it, with keys and a home of its own.

Where root runs the tests, the launcher here is root's and what it reaches by ssh is somebody else's, who is nobody
there: that Python is copied to where this user may read it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pod_image.own_machine.identity import living
from pod_image.own_machine.run_place import all_runs
from pod_image.process_table import living_processes, members
from tests.kit import python_to_copy
from tests.kit.ordinary_user import WHY_NOT, OrdinaryUser

PATIENCE_SECONDS = 20.0
HOST = "gpubox"


@dataclass(frozen=True)
class Sshd:
    """`folder` is the user's, and everybody may enter it. Only `home` is closed, and holds all that a run leaves."""

    user: OrdinaryUser
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def runs(self) -> Path:
        return self.home / ".local" / "share" / "pod-launcher" / "runs"

    @property
    def leases(self) -> Path:
        return self.folder / "leases"

    @property
    def programs(self) -> Path:
        """The first place on the path of whoever logs in."""
        return self.folder / "programs"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "client" / "known_hosts"

    @property
    def my_key(self) -> Path:
        return self.folder / "client" / "my_key"

    @property
    def authorized_keys(self) -> Path:
        return self.folder / "server" / "authorized_keys"

    def break_connections(self) -> int:
        """Kill whatever serves one, with what was asked over it; how many processes that were."""
        below = members({self.process.pid}, living_processes()) - {self.process.pid}
        for pid in below:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(below)


def sshd_program() -> str:
    """Skips the test with a reason where there is none."""
    found = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if found is None or shutil.which("ssh") is None:
        pytest.skip("there is no sshd here (Debian: openssh-server)")
    return found


@contextmanager
def sshd_of(user: OrdinaryUser, python: Path) -> Iterator[Sshd]:
    """Up, and `folder/client/bin` leads to a client that knows it as `gpubox`; `python` is where its programs are."""
    program = sshd_program()
    with user.folder("sshd-") as folder:
        for name, mode in (("server", 0o700), ("home", 0o700), ("programs", 0o755)):
            (folder / name).mkdir()
            (folder / name).chmod(mode)
            user.give(folder / name)
        (folder / "client" / "bin").mkdir(parents=True)
        _make_key(folder / "server" / "host_key", user)
        _make_key(folder / "client" / "my_key", None)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        _write_servers_files(folder, port, user, python)
        _write_clients_files(folder, port, user)
        with (folder / "sshd.log").open("wb") as log:
            process = subprocess.Popen(
                [program, "-D", "-e", "-f", str(folder / "server" / "sshd_config")],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stderr=log,
                **user.as_subprocess(),
            )
        found = Sshd(user, folder, port, process)
        try:
            _wait_for(port, process)
            yield found
        finally:
            _end_runs(found.runs)
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _end_runs(runs: Path) -> None:
    """Of a test that failed: a run outlives its connection."""
    for place in all_runs(runs):
        for pid in living(place):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _make_key(path: Path, owner: OrdinaryUser | None) -> None:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(words, check=True, cwd=path.parent, **(owner.as_subprocess() if owner else {}))


def _write_servers_files(folder: Path, port: int, user: OrdinaryUser, python: Path) -> None:
    server = folder / "server"
    path = os.pathsep.join(
        [str(folder / "programs"), str(python), "/usr/local/bin", "/usr/bin", "/bin"]
    )
    libraries = os.environ.get("LD_LIBRARY_PATH", "") if os.getuid() else str(python.parent / "lib")
    (server / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {server}/host_key\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {server}/authorized_keys\nPasswordAuthentication no\nPermitRootLogin no\n"
        f"SetEnv HOME={folder}/home PATH={path} LAUNCHER_GPU_LEASES={folder}/leases "
        f"LD_LIBRARY_PATH={libraries}\n"
    )
    shutil.copy(folder / "client" / "my_key.pub", server / "authorized_keys")
    for name in ("sshd_config", "authorized_keys"):
        user.give(server / name)


def _write_clients_files(folder: Path, port: int, user: OrdinaryUser) -> None:
    client = folder / "client"
    host_key = (folder / "server" / "host_key.pub").read_text().split()[:2]
    (client / "known_hosts").write_text(f"[127.0.0.1]:{port} {' '.join(host_key)}\n")
    (client / "ssh_config").write_text(
        f"Host {HOST}\n  HostName 127.0.0.1\n  Port {port}\n  User {user.name}\n"
        f"  IdentityFile {client}/my_key\n  IdentitiesOnly yes\n  UserKnownHostsFile {client}/known_hosts\n"
        "  GlobalKnownHostsFile /dev/null\n  IdentityAgent none\n"
    )
    ssh = client / "bin" / "ssh"
    ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {client}/ssh_config "$@"\n')
    ssh.chmod(0o755)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        assert process.poll() is None, "sshd ended at once"
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("sshd does not listen")


@pytest.fixture(scope="session")
def ordinary_user() -> OrdinaryUser:
    user = OrdinaryUser.found()
    if user is None:
        pytest.skip(WHY_NOT)
    return user


@pytest.fixture(scope="session")
def their_python(ordinary_user: OrdinaryUser) -> Iterator[Path]:
    """Where this user's programs of Python are: those of the tests themselves, unless they are root's."""
    if os.getuid():
        yield Path(sys.executable).parent
        return
    with ordinary_user.folder("python-") as folder:
        programs = python_to_copy.copy_below(folder)
        for below in filter(Path.is_dir, folder.rglob("*")):
            ordinary_user.give(
                below
            )  # so that what its first start compiles is there for all others
        yield programs


@pytest.fixture
def sshd(
    ordinary_user: OrdinaryUser, their_python: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sshd]:
    """The client on the path knows it."""
    with sshd_of(ordinary_user, their_python) as found:
        monkeypatch.setenv("PATH", f"{found.folder}/client/bin{os.pathsep}{os.environ['PATH']}")
        yield found
