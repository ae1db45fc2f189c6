"""Repos that a command wants beside its dataset: pinned, sized and checked by the plan, before anything is rented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from launcher.emulator.hub import Token, TokenKind
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.record import KeptCheckpoint, RunRecord
from pod_image.contract.settings import SETTINGS, RunSettings
from pod_image.hub import Repo, publish
from tests.cli.conftest import COMMAND_RUN, DATASET, Shell
from tests.kit.clouds import READ_TOKEN, RESULTS_REPO
from tests.kit.gated_models import GATED_MODEL, OWNERS_TOKEN, WEIGHTS, put_gated_model

MODEL = ("--input", GATED_MODEL)
COMMAND = ("--", "train", "${INPUT_0}")


def put_model(shell: Shell, *accepted: str, files: Mapping[str, bytes] = WEIGHTS) -> str:
    return put_gated_model(shell.harness.core, shell.harness.hub, *accepted, files=dict(files))


def pinned(shell: Shell, *words: str) -> Any:
    said = shell("plan", *COMMAND_RUN, *words, "--json", *COMMAND)
    return said.json


def test_a_plan_names_commit_size_and_folder_of_each(shell: Shell) -> None:
    commit = put_model(shell, "demo")
    shell.push({"metadata.csv": b"a|Hello.\n"})
    words = (*MODEL, "--input", f"datasets/{DATASET}:data/clips")
    said = shell("plan", *COMMAND_RUN, *words, *COMMAND)
    assert said.code == 0
    assert f"{GATED_MODEL}: 3 files, 11.8 kB (commit {commit[:8]})" in said.text
    assert f"datasets/{DATASET}: 2 files, " in said.text
    assert ", in data/clips (commit" in said.text
    plan = pinned(shell, *words)
    assert plan["settings"]["input"]["value"][0] == f"{GATED_MODEL}@{commit}"
    assert plan["settings"]["input"]["value"][1].startswith(f"datasets/{DATASET}@")
    assert plan["settings"]["input"]["value"][1].endswith(":data/clips")
    assert [each["files"] for each in plan["inputs"]] == [3, 2]


def test_the_pod_is_sent_the_commit_that_the_plan_saw(shell: Shell) -> None:
    commit = put_model(shell, "demo")
    shell.harness.script.ends_after = None
    address = f"https://huggingface.co/{GATED_MODEL}/tree/main:models/base"
    words = ("--input", address, "--yes", "--detach", *COMMAND)
    assert shell("deploy", *COMMAND_RUN, *words).code == 0
    [pod] = shell.world.live_pods()
    settings = RunDocument.from_json(pod.env[RUN_VARIABLE]).settings.model_dump()
    assert settings["input"] == (f"{GATED_MODEL}@{commit}:models/base",)


def refused(shell: Shell, *words: str) -> str:
    said = shell("deploy", "--yes", *COMMAND_RUN, *words, *COMMAND)
    assert (said.code != 0, shell.rented) == (True, 0)
    return said.text


def test_terms_that_were_not_accepted_are_said_with_the_address_to_accept_them_at(
    shell: Shell,
) -> None:
    put_model(shell)
    text = refused(shell, *MODEL)
    assert f"{GATED_MODEL} is gated, and the account of the dataset token has no access" in text
    assert f"Open http://hub.test/{GATED_MODEL} with that account and accept its terms" in text


def test_a_token_without_the_right_to_what_has_a_gate_is_no_way_around_it(shell: Shell) -> None:
    put_model(shell, "demo")
    shell.harness.core.tokens[READ_TOKEN] = Token(
        "read", "demo", TokenKind.READ, may_read_gated=False
    )
    assert "A fine-grained token must also be allowed to read gated repos" in refused(shell, *MODEL)


def test_a_repo_that_is_not_there_is_said_and_what_it_is_instead(shell: Shell) -> None:
    put_model(shell, "demo")
    shell.push({"metadata.csv": b"a|Hello.\n"})
    assert "The model acme/absent cannot be read" in refused(shell, "--input", "acme/absent")
    text = refused(shell, "--input", DATASET)
    assert f"{DATASET} is a dataset, not a model." in text
    assert f"datasets/{DATASET}" in text
    text = refused(shell, "--input", f"datasets/{GATED_MODEL}")
    assert f"{GATED_MODEL} is a model, not a dataset." in text
    text = refused(shell, "--input", f"{GATED_MODEL}@v9")
    assert f"{GATED_MODEL} has no branch, tag or commit v9." in text
    put_model(shell, "demo", files={"aux.txt": b"x"})
    assert "cannot be used everywhere: 'aux.txt'" in refused(shell, *MODEL)


@pytest.mark.parametrize(
    "words",
    [
        ("acme/base:models", "acme/base@v1:models/x"),
        ("acme/base", "acme/other:inputs/0"),
        ("acme/base:a/b", "acme/other:a"),
    ],
)
def test_two_that_would_lie_in_one_folder_are_refused(shell: Shell, words: tuple[str, str]) -> None:
    one, other = words
    assert "would both be put into" in refused(shell, "--input", one, "--input", other)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("acme/base:../up", "must be inside the command's own"),
        ("https://huggingface.co/spaces/acme/app", "the address of a Space"),
        ("https://huggingface.co/acme/base/tree/main/text_encoder", "An input is a whole repo"),
        ("base", "Write OWNER/NAME for a model"),
    ],
)
def test_a_word_that_names_no_whole_repo_is_refused(shell: Shell, word: str, says: str) -> None:
    assert says in refused(shell, "--input", word)


def test_a_disk_without_room_for_the_inputs_is_refused(shell: Shell) -> None:
    put_model(shell, "demo")
    commit = shell.harness.core.store.repos["model", GATED_MODEL].head
    weights = commit.tree["weights/model.bin"]
    commit.tree["weights/model.bin"] = replace(weights, size=75_000_000_000)
    text = refused(shell, *MODEL)
    assert "The pod's disk of 40 GB is too small for this training: its inputs take 75.0 GB" in text
    assert "--disk-gb 76" in text
    assert shell("plan", *COMMAND_RUN, *MODEL, "--disk-gb", "80", *COMMAND).code == 0


def continued(shell: Shell, *words: str) -> Any:
    going_on = ("--run-id", "run-01", "--resume")
    return shell("plan", *COMMAND_RUN, *going_on, *words, "--json", *COMMAND).json


def began_with(shell: Shell, *words: str) -> None:
    settings = RunSettings.model_validate(
        {"recipe": "command", "argv": ["train"], "results_repo": RESULTS_REPO, "input": words}
    )
    record = RunRecord(
        run_id="run-01", attempt=1, nonce="0123456789", state="ended", contract=2,
        recipe="command", settings=settings.applicable(),
    )  # fmt: skip
    files: Any = {"run-01/run.json": record.to_json().encode()}
    publish(shell.harness.hub, Repo(RESULTS_REPO, "model"), files, "a run")


def remarks(plan: Any) -> dict[str, str]:
    return {each["code"]: each["message"] for each in plan["remarks"]}


def test_a_run_that_goes_on_keeps_the_commit_it_began_with(shell: Shell) -> None:
    then = put_model(shell, "demo")
    now = put_model(shell, "demo", files={"config.json": b"[]"})
    assert pinned(shell, *MODEL)["settings"]["input"]["value"] == [f"{GATED_MODEL}@{now}"]
    began_with(shell, f"{GATED_MODEL}@{then}")
    plan = continued(shell, *MODEL)
    assert plan["settings"]["input"]["value"] == [f"{GATED_MODEL}@{then}"]
    assert (
        f"has changed since run-01 started (commit {then[:8]}, now {now[:8]})"
        in (remarks(plan)["input_kept"])
    )
    plan = continued(shell, "--input", f"{GATED_MODEL}@main")
    assert plan["settings"]["input"]["value"] == [f"{GATED_MODEL}@{now}"]
    assert f"started with {GATED_MODEL} at commit {then[:8]}" in remarks(plan)["input_changed"]
    shell.harness.core.tokens[OWNERS_TOKEN].is_revoked = True
    plan = continued(shell, *MODEL, "--input", f"datasets/{DATASET}")
    assert plan["settings"]["input"]["value"][0] == f"{GATED_MODEL}@{then}"
    assert "no_such_repo" in remarks(plan)


def test_a_base_model_stays_what_was_trained_from(shell: Shell) -> None:
    """Another commit of it is another model: what was learnt holds for one alone."""
    then = put_model(shell, "demo")
    now = put_model(shell, "demo", files={"config.json": b"[]"})
    shell.push({"a.txt": b"a picture"})
    recipe = SETTINGS["base_model"].knob.when[0].values[0]
    run = ("--recipe", recipe, "--results-repo", RESULTS_REPO, "--dataset-repo", DATASET)
    plan = shell("plan", *run, "--base-model", GATED_MODEL, "--json").json
    assert plan["settings"]["base_model"]["value"] == f"{GATED_MODEL}@{now}"
    settings = {name: each["value"] for name, each in plan["settings"].items()}
    began = {**settings, "base_model": f"{GATED_MODEL}@{then}"}
    record = RunRecord(
        run_id="run-01", attempt=1, nonce="0123456789", state="ended", contract=2, recipe=recipe,
        settings=began, checkpoint=KeptCheckpoint(step=9, paths=("checkpoints/a",)),
    )  # fmt: skip
    files: Any = {"run-01/run.json": record.to_json().encode()}
    publish(shell.harness.hub, Repo(RESULTS_REPO, "model"), files, "a run")
    going_on = (*run, "--run-id", "run-01", "--resume", "--json", "--base-model")
    plan = shell("plan", *going_on, GATED_MODEL).json
    assert plan["settings"]["base_model"]["value"] == f"{GATED_MODEL}@{then}"
    assert "input_kept" in remarks(plan)
    assert "resume" not in remarks(plan)
    plan = shell("plan", *going_on, f"{GATED_MODEL}@main").json
    assert (
        f"with base model {GATED_MODEL}@{then}; you chose {GATED_MODEL}@{now}"
        in (remarks(plan)["resume"])
    )
