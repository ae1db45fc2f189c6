"""What a plan says of a run's phoneme type: its base voice, its image, its sample sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.emulator.hub import HubEmulator
from launcher.recipes import recipe_of
from launcher.recipes.piper.base_phonemes import phoneme_findings
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.contract.settings import RunSettings
from pod_image.hub import Hub, Repo, publish
from tests.kit.hub_access import hub_of

REPO = Repo("demo/bases", "model")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with HubEmulator(tmp_path_factory.mktemp("hub")) as running:
        yield hub_of(running)


def of_base(hub: Hub, path: str, kind: str, files: dict[str, Any]) -> list[Severity]:
    """How grave each finding on the base voice is, where these files lie in its repo."""
    folder = f"case-{abs(hash(json.dumps([path, kind, files])))}"
    content: dict[str, Path | bytes] = {
        f"{folder}/{name}": json.dumps(value).encode() for name, value in files.items()
    }
    hub.ask("", lambda api: api.create_repo(REPO.id, repo_type="model", exist_ok=True))
    publish(hub, REPO, {f"{folder}/{path}": b"weights", **content}, "a voice")
    found = phoneme_findings(hub, REPO, f"{folder}/{path}", PhonemeType(kind))
    return [each.severity for each in found]


REFUSED, DOUBTED, FINE = [Severity.ERROR], [Severity.WARNING], list[Severity]()
ESPEAKS, PINYINS = {"phoneme_type": "espeak"}, {"phoneme_type": "pinyin"}


@pytest.mark.parametrize(
    ("path", "files", "kind", "expected"),
    [
        ("a.onnx", {"a.onnx.json": ESPEAKS}, "espeak", FINE),
        ("a.onnx", {"a.onnx.json": ESPEAKS}, "japanese", FINE),
        ("a.onnx", {"a.onnx.json": {}}, "hebrew", FINE),
        ("a.onnx", {"a.onnx.json": ESPEAKS}, "pinyin", REFUSED),
        ("a.onnx", {"a.onnx.json": PINYINS}, "espeak", REFUSED),
        ("a.onnx", {"a.onnx.json": PINYINS}, "pinyin", FINE),
        ("a.onnx", {"a.onnx.json": {"phoneme_id_map": {"a": [99]}}}, "espeak", REFUSED),
        ("a.onnx", {"a.onnx.json": {"phoneme_id_map": {"a": [14], "Ж": [166]}}}, "text", FINE),
        ("a.onnx", {"a.onnx.json": {"phoneme_type": "of another world"}}, "espeak", REFUSED),
        ("a.onnx", {"a.onnx.json": ["no", "voice"]}, "espeak", FINE),
        ("a.ckpt", {"config.json": PINYINS}, "espeak", REFUSED),
        ("a.ckpt", {}, "espeak", FINE),
        ("a.ckpt", {}, "pinyin", DOUBTED),
        ("checkpoints/a.ckpt", {"voice/v.onnx.json": PINYINS}, "text", REFUSED),
        ("checkpoints/a.ckpt", {"voice/v.onnx.json": ESPEAKS}, "text", FINE),
    ],
)
def test_a_base_voice_that_was_fed_other_sounds_is_refused(
    hub: Hub, path: str, files: dict[str, Any], kind: str, expected: list[Severity]
) -> None:
    assert of_base(hub, path, kind, files) == expected


def findings_of(**given: Any) -> dict[str, Finding]:
    settings = RunSettings(dataset_repo="me/clips", results_repo="me/voices", **given)
    return {each.code: each for each in recipe_of(settings).findings(settings, None)}


@pytest.mark.parametrize(
    ("kind", "image", "is_refused"),
    [
        ("espeak", None, False),
        ("hebrew", None, False),
        ("text", None, False),
        ("japanese", None, True),
        ("thai", None, True),
        ("pinyin", None, True),
        ("japanese", "bootstrap", False),
    ],
)
def test_what_our_image_has_not_is_an_error_with_the_image_to_take(
    kind: str, image: str | None, is_refused: bool
) -> None:
    given = {"image": image} if image else {}
    lacking = findings_of(phoneme_type=kind, **given).get("phoneme_packages")
    assert (lacking is not None) is is_refused
    if lacking is not None:
        assert lacking.severity is Severity.ERROR
        assert "--image bootstrap" in in_terminal(lacking.hint)


@pytest.mark.parametrize(
    ("model", "image", "is_refused"),
    [("off", None, False), ("base", None, True), ("base", "bootstrap", False)],
)
def test_our_image_has_no_recogniser_and_the_plan_says_which_image_to_take(
    model: str, image: str | None, is_refused: bool
) -> None:
    given = {"image": image} if image else {}
    lacking = findings_of(transcribe=model, **given).get("hearing_packages")
    assert (lacking is not None) is is_refused
    if lacking is not None:
        assert lacking.severity is Severity.ERROR
        assert "--image bootstrap" in in_terminal(lacking.hint)


@pytest.mark.parametrize(
    ("kind", "language", "sentences", "is_told"),
    [
        ("hebrew", "he_IL", ("Hello there.",), True),
        ("hebrew", "he_IL", ("Hello there.", "שלום לכולם."), False),
        ("japanese", "ja_JP", ("今日はいい天気です。",), False),
        ("espeak", "he_IL", ("Hello there.",), False),
        ("text", "pl_PL", ("Hello there.",), False),
    ],
)
def test_sample_sentences_in_other_letters_are_a_warning(
    kind: str, language: str, sentences: tuple[str, ...], is_told: bool
) -> None:
    found = findings_of(phoneme_type=kind, language=language, sample_sentences=sentences)
    assert ("sample_sentences" in found) is is_told
