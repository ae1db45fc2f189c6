"""How quickly `launcher --help` answers; the peers themselves are in `python -m tests.bench.startup`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import commands, startup
from tests.bench.commands import stand_ins
from tests.bench.startup import Timing, cpu_seconds, measure, table

QUICKEST_PEER = 6.0
"""CPU of podtrack's --help over that of `python -c pass`, the two measured in turns: 0.12 s over 0.02 s."""


def test_help_takes_less_cpu_than_the_quickest_peer() -> None:
    launcher = str(Path(sys.executable).with_name("launcher"))
    timings = measure(
        {"bare": [sys.executable, "-c", "pass"], "help": [launcher, "--help"]}, runs=5
    )
    best = {each.command: each.best_cpu_seconds for each in timings}
    assert best["help"] < best["bare"] * QUICKEST_PEER


def test_the_cpu_of_children_is_counted_and_a_command_that_fails_is_no_measurement() -> None:
    spinning = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(3_000_000))'])"
    )
    assert cpu_seconds([sys.executable, "-c", spinning]) > cpu_seconds([sys.executable, "-c", ""])
    with pytest.raises(subprocess.CalledProcessError):
        cpu_seconds([sys.executable, "-c", "raise SystemExit(1)"])


def test_a_peer_that_cannot_be_installed_is_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(startup, "_installed", lambda *_: None)
    monkeypatch.setattr(
        startup, "measure", lambda commands, runs: [Timing("launcher", 0.1, 0.1, runs)]
    )
    assert startup.main(["--runs", "1", "--folder", str(tmp_path)]) == 0
    assert "podtrack" in capsys.readouterr().out
    assert "podtrack" not in table([Timing("launcher", 0.1, 0.1, 1)], [])


ASKS = """
import contextlib, sys
from launcher.cli.app import main
sys.argv = ["launcher", "keys", "check"]
with contextlib.suppress(SystemExit):
    main()
from pod_image.contract.common_settings import CommonSettings
unused = {"rich", "pygments", "markdown_it", "click"} & set(sys.modules)
print("httpx" in sys.modules, sorted(unused), CommonSettings.__pydantic_complete__)
"""


def test_a_command_that_asks_a_cloud_loads_no_command_line_of_a_library(tmp_path: Path) -> None:
    """And builds no model that it never fills."""
    environment = {**os.environ, "LAUNCHER_HOME": str(tmp_path)}
    environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    done = subprocess.run(
        [sys.executable, "-c", ASKS], capture_output=True, text=True, env=environment
    )
    assert done.stdout.splitlines()[-1] == "True [] False", done.stderr


LOADS = """
import contextlib, ssl, sys
read = []
load = ssl.SSLContext.load_verify_locations
ssl.SSLContext.load_verify_locations = lambda *given, **named: read.append(load(*given, **named))
from launcher.cli.app import main
sys.argv[0] = "launcher"
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
    main()
print("httpx" in sys.modules, len(read), *sorted(sys.modules))
"""
NEVER = {
    "nicegui", "numpy", "torch", "rich", "huggingface_hub.hf_api", "launcher.workshop", "pod_image.dataset",
    "launcher.services.planning.dataset_look", "launcher.services.launching.launch", "keyring",
}  # fmt: skip
"""None of these commands uses them: no dataset is named, nothing is launched, and the keyring is switched off."""
WITHOUT_HUB = {"huggingface_hub", "httpx2", "pod_image.hub", "launcher.hub.results_repo"}
NOT_LOADED = {
    "gpus": NEVER | WITHOUT_HUB | {"launcher.services.ending"},
    "offers": NEVER | WITHOUT_HUB | {"launcher.services.ending"},
    "show": NEVER
    | {"filelock"}
    | {"launcher.services.planning", "launcher.recipes", "pod_image.contract.settings"},
    "plan": NEVER
    | {"launcher.services.ending.reap", "launcher.services.voices", "launcher.api.run"},
}


@pytest.fixture(scope="module")
def clouds() -> Iterator[dict[str, str]]:
    with stand_ins() as environment:
        yield environment


@pytest.mark.parametrize("command", NOT_LOADED)
def test_a_command_that_people_wait_for_loads_what_it_uses(
    command: str, clouds: dict[str, str]
) -> None:
    """And reads no certificates, which a stand-in is asked without."""
    assert NOT_LOADED[command] & loaded_by(command, clouds) == set()


def test_the_keyring_is_not_opened_for_keys_of_places_where_a_run_is_not(
    clouds: dict[str, str],
) -> None:
    has_one = {**clouds}
    del has_one["PYTHON_KEYRING_BACKEND"]
    assert "keyring" not in loaded_by("show", has_one)
    del has_one["HF_UPLOAD_TOKEN"]
    assert "keyring" in loaded_by("show", has_one)


def loaded_by(command: str, environment: dict[str, str]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADS, *commands.COMMANDS[command]],
        capture_output=True,
        text=True,
        env=environment,
    )
    asked, certificates_read, *loaded = done.stdout.split()
    assert (asked, certificates_read) == ("True", "0"), done.stderr
    return set(loaded)


def test_the_stand_ins_of_the_bench_answer_a_command_that_is_measured(
    clouds: dict[str, str],
) -> None:
    assert commands.cpu_seconds(commands.COMMANDS["show"], clouds) > 0
