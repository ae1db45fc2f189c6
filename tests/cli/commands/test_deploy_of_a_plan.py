"""`launcher plan` names a hash, `launcher deploy --plan HASH` launches that and nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.clouds import GPU

RUN = (*COMMAND_RUN, "--gpu-types", "RTX 4090", "--cloud", "secure")


def dearer(shell: Shell, price_usd: float) -> None:
    catalogue = shell.world.catalogue
    catalogue.gpus = tuple(
        replace(gpu, secure_usd=price_usd) if gpu.id == GPU else gpu for gpu in catalogue.gpus
    )


def test_the_hash_that_the_plan_prints_launches_the_run(shell: Shell) -> None:
    said = shell("plan", *RUN, "--", "echo", "hello")
    [short] = re.findall(r"launcher deploy --plan ([0-9a-f]+)", said.out)
    document = shell("plan", *RUN, "--json", "--", "echo", "hello").json
    assert document["hash"].startswith(short)
    done = shell("deploy", "--plan", short, "--yes", "--json")
    assert done.code == 0, done.text
    assert done.json["run_id"] == "run-01"
    [pod] = shell.world.pods.values()
    assert json.loads(pod.env["LAUNCHER_RUN"])["settings"]["argv"] == ["echo", "hello"]
    assert shell.rented == 1


def test_a_hash_without_yes_needs_somebody_to_ask(shell: Shell) -> None:
    document = shell("plan", *RUN, "--json", "--", "true").json
    said = shell("deploy", "--plan", document["hash"])
    assert (said.code, shell.rented) == (2, 0)
    assert "no terminal to ask for confirmation" in said.text


def test_a_price_that_rose_rents_nothing_and_says_how_to_see_what_it_costs_now(
    shell: Shell,
) -> None:
    document = shell("plan", *RUN, "--json", "--", "true").json
    dearer(shell, 0.75)
    said = shell("deploy", "--plan", document["hash"], "--yes", "--json")
    assert (said.code, shell.rented) == (2, 0)
    error = json.loads(said.err.splitlines()[-1])["error"]
    assert error["code"] == "plan_moved"
    assert "Price of RTX 4090: $0.69 an hour, now $0.75 an hour." in error["message"]
    assert "launcher plan" in error["hint"]


def test_a_price_that_fell_is_said_and_rented(shell: Shell) -> None:
    document = shell("plan", *RUN, "--json", "--", "true").json
    dearer(shell, 0.6)
    said = shell("deploy", "--plan", document["hash"], "--yes")
    assert said.code == 0, said.text
    assert "Price of RTX 4090: $0.69 an hour, now $0.60 an hour." in said.text
    assert [pod.price_usd for pod in shell.world.pods.values()] == [0.6]


@pytest.mark.parametrize(
    "beside",
    [
        ("--max-hours", "3"),
        ("--preset", "quick-check"),
        ("--file", "run.toml"),
        ("--set", "max_hours=3"),
        ("--resume",),
        ("--force", "silent"),
        ("--", "true"),
    ],
    ids=lambda words: words[0],
)
def test_settings_beside_a_hash_are_refused(shell: Shell, beside: tuple[str, ...]) -> None:
    document = shell("plan", *RUN, "--json", "--", "true").json
    said = shell("deploy", "--yes", "--plan", document["hash"], *beside)
    assert (said.code, shell.rented) == (2, 0)
    assert "you cannot add settings" in said.text


@pytest.mark.parametrize("plan_hash", ["", "12345678", "run-01"])
def test_a_hash_that_nobody_knows_says_how_to_make_one(shell: Shell, plan_hash: str) -> None:
    said = shell("deploy", "--yes", "--plan", plan_hash)
    assert (said.code, shell.rented) == (2, 0)
    assert "Make a new one: launcher plan." in said.text


def test_a_deploy_that_was_not_agreed_to_can_be_agreed_to_by_its_hash(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    said = shell("deploy", *RUN, "--", "true")
    assert shell.rented == 0
    [short] = re.findall(r"launcher deploy --plan ([0-9a-f]+)", said.text)
    assert shell("deploy", "--plan", short, "--yes").code == 0
    assert shell.rented == 1
