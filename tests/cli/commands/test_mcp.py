"""`launcher mcp` at a shell: the entry for an agent's configuration, and what is said where the extra is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Shell


def test_the_entry_for_an_agents_configuration_starts_this_very_program(
    shell: Shell, tmp_path: Path
) -> None:
    words = ("--allow-spend", "2.5", "--allow-folder", str(tmp_path), "--allow-variable", "WANDB")
    said = shell("mcp", "--json", *words)
    entry = said.json["mcpServers"]["launcher"]
    assert (said.code, entry["command"]) == (0, sys.executable)
    assert entry["args"] == ["-P", "-m", "launcher", "mcp", *words]
    for secret in (shell.world.api_key, "demo-hub-write-token"):
        assert secret not in said.out


def test_a_missing_extra_is_said_with_how_to_install_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    said = shell("mcp")
    assert said.code == 3
    assert 'pip install "pod-launcher[mcp]"' in said.text


@pytest.mark.parametrize("folder", ["/", "no-such-folder"])
def test_a_folder_that_cannot_be_allowed_is_refused_before_anybody_is_served(
    shell: Shell, folder: str
) -> None:
    said = shell("mcp", "--allow-folder", folder)
    assert said.code == 2
    assert "hint:" in said.text
