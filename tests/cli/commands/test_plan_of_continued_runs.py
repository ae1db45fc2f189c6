"""A run that is continued with what contradicts its record is refused by the plan, before anything is rented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pod_image.contract.record import KeptCheckpoint, RunRecord
from pod_image.contract.settings import RunSettings
from pod_image.hub import Repo, publish
from tests.cli.conftest import DATASET, Shell
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.clouds import RESULTS_REPO

CONTINUED = (
    *("--preset", "quick-check", "--results-repo", RESULTS_REPO, "--dataset-repo", DATASET),
    *("--run-id", "run-01", "--resume", "--max-steps", "90"),
)
TRAINED: dict[str, Any] = {
    "dataset_repo": DATASET,
    "results_repo": RESULTS_REPO,
    "quality": "x-low",
    "max_steps": 60,
    "batch_size": 2,
}


def trained(
    shell: Shell,
    step: int | None = 60,
    voice: dict[str, Any] | None = None,
    dataset_commit: str = "",
    more_dataset_commits: tuple[str, ...] = (),
    **values: Any,
) -> None:
    """A run in the results repo that has come so far."""
    is_voice = "argv" not in values
    settings = RunSettings.model_validate({**(TRAINED if is_voice else {}), **values})
    record = RunRecord(
        run_id="run-01",
        attempt=1,
        nonce="0123456789",
        state="ended",
        contract=1,
        recipe=settings.recipe.value,
        settings=settings.applicable(),
        dataset_commit=dataset_commit,
        more_dataset_commits=more_dataset_commits,
        checkpoint=None if step is None else KeptCheckpoint(step=step, paths=("checkpoints/a",)),
    )
    files: dict[str, Path | bytes] = {"run-01/run.json": record.to_json().encode()}
    if voice is not None:
        files["run-01/voice/en_US-voice-x_low.onnx.json"] = json.dumps(voice).encode()
    publish(shell.harness.hub, Repo(RESULTS_REPO, "model"), files, "a run")


def test_a_run_goes_on_with_the_settings_it_had(shell: Shell, demo_dataset: str) -> None:
    trained(shell)
    said = shell("plan", *CONTINUED, "--json")
    assert said.code == 0
    assert said.json["can_be_launched"] is True


@pytest.mark.parametrize(
    ("values", "words", "says", "remedy"),
    [
        ({"language": "de_DE"}, ("--language", "en_US"), "language de_DE; you chose en_US", "--language de_DE"),
        ({"language": "de_DE"}, (), "language de_DE; now it would be en_US, the default", "--language de_DE"),
        ({"quality": "medium"}, (), "quality medium; the preset says x-low", "--quality medium"),
        ({"speakers": 3}, (), "speakers 3; now it would be 1, the default", "--speakers 3"),
        ({"espeak_voice": "en-gb"}, (), "espeak voice en-gb; now it would be en-us", "--espeak-voice en-gb"),
        (
            {"recipe": "command", "argv": ["true"]}, (),
            "recipe command; the preset says piper", "--recipe command",
        ),
    ],
)  # fmt: skip
def test_each_contradiction_is_named_with_both_values_and_what_to_do(
    shell: Shell,
    demo_dataset: str,
    values: dict[str, Any],
    words: tuple[str, ...],
    says: str,
    remedy: str,
) -> None:
    trained(shell, **values)
    said = shell("deploy", "--yes", *CONTINUED, *words)
    assert said.code == 2
    assert f"run-01 was trained with {says}" in said.text
    assert f"To continue it: {remedy}. To start a new run, leave --resume out" in said.text
    assert shell.rented == 0


def test_every_contradiction_is_told_at_once(shell: Shell, demo_dataset: str) -> None:
    trained(shell, language="de_DE", quality="high")
    said = shell("deploy", "--yes", *CONTINUED)
    assert "language de_DE" in said.text
    assert "quality high" in said.text
    assert "espeak voice" not in said.text  # it follows from the language


def test_an_espeak_voice_that_the_language_means_anyway_is_no_contradiction(
    shell: Shell, demo_dataset: str
) -> None:
    trained(shell)
    assert shell("plan", *CONTINUED, "--espeak-voice", "en-us").code == 0


def test_another_dataset_is_asked_about_and_can_be_let_pass(
    shell: Shell, demo_dataset: str
) -> None:
    trained(shell, dataset_repo="demo/older-clips")
    said = shell("deploy", "--yes", *CONTINUED)
    assert (said.code, shell.rented) == (2, 0)
    assert "run-01 was trained on demo/older-clips; you chose demo/clips" in said.text
    assert "--force resume-dataset" in said.text
    assert shell("plan", *CONTINUED, "--force", "resume-dataset").code == 0


def test_a_dataset_more_or_less_than_before_is_asked_about(shell: Shell, demo_dataset: str) -> None:
    trained(shell, more_datasets=["demo/talks"])
    said = shell("deploy", "--yes", *CONTINUED)
    assert (said.code, shell.rented) == (2, 0)
    assert "run-01 was trained on demo/clips and demo/talks; you chose demo/clips" in said.text
    assert "--dataset-repo demo/clips,demo/talks" in said.text
    apart = shell("deploy", "--yes", *CONTINUED, "--dataset-speakers", "apart")
    assert "speakers of several datasets joined; you chose apart" in apart.text


@pytest.mark.parametrize(
    ("values", "words", "says", "remedy"),
    [
        (
            {"dataset_folder": "anna"}, (),
            "trained on demo/clips (folder anna); you chose demo/clips (all folders)",
            "--dataset-folder anna",
        ),
        (
            {}, ("--dataset-folder", "wavs"),
            "trained on demo/clips (all folders); you chose demo/clips (folder wavs)",
            "leave --dataset-folder empty",
        ),
        (
            {"table": ["best.csv"]}, (),
            "trained on demo/clips with the table best.csv; you chose demo/clips with the tables",
            "--table best.csv",
        ),
    ],
)  # fmt: skip
def test_another_folder_or_table_of_the_dataset_is_asked_about(
    shell: Shell,
    demo_dataset: str,
    values: dict[str, Any],
    words: tuple[str, ...],
    says: str,
    remedy: str,
) -> None:
    trained(shell, **values)
    said = shell("deploy", "--yes", *CONTINUED, *words)
    assert (said.code, shell.rented) == (2, 0)
    assert says in said.text
    assert f"To continue it: {remedy}. To start a new run" in said.text
    assert "--force resume-dataset" in said.text


def test_tables_named_in_another_order_are_the_same(shell: Shell, demo_dataset: str) -> None:
    trained(shell, table=["metadata.csv", "b.csv"])
    said = shell("plan", *CONTINUED, "--table", "b.csv,metadata.csv")
    assert "was trained on" not in said.text


def test_the_further_dataset_that_changed_is_named(shell: Shell, demo_dataset: str) -> None:
    clip = next((DEMO_CLIPS / "wavs").glob("*.flac"))
    shell.push({"metadata.csv": f"{clip.stem}|Hello.\n".encode(), clip.name: clip}, "demo/talks")
    both = (*CONTINUED, "--dataset-repo", "demo/talks")
    now = shell("plan", *CONTINUED[:6], "--dataset-repo", "demo/talks", "--json").json["dataset"]
    first = now["parts"][0]["commit"]
    trained(
        shell,
        more_datasets=["demo/talks"],
        dataset_commit=first,
        more_dataset_commits=("b" * 40,),
    )
    said = shell("plan", *both)
    assert said.code == 0
    assert "demo/talks has changed since run-01 was trained on it (commit bbbbbbbb" in said.text
    assert "--more-datasets may name demo/talks@bbbb" in said.text


def test_a_dataset_that_changed_since_is_said_and_stops_nothing(
    shell: Shell, demo_dataset: str
) -> None:
    trained(shell, dataset_commit="a" * 40)
    said = shell("plan", *CONTINUED)
    assert said.code == 0
    assert "demo/clips has changed since run-01 was trained on it (commit aaaaaaaa" in said.text
    assert f"--dataset-revision {'a' * 40}" in said.text


def test_a_run_without_a_checkpoint_begins_anew_and_contradicts_nothing(
    shell: Shell, demo_dataset: str
) -> None:
    trained(shell, step=None, language="de_DE")
    assert shell("plan", *CONTINUED).code == 0


def test_a_run_that_has_all_its_steps_behind_it_is_not_rented_for(
    shell: Shell, demo_dataset: str
) -> None:
    trained(shell, step=90)
    said = shell("deploy", "--yes", *CONTINUED)
    assert (said.code, shell.rented) == (2, 0)
    assert "the run is at step 90, and these settings end it at step 90" in said.text
    assert "Raise --max-steps" in said.text


def test_what_the_voice_itself_says_counts_more_than_settings_of_a_later_attempt(
    shell: Shell, demo_dataset: str
) -> None:
    voice = {"language": {"code": "de_DE"}, "espeak": {"voice": "de"}, "num_speakers": 1}
    trained(shell, voice={**voice, "audio": {"quality": "x_low"}})
    said = shell("deploy", "--yes", *CONTINUED)
    assert (said.code, shell.rented) == (2, 0)
    assert "language de_DE; now it would be en_US" in said.text


def test_speakers_in_another_order_would_be_swapped_and_are_refused(shell: Shell) -> None:
    clips = sorted((DEMO_CLIPS / "wavs").glob("*.flac"))[:2]
    table = "file|speaker|text\n" + "".join(
        f"{path.stem}|{name}|Hello.\n" for path, name in zip(clips, ("ben", "anna"), strict=True)
    )
    shell.push({"metadata.csv": table.encode(), **{f"wavs/{path.name}": path for path in clips}})
    voice = {"num_speakers": 2, "speaker_id_map": {"anna": 0, "ben": 1}}
    trained(shell, voice=voice, speakers=2)
    said = shell("deploy", "--yes", *CONTINUED, "--speakers", "2")
    assert (said.code, shell.rented) == (2, 0)
    assert (
        "was trained with the speakers anna, ben, in this order; the dataset now has ben, anna"
        in said.text
    )
