"""Several datasets in one run: one check and one price over all, each named in what is found."""

from __future__ import annotations

import json
from pathlib import Path

from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.clouds import RESULTS_REPO
from tests.kit.dataset_files import wav

RUN = ("--preset", "quick-check", "--results-repo", RESULTS_REPO)
ANN, BEN = "demo/ann", "demo/ben"
BOTH = ("--dataset-repo", ANN, "--dataset-repo", BEN)


def push_two(shell: Shell, *, more_lines: str = "", speaker: str = "") -> None:
    """Two recordings of one dataset, and one of another."""
    shell.push(
        {"metadata.csv": b"a|Hello there.\nb|How are you?\n", "wavs/a.wav": wav(2.0),
         "wavs/b.wav": wav(2.5)}, ANN
    )  # fmt: skip
    table = f"c|It is raining.\n{more_lines}"
    shell.push({"metadata.csv": table.encode(), "wavs/c.wav": wav(3.0)}, BEN)


def test_a_plan_over_two_datasets_is_one_report(shell: Shell) -> None:
    push_two(shell)
    said = shell("plan", *RUN, *BOTH)
    assert said.code == 0
    assert "3 clips, 0.1 minutes, 22,050 Hz, 1 speaker. demo/ann: 2 clips (commit" in said.text
    assert "demo/ben: 1 clip (commit" in said.text
    plan = shell("plan", *RUN, *BOTH, "--json").json
    assert (plan["dataset"]["clips"], round(plan["dataset"]["minutes"], 3)) == (3, 0.125)
    assert plan["dataset"]["size_bytes"] > len(wav(2.0)) + len(wav(2.5)) + len(wav(3.0))
    assert [part["name"] for part in plan["dataset"]["parts"]] == [ANN, BEN]
    assert plan["settings"]["more_datasets"] == {"value": [BEN], "from": "you"}


def test_what_is_found_names_its_dataset(shell: Shell) -> None:
    push_two(shell, more_lines="absent|Where is it?\n")
    said = shell("deploy", "--yes", *RUN, *BOTH)
    assert (said.code, shell.rented) == (2, 0)
    assert "demo/ben: metadata.csv line 2" in said.text


def test_the_pod_is_sent_every_dataset_at_its_commit(shell: Shell) -> None:
    push_two(shell)
    planned = shell("plan", *RUN, *BOTH, "--json").json
    shell.harness.script.ends_after = None
    assert shell("deploy", *RUN, *BOTH, "--yes", "--detach").code == 0
    [pod] = shell.world.live_pods()
    document = RunDocument.from_json(pod.env[RUN_VARIABLE])
    assert [each.repo for each in chosen_datasets(document.settings)] == [ANN, BEN]
    commits = [part["commit"] for part in planned["dataset"]["parts"]]
    assert [document.dataset_commit, *document.more_dataset_commits] == commits


def test_a_token_that_cannot_read_one_of_them_is_said_of_that_one(shell: Shell) -> None:
    push_two(shell)
    said = shell("deploy", "--yes", *RUN, "--dataset-repo", ANN, "--dataset-repo", "demo/nothing")
    assert (said.code, shell.rented) == (5, 0)
    assert "The dataset demo/nothing cannot be read" in said.text


def test_a_revision_is_given_with_its_dataset(shell: Shell) -> None:
    push_two(shell)
    first = shell("plan", *RUN, *BOTH, "--json").json["dataset"]["parts"]
    shell.push({"more.txt": b"later"}, ANN)
    shell.push({"more.txt": b"later"}, BEN)
    pinned = [f"{part['name']}@{part['commit']}" for part in first]
    words = ("--dataset-repo", pinned[0], "--dataset-repo", pinned[1])
    plan = shell("plan", *RUN, *words, "--json").json
    assert [part["commit"] for part in plan["dataset"]["parts"]] == [p["commit"] for p in first]
    assert plan["settings"]["dataset_revision"]["value"] == first[0]["commit"]
    both = shell("plan", *RUN, *words, "--dataset-revision", "main")
    assert both.code == 2
    assert "--dataset-revision for main" in both.text


def test_speakers_kept_apart_are_as_many_as_the_datasets_have(shell: Shell) -> None:
    push_two(shell)
    refused = shell("plan", *RUN, *BOTH, "--dataset-speakers", "apart", "--json").json
    assert refused["can_be_launched"] is False
    assert "speakers-unexpected" in {each["code"] for each in refused["remarks"]}
    apart = ("--dataset-speakers", "apart", "--speakers", "2")
    plan = shell("plan", *RUN, *BOTH, *apart, "--json").json
    assert plan["can_be_launched"] is True
    assert plan["dataset"]["speaker_names"] == ["ann", "ben"]


def test_shares_are_one_for_each_dataset(shell: Shell) -> None:
    push_two(shell)
    assert shell("plan", *RUN, *BOTH, "--dataset-shares", "3,1").code == 0
    refused = shell("deploy", "--yes", *RUN, *BOTH, "--dataset-shares", "1,1,1")
    assert (refused.code, shell.rented) == (2, 0)
    assert "There are 2 datasets, and 3 shares" in refused.text
    assert shell("plan", *RUN, *BOTH, "--dataset-shares", "0,1").code == 2
    uneven = shell("plan", *RUN, *BOTH, "--dataset-shares", "1,99")
    assert "each of the 1 clip of demo/ben is used 198 times as often" in uneven.text


def test_one_dataset_given_twice_is_refused(shell: Shell) -> None:
    push_two(shell)
    said = shell("deploy", "--yes", *RUN, "--dataset-repo", ANN, "--dataset-repo", ANN)
    assert (said.code, shell.rented) == (2, 0)
    assert "The dataset demo/ann is given twice" in said.text


def test_a_run_file_lists_them_and_typed_ones_take_the_place_of_all(
    shell: Shell, tmp_path: Path
) -> None:
    push_two(shell)
    file = tmp_path / "run.toml"
    file.write_text(
        f'preset = "quick-check"\n[settings]\nresults_repo = "{RESULTS_REPO}"\n'
        f'dataset_repo = ["{ANN}", "{BEN}"]\n'
    )
    plan = shell("plan", "--file", str(file), "--json").json
    assert plan["settings"]["more_datasets"]["value"] == [BEN]
    file.write_text(
        file.read_text().split("dataset_repo")[0]
        + f'dataset_repo = "{ANN}"\nmore_datasets = ["{BEN}"]\n'
    )
    only = shell("plan", "--file", str(file), "--dataset-repo", BEN, "--json").json
    assert only["settings"]["dataset_repo"]["value"] == BEN
    assert not only["settings"].get("more_datasets", {}).get("value")


def test_a_command_gets_them_pinned_and_not_looked_into(shell: Shell) -> None:
    push_two(shell)
    plan = shell("plan", *COMMAND_RUN, *BOTH, "--json", "--", "true").json
    assert [part["name"] for part in plan["dataset"]["parts"]] == [ANN, BEN]
    assert plan["dataset"]["clips"] == 0
    assert json.dumps(plan["requests"]).count("more_dataset_commits") == 1
