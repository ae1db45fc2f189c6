"""A wake word from its first clip to its files, by the program that a pod runs; voice, shared models and training code
are small stand-ins.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.wake_word import voice_path
from pod_image.recipes.command.recipe import ENVIRONMENT
from pod_image.recipes.wake_word.model_file import onnx_predictor
from pod_image.recipes.wake_word.order import VOICES_FOLDER, Order
from pod_image.recipes.wake_word.parts import write_wav
from pod_image.recipes.wake_word.places import NothingGiven, Places
from pod_image.recipes.wake_word.speaker import RATE_HZ
from tests.kit.flat_models import run_flat_model
from tests.kit.tiny_voice import tiny_voice
from tests.kit.wake_word_packages import install_packages

VOICE = "en_US-anna-x_low"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder in which all is fetched and installed."""
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    voice = folder.base / VOICES_FOLDER / voice_path(VOICE)
    voice.parent.mkdir(parents=True)
    for name, raw in tiny_voice().items():
        (voice.parent / name).write_bytes(raw)
    environment = install_packages(folder.prepared / ENVIRONMENT)
    (environment / "installed.txt").write_text("")
    folder.dataset.mkdir()
    for number in range(5):
        times = np.arange(RATE_HZ // 2) / RATE_HZ
        sound = np.sin(2 * np.pi * (200 + 10 * number) * times).astype(np.float32)
        write_wav(folder.dataset / f"{number}.wav", sound)
    return folder.root


def run(folder: Path, **settings: Any) -> tuple[int, list[Any]]:
    """The worker to its end, as the agent starts it; its exit code and its events."""
    document = {
        "contract": CONTRACT_VERSION,
        "run_id": "run-01",
        "attempt": {"number": 1, "nonce": "nonce1"},
        "settings": {
            "recipe": "wake-word",
            "phrase": ["hey anna"],
            "wake_voices": [VOICE],
            "wake_clips": 10,
            "wake_steps": 100,
            "layer_size": 8,
            **settings,
        },
        "deadline": "2030-01-01T00:00:00Z",
        "price_per_hour_usd": 1.0,
    }
    with (folder / "events").open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "pod_image.recipes.command"],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(sys.path),
                "LAUNCHER_RUN": json.dumps(document),
                "LAUNCHER_EVENTS_FD": str(file.fileno()),
                "PYTHONSAFEPATH": "1",
            },
            pass_fds=(file.fileno(),),
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=300,
        )
    return done.returncode, [
        json.loads(line) for line in (folder / "events").read_text().splitlines()
    ]


def test_a_phrase_becomes_files_that_both_runtimes_take_and_another_run_goes_on_from_its_clips(
    prepared: Path,
) -> None:
    code, events = run(prepared, dataset_repo="me/clips")
    assert code == 0, events
    out = prepared / "out" / "files" / "out"
    scores = json.loads((out / "scores.json").read_text())
    assert scores["input"] == [1, 16, 96]
    assert scores["held_out"]["clips"] == scores["held_out"]["near_misses"] == 20
    assert scores["held_out"]["own_recordings"] == 1
    assert set(scores["thresholds"]["0.5"]) >= {
        "heard",
        "near_misses_taken",
        "false_alarms_per_hour",
    }
    assert (out / "README.md").read_text().startswith("# hey anna\n")
    windows = np.random.default_rng(0).normal(0, 5, (3, 16, 96)).astype(np.float32)
    answers = onnx_predictor(out / "hey_anna.onnx")(windows)
    raw = (out / "hey_anna.tflite").read_bytes()
    flat = [float(run_flat_model(raw, each[None])[0, 0]) for each in windows]
    np.testing.assert_allclose(answers, flat, atol=1e-5)
    steps = [event for event in events if event["event"] == "step"]
    clips = [event["losses"]["clips"] for event in steps if "clips" in event["losses"]]
    assert clips == sorted(clips)
    assert clips[-1] >= 2 * (10 + 20)
    assert steps[-1]["step"] == steps[-1]["total_steps"] == 120
    assert "heard" in steps[-1]["losses"]
    samples = {event["path"] for event in events if event["event"] == "sample"}
    assert "files/out/samples/phrase_1.wav" in samples
    assert "files/out/samples/near_miss_1.wav" in samples
    (checkpoint,) = (prepared / "out" / "checkpoints").iterdir()
    kept = checkpoint / "state"
    assert (kept / "training.pt").is_file()

    # Another pod: what was kept is brought back, and no clip is spoken again.
    (prepared / "prepared" / "out" / "hey_anna.onnx").unlink()
    voices = prepared / "base" / VOICES_FOLDER
    shutil.rmtree(voices)
    code, events = run(prepared, dataset_repo="me/clips")
    assert code == 0, events
    assert json.loads((out / "scores.json").read_text()) == scores


def ordered(**more: Any) -> Order:
    few = {"clips": 1, "steps": 1, "layer_size": 8, "false_alarm_weight": 1}
    return Order.model_validate(
        {"phrases": ["a"], "name": "a", "voices": ["x/a.onnx"], **few, **more}
    )


def test_what_was_given_and_holds_nothing_of_its_kind_is_told(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    empty = tmp_path / "0"
    empty.mkdir()
    (empty / "README.md").write_text("nothing")
    for given, kind in (("backgrounds", "recordings"), ("negative_features", ".npy")):
        with pytest.raises(NothingGiven, match=kind):
            Places.of(ordered(**{given: 1}), folder, {"INPUT_0": str(empty)})
    with pytest.raises(NothingGiven, match="dataset"):
        Places.of(ordered(has_recordings=True), folder, {})


def test_inputs_go_by_the_order_of_their_settings(tmp_path: Path) -> None:
    for number, name in enumerate(("noise.wav", "room.flac", "hours.npy")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / name).write_bytes(b"")
    order = ordered(backgrounds=1, room_responses=1, negative_features=1)
    inputs = {f"INPUT_{n}": str(tmp_path / str(n)) for n in range(3)}
    places = Places.of(order, RunFolder(tmp_path), inputs)
    assert [path.name for path in places.backgrounds] == ["noise.wav"]
    assert [path.name for path in places.room_responses] == ["room.flac"]
    assert [path.name for path in places.negative_features] == ["hours.npy"]
    assert places.voices == (tmp_path / "base" / "voices" / "x" / "a.onnx",)
