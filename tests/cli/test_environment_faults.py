"""What a person's shell is set to, over every command: a plain sentence, the right exit code, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from launcher.cli import app
from launcher.cli.command_list import COMMANDS
from launcher.emulator.hub import HubEmulator
from launcher.emulator.runpod import RunPodEmulator
from pod_image.contract.surroundings import stay_on_loopback

RUN = ("--recipe", "command", "--results-repo", "demo/voices")
WORDS: dict[str, tuple[str, ...]] = {
    "demo": ("--fault", "list"),
    "ui": ("--no-browser", "--port", "0"),
    "serve": ("--port", "0"),
    "plan": (*RUN, "--", "true"),
    "deploy": (*RUN, "--yes", "--", "true"),
    "queue": ("list",),
    "rerun": ("--yes",),
    "mcp": (),
    "presets": ("list",),
    "init": ("trainer",),
    "offers": (),
    "gpus": (),
    "dataset": ("check", "demo/clips"),
    "voices": ("list",),
    "study": ("show", "demo/voices/tune"),
    "runs": (),
    "top": ("--once",),
    "attach": ("demo/voices",),
    "label": (),
    "show": (),
    "compare": ("run-01", "run-02"),
    "share": (),
    "watch": (),
    "wait": (),
    "notify": ("list",),
    "tensorboard": (),
    "logs": (),
    "sample": ("Hello.",),
    "save": (),
    "exec": ("run-01", "--", "true"),
    "shell": (),
    "cp": ("run-01:out", "."),
    "stop": (),
    "abort": ("--yes",),
    "results": (),
    "export": ("no-such.pt",),
    "cost": (),
    "keys": ("check", "--json"),
    "reap": (),
    "doctor": (),
}


PUT_BACK = ("NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "HF_HUB_OFFLINE")
"""What a command may change for its own process."""


@dataclass(frozen=True)
class Clouds:
    """Both stand-ins, up on loopback."""

    runpod: RunPodEmulator
    hub: HubEmulator

    @property
    def environment(self) -> dict[str, str]:
        return {
            "RUNPOD_API_BASE_URL": self.runpod.url,
            "RUNPOD_API_KEY": self.runpod.api_key,
            "HF_ENDPOINT": self.hub.url,
            "HF_DATASET_TOKEN": self.hub.tokens["read"],
            "HF_UPLOAD_TOKEN": self.hub.tokens["write"],
        }


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    root = tmp_path_factory.mktemp("clouds")
    with HubEmulator(root / "hub") as hub, RunPodEmulator(root / "pods") as runpod:
        yield Clouds(runpod, hub)


@dataclass
class Said:
    """What one command left behind."""

    code: int
    text: str
    """Both streams, with white space collapsed."""


Command = Callable[..., Said]


@pytest.fixture
def command(
    clouds: Clouds,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """`command(name, VARIABLE=value)` runs a command of the list as that shell would."""
    for variable in tuple(os.environ):
        if variable.lower().endswith("_proxy") or variable.startswith(("SSL_CERT", "HF_HUB_OFF")):
            monkeypatch.delenv(variable)
    for variable in PUT_BACK:
        monkeypatch.setenv(variable, "")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("LAUNCHER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for variable, value in clouds.environment.items():
        monkeypatch.setenv(variable, value)

    async def served(*_: object, **__: object) -> None:
        """A form, or an agent's program, that is closed at once."""

    monkeypatch.setattr("launcher.ui.application.serve", served)
    monkeypatch.setattr("launcher.serve.mcp.server.serve_stdio", served)
    monkeypatch.setattr("launcher.serve.server.serve_until", served)

    def ran(name: str, *more: str, **variables: str) -> Said:
        for variable in PUT_BACK:
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("LAUNCHER_SERVE_TOKEN", "0123456789abcdef" * 2)  # is taken out of it
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value)
        capsys.readouterr()
        try:
            code = app.run([name, *(more or WORDS[name])])
        except SystemExit as leave:
            code = int(leave.code or 0)
        printed = capsys.readouterr()
        return Said(code, " ".join(f"{printed.out} {printed.err}".split()))

    return ran


