"""`--secret NAME`: its value comes from the environment, the keyring or a hidden prompt, and is typed in no command."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import keyring
import pytest
import typer

from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.key_store import InMemory

NAME, VALUE = "WANDB_API_KEY", "wandb-0123456789"
RUN = (*COMMAND_RUN, "--secret", NAME)
COMMAND = ("--", "train")
IN_POD = f"LAUNCHER_SECRET_{NAME}"


def launched(shell: Shell, *words: str) -> str:
    """What the pod has of it."""
    shell.harness.script.ends_after = None
    said = shell("deploy", *RUN, "--yes", "--detach", *words, *COMMAND)
    assert said.code == 0, said.text
    assert VALUE not in said.text
    return shell.harness.runner.started[-1].spec.env[IN_POD]


def test_a_variable_of_this_shell_is_the_first_place(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, VALUE)
    said = shell("plan", *RUN, *COMMAND)
    assert f"{NAME} (from the environment); no other key" in said.text
    assert f"the Hugging Face tokens and {NAME}, as account secrets" in said.text
    assert VALUE not in said.text
    assert VALUE not in shell("plan", *RUN, "--curl", *COMMAND).text
    assert launched(shell) == VALUE


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> InMemory:
    store = InMemory()
    monkeypatch.setattr(keyring, "get_keyring", lambda: store)
    return store


def test_the_keyring_keeps_it_apart_from_the_keys(
    shell: Shell, kept: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{VALUE}\n"))
    said = shell("keys", "set", NAME)
    assert (said.code, said.out.strip()) == (0, f"Stored in the keyring: {NAME}.")
    assert kept.kept == {("pod-launcher", f"secret:{NAME}"): VALUE}
    assert launched(shell) == VALUE
    assert shell("keys", "forget", NAME, "--json").json["forgotten"] == [NAME]
    assert kept.kept == {}


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        (NAME, "short", f"The value of {NAME} is shorter than 8 characters"),
        ("runpd", VALUE, "'runpd' is not the name of a key or secret"),
        ("HF_UPLOAD", VALUE, "is not the name of a key or secret"),
        ("LD_PRELOAD", VALUE, "is set by the pod"),
        (f"{NAME}={VALUE}", "", "That is not the name of a key or secret"),
    ],
)
def test_the_keyring_takes_nothing_that_no_run_could_use(
    shell: Shell, kept: InMemory, monkeypatch: pytest.MonkeyPatch, name: str, typed: str, says: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{typed}\n"))
    said = shell("keys", "set", name)
    assert said.code in (2, 3)
    assert says in said.text
    assert VALUE not in said.text
    assert kept.kept == {}


def test_without_a_value_a_script_is_told_how_to_give_one(shell: Shell) -> None:
    said = shell("deploy", "--yes", *RUN, *COMMAND)
    assert (said.code, shell.rented) == (3, 0)
    assert f"There is no value for the secret {NAME}." in said.text
    assert f"launcher keys set {NAME}, or set the variable {NAME}." in said.text
    plan = shell("plan", *RUN, "--json", *COMMAND).json
    assert plan["secrets"] == {NAME: ""}
    assert f"{NAME} has no value yet" in str(plan["remarks"])


def test_a_person_is_asked_without_echo(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []

    def prompt(text: str, *, hide_input: bool = False, **_: object) -> str:
        asked.append((text, hide_input))
        return VALUE

    person = io.StringIO()
    monkeypatch.setattr(person, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", person)
    monkeypatch.setattr(typer, "prompt", prompt)
    assert launched(shell) == VALUE
    assert asked == [(f"{NAME}, which the command gets", True)]


def test_a_value_in_the_command_line_is_refused_and_not_repeated(shell: Shell) -> None:
    said = shell("deploy", "--yes", *COMMAND_RUN, "--secret", f"{NAME}={VALUE}", *COMMAND)
    assert (said.code, shell.rented) == (2, 0)
    assert "give only the name of a secret" in said.text
    assert VALUE not in said.text


def test_a_name_that_is_a_variable_already_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, VALUE)
    said = shell("deploy", "--yes", *RUN, "--env", f"{NAME}=x", *COMMAND)
    assert (said.code, shell.rented) == (2, 0)
    assert f"{NAME} is given both as a secret and as a variable" in said.text


def test_a_preset_keeps_the_name_and_asks_for_the_value_again(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(NAME, VALUE)
    launched(shell)
    assert shell("presets", "save", "mine", "--from", "run-01").code == 0
    written = "".join(path.read_text() for path in (tmp_path / "home").rglob("*.toml"))
    assert (NAME in written, VALUE in written) == (True, False)
    monkeypatch.delenv(NAME)
    words = ("--preset", "mine", *COMMAND_RUN[2:], "--run-id", "run-01", "--resume")
    said = shell("deploy", "--yes", *words)
    assert said.code == 3
    assert f"There is no value for the secret {NAME}" in said.text
