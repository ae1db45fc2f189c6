"""A run that does not exist is named before anybody is asked for a key."""

from __future__ import annotations

import pytest

from tests.cli.conftest import COMMAND_RUN, Shell

KEY = "RUNPOD_API_KEY"


@pytest.mark.parametrize(
    "words",
    [
        ("wait", "run-07"),
        ("watch", "run-07"),
        ("rerun", "run-07", "--yes"),
        ("stop", "run-07"),
        ("abort", "run-07", "--yes"),
        ("save", "run-07"),
        ("sample", "Hello.", "--run", "run-07"),
        ("exec", "run-07", "--", "true"),
        ("shell", "run-07"),
    ],
    ids=" ".join,
)
def test_a_run_that_does_not_exist_is_named_before_the_key_that_is_missing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.delenv(KEY)
    said = shell(*words)
    assert said.code == 2
    assert "error: There is no run 'run-07' in the history." in said.err
    hint = " ".join(said.err.partition("hint:")[2].split())
    assert "launcher show OWNER/NAME/run-07" in hint
    assert "launcher keys set runpod" in hint


def test_for_a_run_that_exists_the_key_is_asked_for(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", "--quiet", "--", "true")
    monkeypatch.delenv(KEY)
    for name in ("wait", "stop"):
        said = shell(name, "run-01")
        assert said.code == 3
        assert "RunPod" in said.err


def test_a_history_that_cannot_be_read_names_no_run_missing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", "--quiet", "--", "true")
    shell.history.write_bytes(b"no database" * 1000)
    monkeypatch.delenv(KEY)
    said = shell("stop", "run-01")
    assert "There is no run" not in said.text
    assert said.code == 3
