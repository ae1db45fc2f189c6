"""`launcher plan`, and every bad input that must cost nothing."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher import image_digest
from launcher.emulator.hub.tokens import Token, TokenKind
from pod_image.contract.common_settings import DEFAULT_IMAGE
from tests.cli.conftest import COMMAND_RUN, DATASET, Shell
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.clouds import GPU, RESULTS_REPO

PIPER = ("--preset", "quick-check", "--results-repo", RESULTS_REPO)


def test_a_plan_tells_dataset_gpu_price_origins_and_caps(shell: Shell, demo_dataset: str) -> None:
    said = shell("plan", *PIPER, "--dataset-repo", demo_dataset)
    assert said.code == 0
    assert "12 clips" in said.out
    assert "22,050 Hz" in said.out
    assert "an hour" in said.out
    assert "At most" in said.out
    assert "30 min and $" in said.out
    assert "preset" in said.out
    assert "your RunPod key is never sent there" in said.text
    assert shell.rented == 0


def test_a_plan_fits_eighty_columns(
    shell: Shell, demo_dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)  # in a pipe nothing is cut
    monkeypatch.setenv("NO_COLOR", "1")
    said = shell("plan", *PIPER, "--dataset-repo", demo_dataset, "--all")
    assert max(len(line) for line in said.out.splitlines()) <= 80


def test_a_plan_says_one_of_a_thing_and_money_with_its_cents_and_cuts_nothing_in_a_pipe(
    shell: Shell, demo_dataset: str
) -> None:
    image = "registry.example/somebody/a-rather-long-name-of-an-image:2.9.0-cuda13.0-runtime"
    one = ("--batch-size", "1", "--max-steps", "1", "--max-hours", "1", "--train-minutes", "1")
    said = shell("plan", *PIPER, "--dataset-repo", demo_dataset, *one, "--image", image).out
    words = " ".join(said.split())
    assert "1 step of 1 clip at most 1 minute" in words
    assert "max_hours 1 hour you" in words
    assert "max_cost_usd $0.50 preset" in words
    assert f"image {image} you" in words


def test_the_plan_as_json_knows_where_each_value_came_from(shell: Shell, demo_dataset: str) -> None:
    said = shell("plan", *PIPER, "--dataset-repo", demo_dataset, "--batch-size", "4", "--json")
    plan = said.json
    assert plan["settings"]["batch_size"] == {"value": 4, "from": "you"}
    assert plan["settings"]["quality"] == {"value": "x-low", "from": "preset"}
    assert plan["settings"]["seed"]["from"] == "default"
    assert plan["can_be_launched"] is True
    assert (plan["dataset"]["clips"], plan["dataset"]["speakers"]) == (12, 1)
    assert plan["worst_case_usd"] <= 0.5


def test_a_planned_request_is_what_the_cloud_gets_but_for_nonce_and_time(shell: Shell) -> None:
    planned = shell("plan", *COMMAND_RUN, "--json", "--", "true").json["requests"]
    shell.harness.script.ends_after = None
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", "--", "true")
    [pod] = shell.world.live_pods()
    nonce = pod.env["LAUNCHER_NONCE"]
    body = json.loads(json.dumps(planned[-1]["json"]).replace("xxxxxxxxxx", nonce))
    assert body["name"] == pod.name
    assert _without_deadline(body["env"]) == _without_deadline(pod.env)
    names = [request["json"]["name"].replace("xxxxxxxxxx", nonce) for request in planned[:-1]]
    assert names == shell.harness.secret_names()


def _without_deadline(env: dict[str, str]) -> dict[str, Any]:
    document = json.loads(env["LAUNCHER_RUN"])
    document.pop("deadline")
    return {**env, "LAUNCHER_RUN": document}


def test_the_requests_as_curl_hold_placeholders_and_no_secret(
    shell: Shell, demo_dataset: str
) -> None:
    said = shell("plan", *PIPER, "--dataset-repo", demo_dataset, "--curl")
    assert said.out.count("curl -X POST") == 3
    assert "<RunPod API key>" in said.out
    assert "<Hugging Face upload token>" in said.out
    for secret in (shell.world.api_key, "demo-hub-read-token", "demo-hub-write-token"):
        assert secret not in said.out + said.err


def test_a_short_gpu_name_and_a_tier_choose_the_offer(shell: Shell) -> None:
    said = shell("plan", *COMMAND_RUN, "--gpu-types", "4090", "--cloud", "any", "--json", "--", "x")
    offers = said.json["candidates"]
    assert {offer["gpu_type"] for offer in offers} == {GPU}
    assert [offer["cloud"] for offer in offers] == ["community", "secure"]


def test_named_data_centres_are_tried_in_the_order_given(shell: Shell) -> None:
    words = ("--data-centers", "US-KS-2", "--data-centers", "EU-RO-1", "--gpu-types", "4090")
    offers = shell("plan", *COMMAND_RUN, *words, "--json", "--", "x").json["candidates"]
    assert [offer["data_centers"] for offer in offers] == [["US-KS-2"], ["EU-RO-1"]]


def test_the_next_run_id_is_the_next_free_one(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", "--", "true")
    assert shell("plan", *COMMAND_RUN, "--json", "--", "true").json["run_id"] == "run-02"


def test_a_taken_run_id_needs_resume(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", "--", "true")
    refused = shell("plan", *COMMAND_RUN, "--run-id", "run-01", "--", "true")
    assert refused.code == 2
    assert "--resume" in refused.err
    said = shell("plan", *COMMAND_RUN, "--run-id", "run-01", "--resume", "--json", "--", "true")
    assert (said.code, said.json["resume"]) == (0, True)


def test_a_run_that_never_was_is_not_resumed(shell: Shell) -> None:
    words = (*COMMAND_RUN, "--run-id", "run-07", "--resume")
    refused = shell("deploy", *words, "--yes", "--", "true")
    assert refused.code == 2
    assert "demo/voices has no run run-07 to continue. hint: It has no runs yet" in refused.text
    shell("deploy", *COMMAND_RUN, "--yes", "--", "true")
    refused = shell("deploy", *words, "--yes", "--", "true")
    assert "no run run-07 to continue. hint: It has run-01; leave --resume out" in refused.text
    assert shell.rented == 1
    fresh = ("--recipe", "command", "--results-repo", "demo/fresh", "--run-id", "run-01")
    refused = shell("plan", *fresh, "--resume", "--", "true")
    assert "It has no runs yet" in refused.text


def test_a_results_repo_that_cannot_be_read_is_said_before_its_runs_are(shell: Shell) -> None:
    words = ("--recipe", "command", "--results-repo", "stranger/voices", "--run-id", "run-07")
    refused = shell("plan", *words, "--resume", "--", "true")
    assert refused.code != 0
    assert "to continue" not in refused.text


def test_a_key_that_may_not_keep_secrets_is_said_in_the_plan(shell: Shell) -> None:
    shell.world.faults.switch_on("secrets-refused")
    said = shell("plan", *COMMAND_RUN, "--json", "--", "true")
    assert said.json["secrets_in_plain"] is True
    assert "readable" in shell("plan", *COMMAND_RUN, "--", "true").text
    body = said.json["requests"][0]["json"]
    assert body["env"]["HF_UPLOAD_TOKEN"] == "<Hugging Face upload token>"


def test_our_image_is_planned_and_rented_by_the_digest_that_a_release_wrote_in(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planned(said: Any) -> list[str]:
        bodies = [request["json"] for request in said["requests"] if request["json"]]
        return [body["image"] for body in bodies if "image" in body]

    assert planned(shell("plan", *COMMAND_RUN, "--json", "--", "true").json) == [DEFAULT_IMAGE]
    assert "used by its tag only" in shell("plan", *COMMAND_RUN, "--", "true").text
    digest = f"sha256:{'5' * 64}"
    monkeypatch.setattr(image_digest, "IMAGE_DIGEST", digest)
    said = shell("plan", *COMMAND_RUN, "--json", "--", "true").json
    assert "image-by-tag" not in {finding["code"] for finding in said["remarks"]}
    image = f"ghcr.io/pod-launcher/pod-image@{digest}"
    assert planned(said) == [image]
    shell("deploy", *COMMAND_RUN, "--yes", "--", "true")
    assert {pod.image for pod in shell.world.pods.values()} == {image}


# Bad input: a clear error with a hint and an exit code, and nothing rented


BAD_WORDS = [
    (("--preset", "quickcheck"), 2, "quick-check"),
    (("--set", "batchsize=3"), 2, "batch_size"),
    (("--batchsize", "3"), 2, "--batch-size"),
    (("--batch-size", "400"), 2, "1 to 256 clips"),
    (("--quality", "best"), 2, "x-low, low, medium, high"),
    (("--epochs", "many"), 2, "whole number"),
    (("--results-repo", "mine"), 2, "owner/name"),
    (("--file", "absent.toml"), 2, "absent.toml"),
    (("--gpu-types", "RTX 9999"), 4, "launcher offers"),
    (("--gpu-types", "4090", "--data-centers", "XX-NO-1"), 4, "Nearest"),
    (("--argv", "true"), 2, "--recipe command"),
    (("--recipe", "command", "--quality", "low", "--argv", "x"), 2, "--recipe piper"),
    (("--recipe", "command", "--argv", "API_KEY=c4n4ry0v4lu3"), 2, "looks like it contains a key"),
    (
        ("--recipe", "command", "--env", "WANDB_API_KEY=c4n4ry0v4lu3"),
        2,
        "Variables looks like it contains a key",
    ),
]


@pytest.mark.parametrize(("words", "code", "hint"), BAD_WORDS)
def test_bad_words_are_explained_and_nothing_is_rented(
    shell: Shell, demo_dataset: str, words: tuple[str, ...], code: int, hint: str
) -> None:
    base = ("--results-repo", RESULTS_REPO, "--dataset-repo", demo_dataset)
    said = shell("deploy", "--yes", *base, *words)
    assert said.code == code
    assert hint in said.text
    assert "Traceback" not in said.err
    assert shell.rented == 0


def test_a_batch_that_no_gpu_has_room_for_is_explained_and_nothing_is_rented(shell: Shell) -> None:
    """Of a set that has so many clips: a larger batch than the set is the set."""
    clip = min((DEMO_CLIPS / "wavs").iterdir())
    names = [f"{number:03d}" for number in range(280)]
    table = "".join(f"wavs/{name}.flac|Sentence {name} of this set.\n" for name in names)
    shell.push({**{f"wavs/{name}.flac": clip for name in names}, "metadata.csv": table.encode()})
    base = ("--results-repo", RESULTS_REPO, "--dataset-repo", DATASET)
    said = shell("deploy", "--yes", *base, "--quality", "high", "--batch-size", "256")
    assert said.code == 4
    assert "smaller --batch-size" in said.text
    assert shell.rented == 0


def test_a_missing_setting_is_named_by_its_flag(shell: Shell) -> None:
    said = shell("deploy", "--yes", "--dataset-repo", "demo/clips", "--json")
    assert said.code == 2
    error = json.loads(said.err)["error"]
    assert (error["code"], said.out) == ("missing_setting", "")
    assert "--results-repo" in error["message"]


def test_a_missing_setting_is_asked_for_where_a_person_sits(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = io.StringIO("demo/voices\n")
    monkeypatch.setattr(person, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", person)
    said = shell("plan", "--recipe", "command", "--json", "--", "true")
    assert said.json["settings"]["results_repo"] == {"value": "demo/voices", "from": "you"}
    assert "Results repo" in said.err


def test_no_runpod_key_says_how_to_give_one(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNPOD_API_KEY")
    said = shell("deploy", "--yes", *COMMAND_RUN, "--", "true")
    assert said.code == 3
    assert "launcher keys set runpod" in said.err


def test_a_refused_runpod_key_is_a_matter_of_keys(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNPOD_API_KEY", "demo-wrong-key")
    said = shell("deploy", "--yes", *COMMAND_RUN, "--", "true")
    assert said.code == 3
    assert "demo-wrong-key" not in said.err
    assert shell.rented == 0


def test_a_refused_hub_token_is_a_matter_of_keys(shell: Shell) -> None:
    token = shell.harness.core.tokens["demo-hub-write-token"]
    token.is_revoked = True
    said = shell("deploy", "--yes", *COMMAND_RUN, "--", "true")
    assert said.code == 3
    assert shell.rented == 0


def test_an_absent_dataset_is_named(shell: Shell) -> None:
    said = shell("deploy", "--yes", *PIPER, "--dataset-repo", "demo/nothing")
    assert said.code == 5
    assert "demo/nothing" in said.err
    assert shell.rented == 0


def test_a_results_repo_that_cannot_be_written_is_named(shell: Shell, demo_dataset: str) -> None:
    words = ("--preset", "quick-check", "--results-repo", "somebody/else")
    said = shell("deploy", "--yes", *words, "--dataset-repo", demo_dataset)
    assert said.code == 5
    assert "somebody/else" in said.err
    assert shell.rented == 0


def test_a_read_token_cannot_take_results(shell: Shell) -> None:
    tokens = shell.harness.core.tokens
    tokens["demo-hub-write-token"] = replace(tokens["demo-hub-write-token"], kind=TokenKind.READ)
    assert isinstance(tokens["demo-hub-write-token"], Token)
    said = shell("deploy", "--yes", *COMMAND_RUN, "--", "true")
    assert said.code == 5
    assert RESULTS_REPO in said.err
    assert shell.rented == 0


CLIP = DEMO_CLIPS / "wavs" / "clip_01.flac"
OTHER = CLIP.with_name("clip_02.flac")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"wavs/a.flac": CLIP}, "no transcripts"),
        ({"metadata.csv": b"a|Hello there.\n"}, "There is no file a"),
        (
            {"metadata.csv": b"a|Hello.\nb|...\n", "wavs/a.flac": CLIP, "wavs/b.flac": OTHER},
            "no words",
        ),
        ({"metadata.csv": b"a|\n", "wavs/a.flac": CLIP}, "No text"),
    ],
    ids=["no metadata", "absent file", "nothing to say", "empty text"],
)
def test_a_dataset_that_cannot_be_trained_on_stops_the_deploy(
    shell: Shell, files: dict[str, Path | bytes], message: str
) -> None:
    shell.push(files, "demo/broken")
    said = shell("deploy", "--yes", *PIPER, "--dataset-repo", "demo/broken")
    assert said.code == 2
    assert message in said.text
    assert "hint:" in said.err
    assert shell.rented == 0


def test_an_absent_base_voice_is_an_error_before_anything_is_rented(
    shell: Shell, demo_dataset: str
) -> None:
    words = ("--base-checkpoint", "demo/base/voice.ckpt", "--dataset-repo", demo_dataset)
    said = shell("deploy", "--yes", *PIPER, *words)
    assert said.code == 5
    assert "base checkpoint" in said.err
    assert shell.rented == 0


def test_the_licence_of_a_base_voice_is_shown(shell: Shell, demo_dataset: str) -> None:
    shell.push(
        {"en/x.ckpt": b"weights", "en/MODEL_CARD": b"* License: Only for research\n"}, "demo/b"
    )
    words = ("--base-checkpoint", "datasets/demo/b/en/x.ckpt", "--dataset-repo", demo_dataset)
    plan = shell("plan", *PIPER, *words, "--json").json
    assert plan["base_licence"] == "Only for research"
    assert "Only for research" in shell("plan", *PIPER, *words).text


def test_a_base_voice_that_was_fed_other_sounds_is_an_error_before_anything_is_rented(
    shell: Shell, demo_dataset: str
) -> None:
    described = json.dumps({"phoneme_type": "pinyin"}).encode()
    shell.push({"v/a.onnx": b"weights", "v/a.onnx.json": described}, "demo/b")
    words = ("--base-checkpoint", "datasets/demo/b/v/a.onnx", "--dataset-repo", demo_dataset)
    said = shell("deploy", "--yes", *PIPER, *words)
    assert said.code == 2
    assert "was trained on phonemes of the type pinyin" in said.text
    assert shell.rented == 0


def test_an_account_without_money_rents_nothing(shell: Shell) -> None:
    shell.world.account.balance_usd = 0.01
    said = shell("deploy", "--yes", *COMMAND_RUN, "--", "true")
    assert said.code != 0
    assert "$0.01" in said.text
    assert shell.rented == 0


def test_the_plan_shows_what_the_account_has_and_may_spend(shell: Shell) -> None:
    words = (*COMMAND_RUN, "--", "true")
    assert "costs $0.00 of at most $80.00 an hour." in shell("plan", *words).text
    account = shell("plan", "--json", *words).json["account"]
    assert (account["balance_usd"], account["spend_limit_usd"]) == (25.0, 80.0)


def test_a_run_over_the_accounts_hourly_limit_rents_nothing_and_says_where_to_ask(
    shell: Shell,
) -> None:
    shell.world.account.spend_limit_usd = 0.05
    said = shell("deploy", "--yes", *COMMAND_RUN, "--", "true")
    assert said.code == 2
    assert "is $0.05 an hour" in said.text
    assert "https://www.runpod.io/contact" in said.text
    assert shell.rented == 0


def test_a_plan_tries_no_gpu_that_the_accounts_hourly_limit_has_no_room_for(shell: Shell) -> None:
    shell.world.account.spend_limit_usd = 0.3
    plan = shell("plan", *COMMAND_RUN, "--json", "--", "true").json
    prices = [offer["price_per_hour_usd"] for offer in plan["candidates"]]
    assert prices
    assert max(prices) <= 0.3
    (note,) = [each for each in plan["remarks"] if each["code"] == "spend_limit"]
    assert (note["severity"], plan["can_be_launched"]) == ("note", True)


def test_nothing_free_names_what_was_tried(shell: Shell) -> None:
    shell.world.faults.switch_on("no-capacity")
    said = shell("deploy", "--yes", *COMMAND_RUN, "--gpu-types", "4090", "--", "true")
    assert said.code == 4
    assert "4090" in said.text
    assert shell.harness.live() == []


def test_the_plan_says_how_long_a_pod_may_boot_and_what_that_rests_on(shell: Shell) -> None:
    said = shell("plan", *COMMAND_RUN, "--", "true")
    assert "15 minutes, or the pod is released and the next one is tried (2.75 GB of" in said.text
    alone = ("--gpu-types", "RTX-4090", "--cloud", "secure")
    said = shell("plan", *COMMAND_RUN, *alone, "--", "true")
    assert "15 minutes, or the pod is released (2.75 GB of" in said.text
    given = shell("plan", *COMMAND_RUN, "--boot-minutes", "7", "--json", "--", "true").json
    assert given["boot_budget"] == {"minutes": 7.0, "basis": "as set by boot_minutes"}


def test_the_plan_keeps_away_from_where_a_machine_failed_lately(shell: Shell) -> None:
    wanted = (*COMMAND_RUN, "--gpu-types", "RTX 4090", "--json")
    place = shell("plan", *wanted, "--", "true").json["candidates"][0]["data_centers"][0]
    shell.harness.script.lame_in = {place}
    shell("deploy", *wanted, "--yes", "--detach", "--", "true")
    plan = shell("plan", *wanted, "--", "true").json
    assert plan["candidates"][0]["avoids"] == [place]
    assert place not in plan["candidates"][0]["data_centers"]
    (note,) = [finding for finding in plan["remarks"] if finding["code"] == "bad_host"]
    assert f"{place} is not used for RTX 4090" in note["message"]


def test_of_an_image_of_somebody_elses_no_agent_is_known_and_the_plan_says_so(shell: Shell) -> None:
    words = ("plan", *COMMAND_RUN, "--image", "docker.io/somebody/torch:2", "--", "true")
    said = shell(*words)
    assert said.code == 0
    assert "warning: No agent is known to be in docker.io/somebody/torch:2" in said.text
    assert "No agent is known" not in shell("plan", *COMMAND_RUN, "--", "true").text
