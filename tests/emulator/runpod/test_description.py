"""What is kept of RunPod's published description: facts alone, and those that are published."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from launcher.providers.runpod.drift import WORDS_ALONE, fingerprints, known_fingerprints
from tests.kit import runpod_description
from tests.kit.runpod_description import CONTRACTS, KEPT, WHOLE, facts_of, main


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    found = runpod_description.whole_description()
    if found is None:
        pytest.skip(f"{CONTRACTS} is not set")
    return found


def with_a_sentence(**below_the_operation: Any) -> dict[str, Any]:
    """A description of one call, with words wherever they may stand."""
    schema = {"type": "object", "title": "A pod", "properties": {"title": {"type": "string"}}}
    reply = {
        "description": "The pods.",
        "content": {"application/json": {"schema": schema, "example": {"title": "mine"}}},
    }
    call = {
        "summary": "List pods",
        "tags": ["Pods"],
        "responses": {"200": reply},
        **below_the_operation,
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "An interface", "version": "2.0.0"},
        "paths": {"/v2/pods": {"get": call}, "/v2/other": {"post": {"summary": "Another"}}},
        "components": {"securitySchemes": {}, "schemas": {"Unused": {"type": "string"}}},
    }


def strings(item: Any) -> Iterator[str]:
    if isinstance(item, dict):
        for value in item.values():
            yield from strings(value)
    elif isinstance(item, list):
        for value in item:
            yield from strings(value)
    elif isinstance(item, str):
        yield item


def test_words_stay_behind_and_a_property_that_is_called_like_one_does_not() -> None:
    facts = facts_of(with_a_sentence())
    (call,) = facts["paths"]["/v2/pods"].values()
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    assert call == {
        "responses": {
            "200": {"description": "", "content": {"application/json": {"schema": schema}}}
        }
    }
    assert facts["x-other-calls"] == ["POST /v2/other"]
    assert facts["components"] == {"securitySchemes": {}}


def test_a_keyword_that_nobody_knows_makes_no_file() -> None:
    with pytest.raises(ValueError, match="x-story"):
        facts_of(with_a_sentence(**{"x-story": "Once upon a time."}))


def test_what_is_kept_holds_no_sentence_and_no_word_for_people() -> None:
    kept = json.loads(KEPT.read_text("utf-8"))
    others = kept.pop("x-other-calls")
    patterns = {text for text in strings(kept) if text.startswith("^")}
    assert [text for text in strings(kept) if " " in text and text not in patterns] == []
    assert all(len(call.split()) == 2 for call in others)
    said = re.findall(r'"(\w[\w-]*)": "([^"]+)"', KEPT.read_text("utf-8"))
    assert said
    assert {word for word, _ in said} & WORDS_ALONE == set()


def test_what_is_kept_is_what_runpod_publishes(whole: dict[str, Any]) -> None:
    assert json.loads(KEPT.read_text("utf-8")) == facts_of(whole), "run it with --write"
    assert fingerprints(whole) == known_fingerprints()


def test_the_program_says_when_the_file_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = with_a_sentence()
    (tmp_path / WHOLE).write_text(json.dumps(whole), "utf-8")
    monkeypatch.setenv(CONTRACTS, str(tmp_path))
    monkeypatch.setattr(runpod_description, "KEPT", tmp_path / "kept.json")
    assert main(["--write"]) == 0
    assert main(["--check"]) == 0
    del whole["paths"]["/v2/pods"]["get"]["responses"]
    (tmp_path / WHOLE).write_text(json.dumps(whole), "utf-8")
    assert main(["--check"]) == 1
    assert "--write" in capsys.readouterr().out
    monkeypatch.delenv(CONTRACTS)
    assert main(["--check"]) == 2
    assert CONTRACTS in capsys.readouterr().out
