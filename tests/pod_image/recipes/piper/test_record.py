"""What a training leaves to look at can be read by the programs it is meant for."""

from __future__ import annotations

import csv
import io
import itertools
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pod_image.contract.bodies import Step
from pod_image.contract.paths import RunFolder
from pod_image.recipes.piper.event_file import EventFile
from pod_image.recipes.piper.pictures import PANEL_HEIGHT, PANEL_WIDTH, curves, heat_map, png
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.record import Recorder, read_losses
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training
from tests.kit.sent_events import kept_in
from tests.pod_image.recipes.piper.cases import TINY, made_up_clips

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def read_tensorboard(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    sizes = {"scalars": 0, "images": 0, "audio": 0}
    return EventAccumulator(str(folder), size_guidance=sizes).Reload()


def step_event(step, mel=1.0):
    return Step(step=step, losses={"mel": mel, "kl": 2.0}, steps_per_second=3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder of a short training with a recorder, and the events that came through it."""
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    events: list[Any] = []
    seconds = itertools.count(1_700_000_000)
    recorder = Recorder(folder, kept_in(events), now=lambda: next(seconds))
    training = Training(
        Quality.X_LOW,
        epochs=10,
        batch_size=2,
        max_steps=2,
        checkpoint_steps=1,
        validation_split=0.3,
        sample_sentences=("Hello.",),
        sizes=TINY,
    )
    Trainer(
        training,
        made_up_clips(4),
        Places(folder.out),
        emit=recorder,
        at_checkpoint=recorder.at_checkpoint,
    ).run()
    recorder.close()
    return folder, events


def test_tensorboard_reads_scalars_sound_and_pictures(trained):
    folder, events = trained
    board = read_tensorboard(folder.tensorboard)
    tags = board.Tags()
    assert {"loss/mel", "loss/discriminator", "validation_mel"} <= set(tags["scalars"])
    steps = [event for event in events if event["event"] == "step"]
    got = [(each.step, each.value) for each in board.Scalars("loss/mel")]
    assert got == [(e["step"], pytest.approx(e["losses"]["mel"], rel=1e-6)) for e in steps]
    assert tags["audio"] == ["reference", "sample/01"]
    assert [clip.step for clip in board.Audio("sample/01")] == [1, 2]
    sound = board.Audio("reference")[0]
    assert (sound.sample_rate, sound.content_type) == (16_000, "audio/wav")
    path = folder.samples / "reference.wav"
    assert sound.encoded_audio_string == path.read_bytes()
    assert {"alignment", "reference/spectrogram", "sample/01/spectrogram"} <= set(tags["images"])


def test_the_alignment_is_a_way_from_the_first_phoneme_to_the_last(trained):
    folder, _ = trained
    picture = read_tensorboard(folder.tensorboard).Images("alignment")[0].encoded_image_string
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("L"), dtype=int)
    height, width = pixels.shape
    assert pixels[height - 1, 0] > 200 > 100 > pixels[0, 0]
    assert pixels[0, width - 1] > 200 > 100 > pixels[height - 1, width - 1]


def test_only_whole_files_have_names_that_are_delivered(tmp_path):
    folder = RunFolder(tmp_path)
    recorder = Recorder(folder, lambda event: None)
    recorder(step_event(1))
    assert all(path.name.startswith(".") for path in folder.tensorboard.iterdir())
    recorder.close()
    names = sorted(path.name for path in folder.tensorboard.iterdir())
    assert len(names) == 3
    assert names[0] == "curves.png"
    assert names[1].startswith("events.out.tfevents.")
    assert names[2] == "losses.csv"


def test_events_pass_through_unchanged_and_in_order(trained):
    _, events = trained
    kinds = [event["event"] for event in events]
    assert kinds[0] == "sample"
    assert kinds.count("checkpoint") == 2


def test_steps_made_again_after_a_restart_replace_those_before(tmp_path):
    folder = RunFolder(tmp_path)
    for first, mel in ((1, 9.0), (3, 5.0)):
        recorder = Recorder(folder, lambda event: None)
        for step in range(first, first + 3):
            recorder(step_event(step, mel))
        recorder.close()
    rows = read_losses(folder.tensorboard / "losses.csv")
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["mel"] for row in rows] == [9, 9, 5, 5, 5]
    with (folder.tensorboard / "losses.csv").open() as file:
        assert next(csv.reader(file)) == ["step", "mel", "kl"]


def test_a_damaged_table_of_losses_does_not_stop_a_training(tmp_path):
    folder = RunFolder(tmp_path)
    folder.tensorboard.mkdir(parents=True)
    (folder.tensorboard / "losses.csv").write_text("step,mel\n1,abc\n")
    recorder = Recorder(folder, lambda event: None)
    recorder(step_event(1))
    recorder.close()
    assert [row["mel"] for row in read_losses(folder.tensorboard / "losses.csv")] == [1.0]


def test_curves_are_a_picture_with_a_panel_for_each_loss(trained):
    folder, _ = trained
    picture = Image.open(folder.tensorboard / "curves.png")
    assert picture.size == (3 * PANEL_WIDTH, 2 * PANEL_HEIGHT)
    pixels = np.asarray(picture.convert("L"))
    for row, column in itertools.product(range(2), range(3)):
        top, left = row * PANEL_HEIGHT, column * PANEL_WIDTH
        assert (pixels[top : top + PANEL_HEIGHT, left : left + PANEL_WIDTH] < 120).sum() > 100


def test_a_curve_goes_down_where_its_figures_do():
    falling = curves({"mel": [(1, 3.0), (2, 2.0), (3, 1.0)]})
    is_line = (falling == (31, 94, 168)).all(axis=2)
    rows, columns = is_line.nonzero()
    assert rows[columns.argmin()] < rows[columns.argmax()]


def test_curves_hold_what_is_flat_empty_or_not_finite():
    flat = [(1, 2.0), (2, 2.0)]
    picture = curves({"flat": flat, "none": [], "odd": [(1, float("nan")), (2, 1.0)]})
    assert picture.shape == (PANEL_HEIGHT, 3 * PANEL_WIDTH, 3)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (80, 40)])
def test_a_heat_map_is_a_png_that_others_read(shape):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    picture = Image.open(io.BytesIO(png(heat_map(values))))
    picture.load()
    assert picture.mode == "RGB"
    assert min(picture.size) >= 160
    brightest = np.asarray(picture.convert("L"))
    if values.size > 1:
        assert brightest[0, -1] > brightest[-1, 0]


def test_a_long_value_and_step_are_framed_right(tmp_path):
    file = EventFile(tmp_path / "events.out.tfevents.1.a", 1.0)
    file.scalar("x" * 300, 0.25, 2**40, 2.0)
    file.close()
    (value,) = read_tensorboard(tmp_path).Scalars("x" * 300)
    assert (value.step, value.value) == (2**40, 0.25)
