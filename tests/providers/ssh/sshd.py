"""A real `sshd` on loopback, run by whoever runs the test, with keys and a client's configuration of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE_SECONDS = 20.0
HOST = "gpubox"


@dataclass(frozen=True)
class Sshd:
    """`folder` holds what the logged-in user has as a home for caches and runs."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def runs(self) -> Path:
        return self.folder / "data" / "pod-launcher" / "runs"

    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"


def sshd_program() -> str:
    """Skips the test with a reason where there is none."""
    found = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if found is None or shutil.which("ssh") is None:
        pytest.skip("there is no sshd here (Debian: openssh-server)")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # root's separates its privileges there
    return found


@contextmanager
def sshd_below(folder: Path) -> Iterator[Sshd]:
    """Up, and this user let in by a key; `client_path` leads to a client that knows it as `gpubox`."""
    program = sshd_program()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("host_key", "my_key"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    shutil.copy(folder / "my_key.pub", folder / "authorized_keys")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _write_configurations(folder, port)
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-D", "-e", "-f", str(folder / "sshd_config")],
            stdin=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        _wait_for(port, process)
        yield Sshd(folder, port, process)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _write_configurations(folder: Path, port: int) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        f"SetEnv PATH={path} XDG_CACHE_HOME={folder}/cache XDG_DATA_HOME={folder}/data "
        f"LAUNCHER_GPU_LEASES={folder}/leases\n"
    )
    host_key = (folder / "host_key.pub").read_text().split()[:2]
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {' '.join(host_key)}\n")
    (folder / "ssh_config").write_text(
        f"Host {HOST}\n  HostName 127.0.0.1\n  Port {port}\n  User {getpass.getuser()}\n"
        f"  IdentityFile {folder}/my_key\n  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known_hosts\n"
        "  GlobalKnownHostsFile /dev/null\n  IdentityAgent none\n"
    )
    (folder / "bin").mkdir()
    ssh = folder / "bin" / "ssh"
    ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n')
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


@pytest.fixture
def sshd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    """The client on the path knows it."""
    with sshd_below(tmp_path / "sshd") as found:
        monkeypatch.setenv("PATH", f"{found.folder}/bin{os.pathsep}{os.environ['PATH']}")
        yield found
