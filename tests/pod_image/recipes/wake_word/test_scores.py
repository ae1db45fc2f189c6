"""What is said of how well a wake word is heard, and that it is true."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from pod_image.recipes.wake_word.ears import HOP, WIDTH, frame_count, samples_for, seconds_of
from pod_image.recipes.wake_word.examples import Windows
from pod_image.recipes.wake_word.order import Order
from pod_image.recipes.wake_word.report import write_report
from pod_image.recipes.wake_word.scores import HeldOut, Peaks, along, listen

ORDER = Order(
    phrases=("hey *jarvis*",),
    name="hey_jarvis",
    voices=("a.onnx",),
    clips=100,
    steps=100,
    layer_size=8,
    false_alarm_weight=1,
)


def first_number(windows: Windows) -> np.ndarray:
    """A model that says what stands at the end of its window."""
    return windows[:, -1, 0]


def clips(*said: list[float], frames: int = 20) -> np.ndarray:
    """Clips whose frames after the fourth begin with these numbers, one clip for each list."""
    found = np.zeros((len(said), frames, WIDTH), dtype=np.float16)
    for clip, numbers in zip(found, said, strict=True):
        clip[4 : 4 + len(numbers), 0] = numbers
    return found


def heard(other: np.ndarray, recorded: np.ndarray) -> Peaks:
    held_out = HeldOut(
        clips([0.0, 0.9], [0.4], [0.6]),
        clips([0.7], [0.2], [0.1], [0.0]),
        np.array(["part", "part", "yours", "yours"]),
        other,
        recorded,
    )
    return listen(first_number, held_out, window=4)


def test_every_place_of_a_clip_is_listened_to() -> None:
    found = along(first_number, clips([0.25, 0.5], frames=8), window=4)
    assert found.tolist() == [[0.0, 0.25, 0.5, 0.0, 0.0]]


def test_a_wake_word_counts_when_any_window_of_its_clip_does() -> None:
    peaks = heard(clips([0.0]), clips())
    assert peaks.scores()["heard"] == 2 / 3
    assert peaks.scores()["near_misses_taken"] == 0.25
    assert peaks.scores(0.3)["heard"] == 1.0
    assert peaks.by_kind() == {
        "part": {"clips": 2, "taken": 0.5},
        "yours": {"clips": 2, "taken": 0.0},
    }
    assert "own_recordings_heard" not in peaks.scores()


def test_own_recordings_are_told_apart_from_voices() -> None:
    assert heard(clips([0.0]), clips([0.9], [0.1])).scores()["own_recordings_heard"] == 0.5


def test_one_long_sound_is_one_alarm_and_one_after_two_seconds_another() -> None:
    loud = np.zeros((1, 64, WIDTH), dtype=np.float16)
    loud[0, 10:30, 0] = 1
    loud[0, 40:42, 0] = 1
    peaks = heard(loud, clips())
    hours = seconds_of(61) / 3600
    assert abs(peaks.hours - hours) < 1e-9
    assert peaks.scores()["false_alarms_per_hour"] == 2 / hours


def test_frames_are_counted_as_a_listener_gets_them() -> None:
    assert frame_count(samples_for(16)) == 16
    assert frame_count(samples_for(16) - 1) == 15
    assert samples_for(17) - samples_for(16) == HOP
    assert seconds_of(25) == 2.0


def test_the_report_holds_all_scores_and_its_table_the_thresholds(tmp_path: Path) -> None:
    write_report(tmp_path, ORDER, 16, heard(clips([0.0]), clips()), has_hours=False)
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["input"] == [1, 16, 96]
    assert (scores["heard"], scores["near_misses_taken"]) == (0.6667, 0.25)
    assert scores["held_out"]["near_misses"] == 4
    assert scores["thresholds"]["0.3"]["heard"] == 1.0
    readme = (tmp_path / "README.md").read_text()
    assert readme.startswith("# hey \\*jarvis\\*\n")
    assert "| 0.5 | 66.7% | 25.0% | 0.0 |" in readme
    assert "/share/openwakeword/" in readme
    assert "hey_jarvis.tflite" in readme
