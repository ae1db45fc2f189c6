"""Batches made on the device are what each clip alone would give; the sampler is fair and repeatable."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pod_image.recipes.piper.clips import BucketSampler, Clips, place_of, split
from pod_image.recipes.piper.spectrogram import linear_spectrogram
from tests.pod_image.recipes.piper.cases import made_up_clips


def test_a_clip_in_a_batch_has_the_spectrogram_it_has_alone():
    clips = made_up_clips(4)
    batch = clips.batch([2, 0, 3])
    for row, index in enumerate([2, 0, 3]):
        sound = torch.from_numpy(clips.sound_of(index).astype(np.float32) / 32768)
        alone = linear_spectrogram(sound[None])[0]
        frames = int(batch.frame_lengths[row])
        assert alone.shape[1] == frames
        assert torch.allclose(batch.spectrogram[row, :, :frames], alone, atol=1e-4)
        assert not batch.spectrogram[row, :, frames:].any()


def test_a_batch_holds_sound_ids_and_speakers_of_its_clips_and_silence_after_them():
    clips = made_up_clips(5, speakers=2)
    batch = clips.batch([4, 1])
    for row, index in enumerate([4, 1]):
        clip = clips.prepared.clips[index]
        sound = torch.from_numpy(clips.sound_of(index).astype(np.float32) / 32768)
        held = min(len(sound), batch.wave.shape[1])
        assert torch.equal(batch.wave[row, :held], sound[:held])
        assert not batch.wave[row, held:].any()
        assert batch.ids[row, : len(clip.ids)].tolist() == clip.ids
        assert int(batch.id_lengths[row]) == len(clip.ids)
    assert batch.speakers.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("device", "gigabytes", "free", "place"),
    [
        ("cuda:1", 1, 24, "cuda:1"),
        ("cuda:1", 7, 24, "cpu"),
        ("cuda:1", 1, 0, "cpu"),
        ("cpu", 60, 0, "cpu"),
    ],
)
def test_recordings_are_on_the_gpu_where_they_leave_it_room_for_the_step(
    device, gigabytes, free, place
):
    found = place_of(gigabytes << 30, torch.device(device), free << 30)
    assert found == torch.device(place)


def test_recordings_held_elsewhere_than_the_model_are_indexed_there():
    """No GPU here: a device without memory shows what would be computed where."""
    here = made_up_clips(3)
    apart = Clips(here.prepared, here._sound, torch.device("meta"), torch.device("cpu"))
    assert apart._sound.device.type == "cpu"
    mirrored = apart._mirrored([2, 0], 60)
    assert (mirrored.device.type, mirrored.shape) == ("meta", (2, 60 * 256 + 768))
    assert np.array_equal(apart.sound_of(1), here.sound_of(1))


def test_every_clip_is_seen_once_an_epoch():
    sampler = BucketSampler(np.arange(100), range(3, 100), batch=8, seed=1)
    batches = list(sampler.epoch(0))
    assert len(batches) == sampler.batches == 13
    assert sorted(i for batch in batches for i in batch) == list(range(3, 100))


def test_batches_hold_clips_of_like_length():
    frames = np.random.default_rng(0).integers(40, 900, 512)
    batches = list(BucketSampler(frames, range(512), batch=16, seed=1).epoch(0))
    padded = sum(frames[batch].max() * len(batch) for batch in batches)
    assert padded / frames.sum() < 1.1  # 1.7 without sorting


def test_epochs_differ_but_the_same_seed_repeats_them():
    def order(seed, epoch):
        return list(BucketSampler(np.arange(50), range(50), batch=4, seed=seed).epoch(epoch))

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_an_epoch_can_be_entered_in_the_middle():
    sampler = BucketSampler(np.arange(50), range(50), batch=4, seed=1)
    assert list(sampler.epoch(3, first=5)) == list(sampler.epoch(3))[5:]


@pytest.mark.parametrize(("clips", "share", "aside"), [(12, 0.05, 1), (100, 0.1, 10), (1, 0.5, 0)])
def test_a_split_is_disjoint_and_leaves_something_to_learn(clips, share, aside):
    learnt, measured = split(clips, share, seed=7)
    assert len(measured) == aside
    assert sorted(learnt + measured) == list(range(clips))
    assert split(clips, share, seed=7) == (learnt, measured)
