"""What was heard in samples is kept across restarts, by one model at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from launcher.stores.heard_samples import MOST_SAMPLES, NOTHING, HeardSampleStore, sample_key


def test_what_was_heard_is_there_after_a_restart(tmp_path: Path) -> None:
    store = HeardSampleStore(tmp_path)
    store.note("nonce", "base", "en", {sample_key(1, "a.wav"): "hello"})
    store.note("nonce", "base", "en", {sample_key(2, "b.wav"): ""})
    kept = HeardSampleStore(tmp_path).of("nonce")
    assert (kept.model, kept.language) == ("base", "en")
    assert kept.texts == {"1 a.wav": "hello", "2 b.wav": ""}


def test_another_model_or_language_begins_anew(tmp_path: Path) -> None:
    store = HeardSampleStore(tmp_path)
    store.note("nonce", "base", "en", {"1 a.wav": "hello"})
    store.note("nonce", "small", "en", {"2 b.wav": "there"})
    assert store.of("nonce").texts == {"2 b.wav": "there"}
    store.note("nonce", "small", "de", {"3 c.wav": "da"})
    assert store.of("nonce").texts == {"3 c.wav": "da"}


def test_of_a_run_that_is_deleted_nothing_stays(tmp_path: Path) -> None:
    store = HeardSampleStore(tmp_path)
    store.note("nonce", "base", "en", {"1 a.wav": "hello"})
    store.forget("nonce")
    store.forget("never heard of")
    assert store.of("nonce") == NOTHING
    assert not list(tmp_path.iterdir())


def test_only_the_newest_samples_of_a_run_are_kept(tmp_path: Path) -> None:
    store = HeardSampleStore(tmp_path)
    store.note("nonce", "base", "en", {str(n): "x" for n in range(MOST_SAMPLES + 3)})
    assert len(store.of("nonce").texts) == MOST_SAMPLES
    assert "3" in store.of("nonce").texts
    assert "2" not in store.of("nonce").texts


@pytest.mark.parametrize(
    "content",
    ["", "not json", "[]", json.dumps({"model": "base"}), json.dumps({"model": 1, "texts": [1]})],
)
def test_a_file_that_cannot_be_read_costs_what_it_held_and_nothing_else(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "nonce.json").write_text(content, "utf-8")
    assert HeardSampleStore(tmp_path).of("nonce") == NOTHING