@dataclass(frozen=True)
class Fault:
    """Variables of a shell, the word that has to be said of them, and who goes on all the same."""

    variables: dict[str, str]
    says: str
    code: int
    spared: tuple[str, ...] = ()


OFFLINE = ("demo", "ui", "queue", "presets", "init", "notify", "runs", "cost", "export")
"""Ask nobody; the form says it where it asks."""
ENDING = ("sample", "save", "stop", "abort", "reap")
"""End pods, or reach them through RunPod alone."""
AT_RUNPOD = (
    *ENDING,
    "serve",
    "offers",
    "gpus",
    "mcp",
    "label",
    "show",
    "compare",
    "share",
    "tensorboard",
    "top",
    "watch",
    "wait",
    "rerun",
    "exec",
    "shell",
    "cp",
    "logs",
    "results",
    "voices",
)
"""Have nothing to ask the Hub while there is no run."""
FAULTS = {
    "a SOCKS proxy": Fault(
        {"ALL_PROXY": "socks5://127.0.0.1:1"}, "pip install socksio", 3, OFFLINE
    ),
    "a proxy of no kind": Fault({"HTTPS_PROXY": "gopher://127.0.0.1"}, "HTTPS_PROXY", 3, OFFLINE),
    "a proxy of no form": Fault({"http_proxy": "http://[::1"}, "http_proxy", 3, OFFLINE),
    "certificates gone": Fault(
        {"SSL_CERT_FILE": "/no/such.pem"}, "/no/such.pem does not exist", 3, (*OFFLINE, *ENDING)
    ),
    "certificates that are none": Fault(
        {"SSL_CERT_FILE": __file__}, "holds no certificates", 3, (*OFFLINE, *ENDING)
    ),
    "a folder of certificates gone": Fault(
        {"SSL_CERT_DIR": "/no/such"}, "/no/such is not a folder", 3, (*OFFLINE, *ENDING)
    ),
    "a Hub that may not be asked": Fault(
        {"HF_HUB_OFFLINE": "1"}, "Unset HF_HUB_OFFLINE", 3, (*OFFLINE, *AT_RUNPOD)
    ),
    "a Hub without scheme": Fault(
        {"HF_ENDPOINT": "huggingface.co"}, "HF_ENDPOINT", 3, (*OFFLINE, *AT_RUNPOD)
    ),
    "a RunPod without scheme": Fault(
        {"RUNPOD_API_BASE_URL": "api.runpod.io"}, "RUNPOD_API_BASE_URL", 3, OFFLINE
    ),
}
ODD_KEYS = {
    "a blank inside": ("demo abcdefgh", "a space or a line break"),
    "quotes": ('"demo-abcdefgh"', "a quotation mark"),
    "a letter of elsewhere": ("demo-abcdéfgh", "not plain ASCII"),
    "a control character": ("demo-abc\x07defgh", "a control character"),
}
KEYS = {
    "RUNPOD_API_KEY": OFFLINE,
    "HF_DATASET_TOKEN": (*OFFLINE, *AT_RUNPOD, "attach", "study"),
    "HF_UPLOAD_TOKEN": (*OFFLINE, *AT_RUNPOD, "dataset"),
}
FAULTS |= {
    f"{variable} with {name}": Fault({variable: key}, says, 3, spared)
    for variable, spared in KEYS.items()
    for name, (key, says) in ODD_KEYS.items()
}


def test_every_command_is_tried() -> None:
    assert set(WORDS) == {entry.name for entry in COMMANDS}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_a_sentence_in_every_command_that_meets_it(command: Command, name: str) -> None:
    fault = FAULTS[name]
    for each in WORDS:
        if each == "export" and "SOCKS" not in name:
            continue  # starts a program of its own, which takes seconds: once is enough
        said = command(each, **fault.variables)
        if each in fault.spared:
            assert said.code in (0, 2, 5), (each, said.text)
            assert "Traceback" not in said.text
        else:
            assert said.code == (1 if each == "doctor" else fault.code), (each, said.text)
            assert fault.says in said.text, each


def test_what_ends_pods_goes_on_with_the_usual_certificates_and_says_so(command: Command) -> None:
    said = command("reap", SSL_CERT_FILE="/no/such.pem")
    assert said.code == 0
    assert "No pods of this program are left" in said.text
    assert "SSL_CERT_FILE points to certificates" in said.text
    assert "The defaults are used" in said.text
    assert "SSL_CERT_FILE" not in os.environ


