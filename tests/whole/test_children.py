"""Programs that this one starts are given no key: not by its name, and not under another one."""

from __future__ import annotations

import ast
import asyncio
import os
from pathlib import Path

import pytest

from launcher.services.voices import export as exporting
from launcher.ui.server.server import open_in_browser
from pod_image.contract.environment import without_secrets
from tests.whole.sources import modules

KEY = "demo-key-of-a-person"
HOSTILE = {
    "RUNPOD_API_KEY": KEY,
    "HF_TOKEN": "demo-token-0001",
    "HUGGING_FACE_HUB_TOKEN": "demo-token-0002",
    "HF_DATASET_TOKEN": "demo-token-0003",
    "HF_UPLOAD_TOKEN": "demo-token-0004",
    "MY_SCRIPTS_KEY": f"Bearer {KEY}",
    "PATH": os.environ["PATH"],
}


def test_keys_go_by_name_and_by_value_and_the_rest_stays() -> None:
    assert without_secrets(HOSTILE) == {"PATH": os.environ["PATH"]}


def test_a_value_too_short_for_a_key_takes_nothing_else_with_it() -> None:
    assert without_secrets({"HF_TOKEN": "/", "PATH": "/usr/bin"}) == {"PATH": "/usr/bin"}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keys in the environment, and a program that writes down what it was given."""
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    note = tmp_path / "told"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\n{{ echo "$@"; env; }} > {note}\n')
    program.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    return note


def test_the_browser_is_given_the_page_and_no_key(told: Path) -> None:
    open_in_browser("file:///tmp/open.html").join()
    text = told.read_text()
    assert "file:///tmp/open.html" in text
    assert [value for value in (KEY, "demo-token") if value in text] == []


def test_the_export_is_given_no_key(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = told.with_name("program")
    program.write_text(program.read_text() + "echo '{}'\n")
    monkeypatch.setattr("sys.executable", str(program))
    request = exporting.ExportRequest(told, told.parent)
    assert asyncio.run(exporting._ask(request)) == {}
    text = told.read_text()
    assert "pod_image.recipes.piper.export_file" in text
    assert [value for value in (KEY, "demo-token") if value in text] == []


STARTERS = {
    ("asyncio", "create_subprocess_exec"),
    ("asyncio", "create_subprocess_shell"),
    ("subprocess", "Popen"),
    ("subprocess", "run"),
    ("subprocess", "call"),
    ("subprocess", "check_call"),
    ("subprocess", "check_output"),
}


def test_every_program_of_the_launcher_is_started_with_an_environment_of_its_own() -> None:
    bare = [
        f"{module.name}:{call.lineno}"
        for module in modules("launcher")
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call) and _starts(call) and not _has_environment(call)
    ]
    # The emulator's shim passes on what it was given, which is the pod's own.
    assert [place for place in bare if "emulator/runpod/shim.py" not in place] == []


def _starts(call: ast.Call) -> bool:
    made = call.func
    if not isinstance(made, ast.Attribute) or not isinstance(made.value, ast.Name):
        return False
    return (made.value.id, made.attr) in STARTERS


def _has_environment(call: ast.Call) -> bool:
    return any(word.arg == "env" for word in call.keywords)
