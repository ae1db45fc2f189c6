"""Pictures, sounds, videos and texts among a command's results, by step and by what tells them apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from pod_image.contract.media import media_of, media_type
from pod_image.recipes.command.samples import label_of, samples_among, step_in
from tests.pod_image.recipes.command.commands import worker

NAMES = {
    "out/job/samples/1764150000000__000000250_0.jpg": (250, "job 0"),
    "out/ws/samples/0 - a cat/2026-11-26_10-00-00-training-sample-300-2-10.jpg": (300, "a cat"),
    "out/validation_images/step_100_night_0_1024x1024.png": (100, "night 0"),
    "out/samples/update_2000_gen.wav": (2000, "gen"),
    "out/step-40/front.png": (40, "front"),
}


@pytest.mark.parametrize("path", NAMES)
def test_step_and_name_are_read_from_the_name_that_trainers_give(path: str) -> None:
    assert (step_in(path), label_of(path)) == NAMES[path]


def test_samples_of_all_steps_have_one_name() -> None:
    of_steps = {label_of(f"out/validation_images/step_{step}_night_0.png") for step in (1, 20, 300)}
    assert of_steps == {"night 0"}
    assert label_of("out/samples/0 - a cat/2026-11-26-training-sample-300-2-10.jpg") == "a cat"
    assert label_of("out/000000250.png") == "000000250.png"


def test_what_can_be_heard_or_seen_is_a_sample_and_texts_only_where_they_are_named() -> None:
    paths = ["out/a_step_2.png", "out/b.WAV", "out/c.mp4", "out/d.txt", "out/e.svg", "out/f.bin"]
    plain = samples_among(paths, (), 7, "files/")
    assert [(one.step, one.media, one.path) for one in plain] == [
        (2, "image", "files/out/a_step_2.png"),
        (7, "audio", "files/out/b.WAV"),
        (7, "video", "files/out/c.mp4"),
    ]
    (named,) = samples_among(paths, ("out/*.txt",), None, "files/")
    assert (named.media, named.step) == ("text", 0)


def test_nothing_that_a_browser_would_run_is_shown() -> None:
    for name in ("a.svg", "a.html", "a.xml", "a.js", "a.pdf", "a"):
        assert (media_of(name), media_type(name)) == (None, "")


def test_the_worker_tells_of_a_picture_once(tmp_path: Path) -> None:
    script = "mkdir out/samples; echo x > out/samples/step_5_cat.png; echo y > out/model.bin"
    _, events = worker(tmp_path, "sh", "-c", script)
    (sample,) = [event for event in events if event["event"] == "sample"]
    told = {name: sample[name] for name in ("step", "path", "text", "media")}
    path = "files/out/samples/step_5_cat.png"
    assert told == {"step": 5, "path": path, "text": "cat", "media": "image"}
