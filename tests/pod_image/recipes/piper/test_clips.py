"""Batches made on the device are what each clip alone would give; the sampler is fair and repeatable."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from launcher.recipes.piper.speed import total_steps
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.recipes.piper.clips import BucketSampler, Clips, place_of, split
from pod_image.recipes.piper.spectrogram import linear_spectrogram
from tests.pod_image.recipes.piper.cases import made_up_clips, padded_as_on_a_gpu


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
    chosen, sound = apart._sent([2, 0], 60)
    assert (chosen.device.type, sound.device.type) == ("meta", "meta")
    assert (chosen.shape, sound.shape) == ((2,), (2, 60 * 256 + 768))
    assert np.array_equal(apart.sound_of(1), here.sound_of(1))


def test_what_is_sent_to_another_device_in_one_piece_is_what_is_made_here():
    here = made_up_clips(5)
    there = Clips(here.prepared, here._sound, torch.device("cpu"), torch.device("cpu"))
    there.device = torch.device("cpu", 0)  # not equal to the place of the sound, so that it is sent
    chosen, sound = there._sent([4, 1, 3], 70)
    expected = here._sent([4, 1, 3], 70)
    assert chosen.tolist() == expected[0].tolist() == [4, 1, 3]
    assert torch.equal(sound, expected[1])


def test_on_a_gpu_the_frames_decide_the_shape_and_there_are_few_of_them():
    plain = made_up_clips(40)
    padded = padded_as_on_a_gpu(plain)
    shapes = {padded.shape_of([i, j]) for i in range(40) for j in range(i)}
    assert len({plain.shape_of([i, j]) for i in range(40) for j in range(i)}) > 20
    assert len(shapes) == len({frames for frames, _ in shapes}) == 2
    for frames, ids in shapes:
        assert (frames % 64, ids % 16) == (0, 0)
        assert ids >= max(len(c.ids) for c in plain.prepared.clips if c.samples // 256 <= frames)


def test_padding_adds_silence_and_changes_nothing_else():
    plain = made_up_clips(4)
    padded = padded_as_on_a_gpu(plain)
    few, many = plain.batch([2, 0]), padded.batch([2, 0])
    assert many.spectrogram.shape[2] % 64 == 0
    for name, part in vars(few).items():
        wider = getattr(many, name)
        same = tuple(slice(0, size) for size in part.shape)
        assert torch.allclose(wider[same], part, atol=1e-6), name
        if name != "wave":  # of which the end of the longest clip, less than a frame, was cut
            assert float(wider.abs().sum()) == pytest.approx(float(part.abs().sum()))
    for row, index in enumerate([2, 0]):
        assert not many.wave[row, plain.prepared.clips[index].samples :].any()


@pytest.mark.parametrize(("clips", "batch"), [(97, 8), (33, 32), (12, 8), (64, 8), (9, 8), (5, 8)])
def test_batches_are_full_and_every_clip_is_seen_once_an_epoch_to_within_a_batch(clips, batch):
    sampler = BucketSampler(np.arange(100), range(3, 3 + clips), batch=batch, seed=1)
    full, seen, steps = min(batch, clips), dict.fromkeys(range(3, 3 + clips), 0), 0
    for epoch in range(12):
        assert sampler.before(epoch) == steps
        for made in sampler.epoch(epoch):
            assert len(made) == full
            steps += 1
            for index in made:
                seen[index] += 1
        assert set(seen.values()) <= {epoch, epoch + 1}
        assert list(seen.values()).count(epoch) < full  # left over for the next epoch
    assert steps == 12 * clips // full
    assert sampler.steps(12) == -(-12 * clips // full)


@pytest.mark.parametrize("clips", [1, 5, 31, 33, 50, 320, 999])
def test_the_plan_counts_the_steps_that_the_trainer_takes(clips):
    for epochs, batch, share in [(1, 32, 0.0), (10, 32, 0.05), (1000, 8, 0.1), (3, 50, 0.33)]:
        asked = PiperSettings(epochs=epochs, batch_size=batch, validation_split=share)
        learnt, _ = split(clips, share, seed=1)
        sampler = BucketSampler(np.arange(clips), learnt, batch, seed=1)
        assert total_steps(asked, clips) == sampler.steps(epochs)


def test_where_no_clip_is_left_over_batches_are_those_of_earlier_versions():
    def earlier(frames, indices, batch, seed, number):
        draw = np.random.default_rng((seed, number))
        order = draw.permutation(indices).tolist()
        by_length = sorted(order, key=lambda i: frames[i])
        batches = [by_length[i : i + batch] for i in range(0, len(by_length), batch)]
        return [batches[i] for i in draw.permutation(len(batches))]

    frames = np.random.default_rng(0).integers(40, 900, 64)
    sampler = BucketSampler(frames, range(64), batch=8, seed=5)
    assert list(sampler.epoch(7)) == earlier(frames, range(64), 8, 5, 7)


def test_a_pool_of_few_clips_does_not_mix_all_lengths():
    frames = np.random.default_rng(0).integers(40, 900, 17 * 16)
    batches = list(BucketSampler(frames, range(17 * 16), batch=16, seed=1).epoch(0))
    worst = max(frames[batch].max() / frames[batch].mean() for batch in batches)
    padded = sum(frames[batch].max() * len(batch) for batch in batches)
    assert padded / frames.sum() < 1.12
    assert worst < 1.8


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
