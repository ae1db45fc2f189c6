"""The plan of an adapter for a language model: what its base and its dataset are, before anything is rented."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from launcher.recipes.llm_lora import base_model
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.hub import Repo, publish
from tests.cli.conftest import Said, Shell
from tests.kit.checkout import ROOT
from tests.kit.clouds import RESULTS_REPO
from tests.kit.tiny_language_model import tiny_language_model

BASE, TEXTS = "demo/tiny-base", "demo/texts"
CARD = b"---\nlicense: apache-2.0\n---\n# Base"
ROW = {"text": "The quick brown fox."}


def lines(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture
def model(tmp_path: Path) -> dict[str, bytes]:
    folder = tiny_language_model(tmp_path / "base")
    return {"README.md": CARD, **{path.name: path.read_bytes() for path in folder.iterdir()}}


def put(shell: Shell, model: Mapping[str, bytes], dataset: Mapping[str, bytes]) -> None:
    hub = shell.harness.hub
    hub.ask("", lambda api: api.create_repo(BASE, exist_ok=True))
    publish(hub, Repo(BASE, "model"), dict(model), "base")
    shell.push(dict(dataset), TEXTS)


def plan(shell: Shell, *more: str, command: str = "plan") -> Said:
    words = ("--preset", "llm-lora", "--base-model", BASE, "--dataset-repo", TEXTS)
    return shell(command, *words, "--results-repo", RESULTS_REPO, *more)


def found(said: Said, code: str) -> list[dict[str, Any]]:
    return [each for each in said.json["findings"] if each["code"] == code]


def test_a_plan_tells_what_the_weights_take_what_the_dataset_has_and_the_licence(
    shell: Shell, model: dict[str, bytes]
) -> None:
    put(shell, model, {"train.jsonl": lines(ROW)})
    said = plan(shell)
    assert said.code == 0
    assert "LoRA of rank 16 for demo/tiny-base, 3 epochs" in said.text
    assert "According to the first line of train.jsonl the dataset has texts." in said.text
    assert "weights of demo/tiny-base alone, as bfloat16, take" in said.text
    assert plan(shell, "--json").json["base_licence"] == "apache-2.0"


def test_a_gpu_without_room_for_the_weights_is_not_chosen(
    shell: Shell, model: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shell, model, {"train.jsonl": lines(ROW)})
    least = min(each["memory_gb"] for each in plan(shell, "--json").json["candidates"])
    # As if each of the tiny model's weights were a million: files of that size would fill the disk of a test.
    monkeypatch.setattr(base_model, "TRAINED_BYTES", 2_000_000)
    chosen = plan(shell, "--json").json["candidates"]
    assert min(each["memory_gb"] for each in chosen) > 70 > least
    monkeypatch.setattr(base_model, "TRAINED_BYTES", 2_000_000_000)
    refused = plan(shell)
    assert refused.code == 4
    assert "weights of demo/tiny-base alone" in refused.text
    assert "Choose a smaller base model." in refused.text


def test_what_cannot_be_told_of_the_weights_is_said(shell: Shell, model: dict[str, bytes]) -> None:
    config = json.loads(model["config.json"]) | {"quantization_config": {"bits": 4}}
    put(shell, {**model, "config.json": json.dumps(config).encode()}, {"a.jsonl": lines(ROW)})
    said = plan(shell)
    assert "is not clear from its files" in said.text
    assert "--min-gpu-memory-gb" in said.text


@pytest.mark.parametrize(
    ("absent", "sentence"),
    [
        ("config.json", "demo/tiny-base has no config.json"),
        ("model.safetensors", "demo/tiny-base has no weights that transformers can load"),
    ],
)
def test_a_base_that_cannot_be_loaded_is_refused(
    shell: Shell, model: dict[str, bytes], absent: str, sentence: str
) -> None:
    del model[absent]
    put(shell, model, {"train.jsonl": lines(ROW)})
    said = plan(shell, "--yes", command="deploy")
    assert (said.code, shell.rented) == (5, 0)
    assert sentence in said.text


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"prompt": "Two and two?", "completion": "Four."}, "prompts with completions"),
        ({"text": "Four."}, "has texts"),
    ],
)
def test_each_form_that_trl_learns_from_is_told(
    shell: Shell, model: dict[str, bytes], row: dict[str, str], sentence: str
) -> None:
    put(shell, model, {"test.jsonl": lines({"wrong": 1}), "train.jsonl": lines(row, row)})
    assert sentence in plan(shell).text


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"train.jsonl": lines({"question": "x", "answer": "y"})}, "have 'question', 'answer'"),
        ({"train.jsonl": b"text\n"}, "The first line of train.jsonl is not a JSON object."),
        ({"clip.flac": b"x"}, "demo/texts has no .jsonl or .parquet file."),
    ],
)
def test_a_dataset_that_trl_cannot_learn_from_is_refused(
    shell: Shell, model: dict[str, bytes], files: dict[str, bytes], sentence: str
) -> None:
    put(shell, model, files)
    said = plan(shell, "--yes", command="deploy")
    assert (said.code, shell.rented) == (2, 0)
    assert sentence in said.text


@pytest.mark.parametrize(
    "files",
    [
        {"data/train-00000-of-00001.parquet": b"PAR1"},
        {"train.jsonl": b'{"text": "' + b"a" * (1 << 18)},
        {"train.json": b'[{"text": "x"}]'},
    ],
)
def test_what_was_not_looked_into_is_said(
    shell: Shell, model: dict[str, bytes], files: dict[str, bytes]
) -> None:
    put(shell, model, files)
    said = plan(shell)
    assert said.code == 0
    assert f"The content of the rows of {min(files)} was not checked." in said.text


def test_conversations_need_a_model_that_can_write_them(
    shell: Shell, model: dict[str, bytes]
) -> None:
    chat = {"messages": [{"role": "user", "content": "Hello."}]}
    put(shell, model, {"train.jsonl": lines(chat)})
    refused = plan(shell, "--yes", command="deploy")
    assert (refused.code, shell.rented) == (2, 0)
    assert "demo/tiny-base has no chat template" in refused.text
    assert plan(shell, "--", "--chat_template_path", "x").code == 0
    put(shell, {**model, "chat_template.jinja": b"{{ messages }}"}, {})
    said = plan(shell)
    assert said.code == 0
    assert "the dataset has conversations" in said.text


def test_the_words_after_the_dashes_are_trls(shell: Shell, model: dict[str, bytes]) -> None:
    put(shell, model, {"train.jsonl": lines(ROW)})
    shell.harness.script.ends_after = None
    words = ("--yes", "--detach", "--", "--packing", "true")
    assert plan(shell, *words, command="deploy").code == 0
    [pod] = shell.world.live_pods()
    settings = RunDocument.from_json(pod.env[RUN_VARIABLE]).settings.model_dump()
    assert settings["trl_words"] == ("--packing", "true")
    assert settings["base_model"].startswith(f"{BASE}@")


@pytest.mark.parametrize("word", ["--output_dir", "--output-dir=x", "--push_to_hub", "--resume"])
def test_a_word_that_would_lose_results_is_refused(
    shell: Shell, model: dict[str, bytes], word: str
) -> None:
    put(shell, model, {"train.jsonl": lines(ROW)})
    said = plan(shell, "--yes", "--", word, "x", command="deploy")
    assert (said.code, shell.rented) == (2, 0)
    assert f"{word.split('=')[0]} is set by the run itself." in said.text


def test_a_second_dataset_is_refused(shell: Shell, model: dict[str, bytes]) -> None:
    put(shell, model, {"train.jsonl": lines(ROW)})
    shell.push({"train.jsonl": lines(ROW)}, "demo/more")
    said = plan(shell, "--dataset-repo", "demo/more", "--yes", command="deploy")
    assert (said.code, shell.rented) == (2, 0)
    assert "This training takes one dataset repo." in said.text


@pytest.mark.parametrize("absent", ["--base-model", "--dataset-repo"])
def test_base_and_dataset_have_to_be_given(shell: Shell, absent: str) -> None:
    words = {"--base-model": BASE, "--dataset-repo": TEXTS}
    del words[absent]
    given = [word for pair in words.items() for word in pair]
    said = shell("plan", "--preset", "llm-lora", "--results-repo", RESULTS_REPO, *given)
    assert said.code == 2
    assert f"{absent} is missing" in said.text


# --- its page

PAGE = (ROOT / "docs" / "trainers" / "llm-lora.md").read_text("utf-8")


def test_the_page_shows_what_the_plan_says(shell: Shell, model: dict[str, bytes]) -> None:
    put(shell, model, {"train.jsonl": lines(ROW)})
    said = plan(shell).out.splitlines()
    shown = PAGE.split("```text\n")[1].split("```")[0].splitlines()
    assert len(shown) > 3
    assert [line for line in shown if line not in said] == []


@pytest.mark.parametrize("command", re.findall(r"^    launcher deploy (.*)$", PAGE, re.MULTILINE))
def test_each_command_of_the_page_is_one_that_can_be_planned(
    shell: Shell, model: dict[str, bytes], command: str
) -> None:
    put(shell, model, {"train.jsonl": lines(ROW)})
    names = {"Qwen/Qwen3-0.6B": BASE, "me/chats": TEXTS, "me/my-adapter": RESULTS_REPO}
    words = [names.get(word, word) for word in command.split()]
    if "--resume" in words:
        assert plan(shell, "--yes", command="deploy").code == 0
    assert shell("plan", *words).code == 0
