"""The bench that judges voices counts words as everybody does, and says what is not installed."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from tests.bench import quality
from tests.bench.quality import TOOLS, Panel, Tool, word_error_rate, word_errors, words_of
from tests.kit.checkout import DEMO_CLIPS


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("the cat sat", "the cat sat", 0),
        ("the cat sat", "the cat", 1),
        ("the cat sat", "the big cat sat", 1),
        ("the cat sat", "a cat sat", 1),
        ("the cat sat", "", 3),
        ("", "what", 1),
        ("a b c d", "b c d e", 2),
    ],
)
def test_words_put_in_left_out_or_exchanged_are_errors(said, heard, errors):
    assert word_errors(said.split(), heard.split()) == errors
    assert word_errors(heard.split(), said.split()) == errors


def test_the_rate_is_over_all_words_and_not_over_sentences():
    pairs = [(["one"], ["two"]), (["a", "b", "c"], ["a", "b", "c"])]
    assert word_error_rate(pairs) == 0.25
    assert word_error_rate([(["yes"], ["no", "no", "no"])]) == 3.0
    assert words_of("Don't go — it's LATE, 5 times!") == ["don't", "go", "it's", "late", "times"]


def test_the_recordings_of_a_speaker_are_judged_beside_the_voices_and_absent_tools_are_named(
    capsys, monkeypatch
):
    """The recordings stand for a voice that is perfect: every figure is then known."""
    monkeypatch.setitem(TOOLS, "dnsmos", Tool(("no_such_module",), "pip install it"))
    monkeypatch.setattr(quality, "_spoken", _recordings)
    monkeypatch.setattr(sys, "argv", [
        "quality", "--voice", "checkpoints/step-00000020/x.onnx", "--sentences", "2", "--json",
        "--without", "distillmos", "whisper",
    ])  # fmt: skip
    quality.main()
    found = json.loads(capsys.readouterr().out)
    voice = found["voices"]["x, step 20"]
    assert voice["mel_cepstral_distance_db"] == pytest.approx(0, abs=1e-3)
    assert (voice["duration_ratio"], voice["f0_semitones_off"]) == (1.0, 0.0)
    assert voice["word_error_rate_pocketsphinx"] < 0.3
    recordings = found["voices"]["recordings"]
    assert recordings["word_error_rate_pocketsphinx"] == voice["word_error_rate_pocketsphinx"]
    assert found["absent"]["dnsmos"] == "pip install it"
    assert "faster-whisper" in TOOLS["whisper"].install


def _recordings(voice, sentences):
    target = quality._target(DEMO_CLIPS, len(sentences))
    return target.at(target.rates_hz[0]), target.rates_hz[0]


def test_a_runs_voices_are_its_checkpoints_in_order_and_then_the_final_one(tmp_path, monkeypatch):
    run = tmp_path / "data" / "results" / "me" / "voices" / "run-01"
    for below in ("voice/x", "checkpoints/step-00000030/x", "checkpoints/step-00000004/x"):
        (run / below).parent.mkdir(parents=True)
        (run / f"{below}.onnx").touch()
        (run / f"{below}.onnx.json").touch()
    monkeypatch.setenv("LAUNCHER_HOME", str(tmp_path))
    titles = ["x, step 4", "x, step 30", "x"]
    assert [quality._title(path) for path in quality._voices_of(str(run))] == titles
    assert [quality._title(path) for path in quality._voices_of("run-01")] == titles
    with pytest.raises(SystemExit, match="launcher results run-02 --download"):
        quality._voices_of("run-02")


def test_judges_scores_are_means_over_the_sentences():
    levels = iter([1.0, 4.0])
    panel = Panel({"ear": lambda sound: ["a"]}, {"judge": lambda sound: {"mos": next(levels)}}, {})
    found = quality._as_heard([np.zeros(9, np.float32)] * 2, ["a b", "a"], panel)
    assert found == {"word_error_rate_ear": 0.3333, "mos": 2.5}
