"""What a person watches and what a program reads: tables, names, logs, and exit codes that say so."""

from __future__ import annotations

import re
import sys

import pytest

from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.clouds import RESULTS_REPO

RUN = ("--yes", "--quiet", "--", "true")
LONG = "demo/a-results-repo-whose-name-is-much-longer-than-what-a-line-of-eighty-columns-has-left"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    """Somebody looks at what is printed."""
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    monkeypatch.setenv("NO_COLOR", "1")


def test_a_table_is_never_cut_for_a_program(shell: Shell) -> None:
    shell("deploy", "--recipe", "command", "--results-repo", LONG, *RUN)
    assert LONG in shell("runs").out


def test_a_table_is_cut_where_the_terminal_ends(shell: Shell, terminal: None) -> None:
    shell("deploy", "--recipe", "command", "--results-repo", LONG, *RUN)
    lines = shell("runs").out.splitlines()
    assert max(map(len, lines)) == 80
    assert lines[-1].endswith("…")


def test_runs_of_one_id_are_listed_by_what_names_them(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, *RUN)
    assert shell("runs", "--quiet").out.split() == ["run-01"]
    shell("deploy", "--recipe", "command", "--results-repo", "demo/others", *RUN)
    names = shell("runs", "--quiet").out.split()
    assert names == ["demo/others/run-01", f"{RESULTS_REPO}/run-01"]
    listed = shell("runs").out.splitlines()[1:]
    assert [line.split()[0] for line in listed] == names
    for name in names:
        assert shell("show", name, "--quiet").code == 0


def test_without_a_run_what_makes_one_here_is_named(shell: Shell) -> None:
    said = shell("runs").out
    assert "No runs yet" in said
    assert "`launcher deploy` starts one" in said
    assert "demo" not in said, "its runs are in a history of their own"
    asked = shell("show")
    assert "`launcher deploy` starts one" in asked.err
    assert "demo" not in asked.err


def test_keys_check_without_any_key_is_no_success(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell("keys", "check").code == 0
    for variable in ("RUNPOD_API_KEY", "HF_DATASET_TOKEN", "HF_UPLOAD_TOKEN"):
        monkeypatch.delenv(variable)
    said = shell("keys", "check")
    assert said.code == 3
    assert "launcher keys set" in said.err
    assert shell("keys", "check", "--json").code == 3


def a_chatty_run(shell: Shell) -> None:
    """Its pod says something five times a second, for ever."""
    shell.harness.script.ends_after = None
    shell.harness.script.heartbeat_seconds = 0.2
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", "--quiet", "--", "true")


@pytest.mark.parametrize("words", [("--tail", "3"), ("--no-follow",), ("--json",), ()])
def test_the_log_of_a_pod_that_talks_all_the_time_is_there_at_once(
    shell: Shell, words: tuple[str, ...]
) -> None:
    a_chatty_run(shell)
    before = shell.loop.time()
    said = shell("logs", "run-01", *words)
    assert said.code == 0
    assert shell.loop.time() - before < 3
    assert len(said.out.splitlines()) == 3 if "--tail" in words else len(said.out) > 100
    assert len(shell.harness.live()) == 1


def test_on_a_terminal_the_log_goes_on_until_the_run_ends_unless_lines_were_counted(
    shell: Shell, terminal: None
) -> None:
    a_chatty_run(shell)
    before = shell.loop.time()
    assert shell("logs", "--tail", "3").code == 0
    assert shell("logs", "--no-follow").code == 0
    assert shell.loop.time() - before < 6
    shell.harness.script.heartbeat_seconds = 0
    shell.harness.script.stopping = True
    assert shell("logs").code == 0
    assert shell.harness.live() == []


def test_money_has_cents(shell: Shell) -> None:
    listed = shell("presets", "list").out
    assert "$0.50" in listed
    assert re.findall(r"\$\d+(?:\.\d)?(?![\d.])", listed) == []
