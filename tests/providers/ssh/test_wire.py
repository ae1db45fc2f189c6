"""What OpenSSH's client said is judged by whether anything can have been done on the machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from launcher.errors import NotConfigured, ProviderUnavailable
from launcher.providers.own_machine import NotReached
from launcher.providers.ssh.client import SshMachine
from launcher.providers.ssh.wire import trouble_in


@pytest.mark.parametrize(
    "said",
    [
        "ssh: connect to host gpubox port 22: Connection refused\r\n",
        "ssh: connect to host 10.0.0.7 port 2222: Connection timed out\n",
        "ssh: connect to host gpubox port 22: No route to host",
        "Welcome!\nConnection timed out during banner exchange\n",
    ],
)
def test_a_machine_that_never_let_anybody_in_was_not_reached(said: str) -> None:
    assert isinstance(trouble_in("gpubox", said), NotReached)


@pytest.mark.promise("money-once")
@pytest.mark.parametrize(
    "said",
    [
        "Read from remote host 10.0.0.7: Connection timed out\r\nclient_loop: send disconnect: Broken pipe\r\n",
        "Read from remote host gpubox: No route to host",
        "Timeout, server gpubox not responding.",
        "Connection to gpubox closed by remote host.",
        "ssh: connect to host git.example port 22: Connection refused\nTimeout, server gpubox not responding.",
        "cat: /etc/motd: Permission denied\nConnection to gpubox closed by remote host.",
        "me@git.example: Permission denied (publickey).\nclient_loop: send disconnect: Broken pipe",
        "",
    ],
)
def test_a_connection_that_was_up_and_broke_off_is_no_machine_that_was_not_reached(
    said: str,
) -> None:
    trouble = trouble_in("gpubox", said)
    assert isinstance(trouble, ProviderUnavailable)  # of a start: it may have been done
    assert not isinstance(trouble, NotReached)
    assert "broke off" in str(trouble.message)


def test_what_a_person_has_to_put_right_is_told_apart() -> None:
    for said in (
        "me@gpubox: Permission denied (publickey,keyboard-interactive).",
        "Host key verification failed.",
        "ssh: Could not resolve hostname gpubox: Name or service not known",
    ):
        assert isinstance(trouble_in("gpubox", said), NotConfigured)


def test_an_ssh_that_cannot_be_started_is_said_so_and_nothing_was_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ssh").write_bytes(b"\x7fELF of no machine")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotReached, match="ssh cannot be started on this computer: Exec format"):
        asyncio.run(SshMachine("gpubox").ask("look", {}))
