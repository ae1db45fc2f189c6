"""`launcher serve`: what it refuses, the token, and both doors at one port."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import keyring
import keyring.backends.null
import pytest

from launcher.cli import app
from launcher.cli.serving import refuse_to_show_in_a_log
from launcher.errors import InvalidRequest, NotConfigured
from launcher.serve.listening import Listening
from launcher.serve.token import ServeToken, TokenSource, take_token
from tests.kit.key_store import MemoryKeyStore

TOKEN = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LAUNCHER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("LAUNCHER_SERVE_TOKEN", TOKEN)
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.null.Keyring())  # the variable is read once in a process
    yield
    keyring.set_keyring(before)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "gpu.example.org", ""])
def test_beyond_this_computer_nothing_is_served_in_the_open_unasked(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["serve", "--host", host]) == 2
    said = capsys.readouterr().err
    assert "--tls-cert and --tls-key" in said
    assert "--insecure" in said
    assert "anyone who can read this network" in Listening(host=host, is_insecure=True).warning


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_this_computer_alone_needs_no_certificate(host: str) -> None:
    listening = Listening(host=host)
    listening.check()
    assert listening.warning == ""


def test_a_certificate_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("no certificate")
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    for listening in (
        Listening("0.0.0.0", certificate=paths[0]),
        Listening("0.0.0.0", certificate=paths[0], private_key=paths[1]),
        Listening("0.0.0.0", certificate=tmp_path / "absent", private_key=paths[1]),
    ):
        with pytest.raises(InvalidRequest):
            listening.check()


def test_the_form_is_not_served_to_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["serve", "--with-form", "--host", "0.0.0.0", "--insecure"]) == 2
    assert "only for this computer" in capsys.readouterr().err


def test_the_token_is_printed_alone_and_a_new_one_is_not_made_beside_the_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app.run(["serve", "token"]) == 0
    assert capsys.readouterr().out == f"{TOKEN}\n"
    monkeypatch.setenv("LAUNCHER_SERVE_TOKEN", TOKEN)
    assert app.run(["serve", "token", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["token"] == TOKEN
    monkeypatch.setenv("LAUNCHER_SERVE_TOKEN", TOKEN)
    assert app.run(["serve", "token", "--new"]) == 2
    monkeypatch.delenv("LAUNCHER_SERVE_TOKEN")
    assert app.run(["serve", "token"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "LAUNCHER_SERVE_TOKEN" in said.err


def test_a_token_that_only_this_start_knows_is_shown_on_a_terminal_and_in_no_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryKeyStore()
    kept = take_token({}, store)
    refuse_to_show_in_a_log(kept)
    alone = ServeToken(kept.secret, TokenSource.MEMORY, is_new=True)
    with pytest.raises(NotConfigured):
        refuse_to_show_in_a_log(alone)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    refuse_to_show_in_a_log(alone)


def status(url: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=20) as answer:
            return answer.status, cookies(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, cookies(error.headers)


def cookies(headers: Message) -> str:
    """As a browser sends them back."""
    return "; ".join(each.partition(";")[0] for each in headers.get_all("set-cookie", []))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def test_form_and_interface_at_one_port_do_not_open_each_other(tmp_path: Path) -> None:
    words = ["serve", "--with-form", "--port", "0", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "launcher", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LAUNCHER_SERVE_TOKEN": TOKEN},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        first = json.loads(process.stdout.readline())
        link = ""
        while not link:
            found = re.search(r"http://launcher-\S+?token=[\w-]+", process.stderr.readline())
            link = found[0] if found else ""
        base = first["url"].removesuffix("/api/v1")
        host, _, rest = link.removeprefix("http://").partition("/")
        bearer = f"Bearer {TOKEN}"
        opened, cookie = status(f"{base}/{rest}", Host=host)
        system = f"{first['url']}/system"
        assert opened == 303
        assert status(f"{base}/", Host=host, Cookie=cookie)[0] == 200
        assert status(system, Authorization=bearer)[0] == 200
        assert status(system, Cookie=cookie)[0] == 401
        assert status(system, Host=host, Cookie=cookie, Authorization=bearer)[0] == 421
        assert status(f"{base}/", Host=host, Authorization=bearer)[0] == 401
        assert status(f"{base}/", Authorization=bearer)[0] == 421
    finally:
        process.send_signal(signal.SIGTERM)
        rest_of_it = process.communicate(timeout=60)
    assert process.returncode == 0
    assert TOKEN not in "".join(rest_of_it)
    log = tmp_path / "home" / "data" / "serve" / "requests-1.jsonl"
    assert len(log.read_text().splitlines()) == 3