HOMES = {
    "a file": "{file}",
    "below a file": "{file}/below",
    "of nobody": "~no-such-user/launcher",
    "not to be made": "/proc/no-such-home",
    "too long a name": "/tmp/" + "x" * 300,
}
HOMELESS = {
    "demo": 0,
    "ui": 3,
    "presets": None,
    "init": None,
    "runs": None,
    "cost": None,
    "doctor": 1,
    "reap": 0,
}
"""What needs a home for nothing here, or goes as far as it can; None: 0 or 3, by what is wrong with it."""


@pytest.mark.parametrize("name", HOMES)
def test_a_home_that_is_none_is_a_sentence_in_every_command(
    command: Command, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    home = HOMES[name].format(file=file)
    for each in WORDS:
        if each == "export":
            continue  # has no use for one
        said = command(each, LAUNCHER_HOME=home)
        code = 2 if each in ENDING and each != "reap" else HOMELESS.get(each, 3)
        assert said.code in ((0, 3) if code is None else (code,)), (each, said.text)
        if said.code == 3 or each in (*ENDING, "doctor"):
            assert "LAUNCHER_HOME" in said.text or "cannot be used" in said.text, each
    for words in (("presets", "save", "mine", "--set", "batch_size=4"), ("dataset", "list")):
        assert command(*words, LAUNCHER_HOME=home).code in (0, 3)


@pytest.mark.parametrize("length", [300, 5_000, 100_000])
def test_a_name_too_long_for_a_file_is_told_the_limit(command: Command, length: int) -> None:
    long = "x" * length
    for words in (
        ("dataset", "check", long),
        ("presets", "save", long, "--set", "batch_size=4"),
        ("presets", "delete", long),
    ):
        said = command(*words)
        assert said.code == 2, words[:2]
        assert "255 bytes" in said.text, words[:2]


def test_what_cannot_reach_a_pod_says_where_else_it_can_be_ended(command: Command) -> None:
    for each in ENDING:
        said = command(each, ALL_PROXY="socks5://127.0.0.1:1")
        assert "can be ended at console.runpod.io/pods" in said.text, each


def test_no_proxy_is_read_in_every_spelling_and_what_is_none_is_named(command: Command) -> None:
    odd = "[::1], 127.0.0.1 *.example.org;x,fe80::/10,[::1]:80 http://[x"
    said = command("reap", NO_PROXY=odd, ALL_PROXY="http://127.0.0.1:1")
    assert said.code == 0, said.text
    assert os.environ["NO_PROXY"] == "::1,127.0.0.1,all://[::1]:80"
    for unread in ("*.example.org;x", "fe80::/10", "http://[x"):
        assert repr(unread) in said.text
    checked = command("doctor", NO_PROXY=odd, ALL_PROXY="http://127.0.0.1:1")
    assert checked.code == 1
    assert "fe80::/10" in checked.text


@pytest.mark.parametrize("name", ["reap", "doctor"])
def test_a_program_of_its_own_says_a_sentence_too(
    clouds: Clouds, tmp_path: Path, name: str
) -> None:
    kept = {"PATH": os.environ["PATH"], "LAUNCHER_HOME": str(tmp_path)}
    backend = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    environment = kept | backend | clouds.environment | {"all_proxy": "socks5h://127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-m", "launcher", name], env=environment, capture_output=True, text=True
    )
    said = f"{done.stdout} {done.stderr}"
    assert done.returncode == (1 if name == "doctor" else 3), said
    assert "all_proxy is a SOCKS proxy" in said
    assert "Traceback" not in said


def test_the_demo_reaches_its_stand_ins_whatever_the_shell_says_of_proxies() -> None:
    shell = {"HTTPS_PROXY": "http://127.0.0.1:1", "all_proxy": "socks5://127.0.0.1:1"}
    shell |= {"no_proxy": "[::1", "SSL_CERT_FILE": "/no/such.pem", "HF_HUB_OFFLINE": "1"}
    stay_on_loopback(shell)
    # "*" would do for Python, and not for the library that sends large files: it waited for the proxy for ever.
    assert shell == dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
