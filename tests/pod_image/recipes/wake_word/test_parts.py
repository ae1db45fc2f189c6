"""Clips in parts: spoken, put where a listener would hear them, kept as features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pod_image.recipes.wake_word.ears import HOP, WIDTH, Ears, frame_count, samples_for
from pod_image.recipes.wake_word.making import held_out_recordings, loaded, make_all, parts_of
from pod_image.recipes.wake_word.near_misses import Kind
from pod_image.recipes.wake_word.parts import (
    AFTER_FRAMES,
    LATEST_END_SECONDS,
    VARIANTS,
    Makings,
    Part,
    Role,
    Workshop,
    make,
    write_wav,
)
from pod_image.recipes.wake_word.speaker import LOUD, RATE_HZ, Manner, Speaker, UnusableVoice
from pod_image.recipes.wake_word.surroundings import (
    Surroundings,
    UnreadableSound,
    made_noise,
    read,
    sound_files,
)
from tests.kit.tiny_voice import tiny_voice
from tests.kit.wake_word_packages import write_ears

WINDOW = 16


@pytest.fixture
def makings(tmp_path: Path) -> Makings:
    for name, raw in tiny_voice().items():
        (tmp_path / name).write_bytes(raw)
    voice = next(tmp_path.glob("*.onnx"))
    ears = write_ears(tmp_path / "ears")
    return Makings(("hey anna",), ("hey hanna",), (voice,), ears, WINDOW, Surroundings())


def test_a_voice_is_cut_to_what_is_heard_and_says_things_faster_when_asked(
    makings: Makings,
) -> None:
    speaker = Speaker(makings.voices[0])
    symbols = speaker.symbols("hey anna.")
    assert "".join(symbols) == "hˈeɪ ˈænə."
    sound, small = (speaker.say(symbols, Manner(size=size)) for size in (1.0, 1.25))
    assert abs(np.abs(sound).max() - LOUD) < 0.02
    assert abs(len(small) / len(sound) - 0.8) < 0.02
    assert np.abs(sound[:50]).max() > 0


def test_a_voice_without_a_description_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.onnx.json").write_text("{}")
    with pytest.raises(UnusableVoice, match=r"a\.onnx\.json"):
        Speaker(tmp_path / "a.onnx")


def test_every_clip_of_a_part_is_heard_in_several_surroundings(makings: Makings) -> None:
    frames, kinds = make(Part(Role.PHRASE, False, 0, 2), makings)
    assert frames.shape == (2 * VARIANTS, WINDOW + AFTER_FRAMES, WIDTH)
    assert kinds == ["phrase"] * 4
    assert not np.array_equal(frames[0], frames[1])
    again, _ = make(Part(Role.PHRASE, False, 0, 2), makings)
    assert np.array_equal(frames, again)
    other, _ = make(Part(Role.PHRASE, False, 1, 2), makings)
    assert not np.array_equal(frames, other)


def test_what_is_held_out_is_heard_once_and_near_misses_tell_their_kind(makings: Makings) -> None:
    frames, kinds = make(Part(Role.NEAR_MISS, True, 0, 12), makings)
    assert len(frames) == len(kinds) == 12
    assert set(kinds) <= set(Kind)
    assert len(set(kinds)) > 1


def test_a_wake_word_ends_where_a_window_ends_or_a_little_before(makings: Makings) -> None:
    workshop = Workshop(Part(Role.PHRASE, False, 0, 8), makings)
    whole, quiet = samples_for(WINDOW + AFTER_FRAMES), 0
    for sound, _ in workshop.clips():
        assert len(sound) == whole
        # Loud up to the end of the first window, or a fifth of a second before: what comes after is other talk.
        end = whole - AFTER_FRAMES * HOP
        early = int(LATEST_END_SECONDS * RATE_HZ)
        assert np.abs(sound[end - early - 400 : end]).max() > LOUD / 2
        quiet += not np.abs(sound[end:]).any()
    assert quiet >= 3


def test_talk_that_holds_the_wake_word_is_not_said(makings: Makings) -> None:
    everything = Makings(("the",), (), makings.voices, makings.ears, WINDOW, Surroundings())
    workshop = Workshop(Part(Role.SPEECH, False, 0, 1), everything)
    assert not any("ðə" in "".join(workshop.other_symbols()) for _ in range(40))


def test_noise_is_as_loud_as_can_be_and_never_twice_the_same() -> None:
    draw = np.random.default_rng(0)
    sounds = [made_noise(4_000, draw) for _ in range(6)]
    assert all(abs(np.abs(sound).max() - 1) < 1e-3 for sound in sounds)
    assert len({sound.tobytes() for sound in sounds}) == 6


def recorded(folder: Path, name: str, hertz: float, seconds: float = 1.0) -> Path:
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    folder.mkdir(exist_ok=True)
    write_wav(folder / name, np.sin(2 * np.pi * hertz * times).astype(np.float32) * 0.5)
    return folder / name


def loudness_at(sound: np.ndarray, hertz: float) -> float:
    spectrum = np.abs(np.fft.rfft(sound))
    return float(spectrum[round(hertz * len(sound) / RATE_HZ)] / spectrum.sum())


def test_given_backgrounds_and_rooms_are_heard(tmp_path: Path) -> None:
    tone = recorded(tmp_path / "noise", "tone.wav", 1000.0)
    draw = np.random.default_rng(0)
    silence = np.zeros(RATE_HZ, dtype=np.float32)
    alone = [Surroundings((tone,)).alone(RATE_HZ, draw) for _ in range(12)]
    assert sum(loudness_at(sound, 1000.0) > 0.2 for sound in alone) >= 6
    # An echo half a second later, and nothing else.
    response = np.zeros(RATE_HZ, dtype=np.float32)
    response[100], response[8_100] = 1.0, 0.5
    write_wav(tmp_path / "room.wav", response)
    click = silence.copy()
    click[1_000] = 0.7
    heard = [Surroundings(rooms=(tmp_path / "room.wav",)).in_room(click, draw) for _ in range(8)]
    echoes = [sound for sound in heard if np.abs(sound[9_000]) > 0.1]
    assert echoes
    assert all(np.argmax(np.abs(sound)) == 1_000 for sound in heard)


def test_recordings_are_found_by_their_endings_through_links_too(tmp_path: Path) -> None:
    tone = recorded(tmp_path / "noise", "tone.wav", 500.0)
    (tmp_path / "noise" / "linked.WAV").symlink_to(tone)
    (tmp_path / "noise" / "card.md").write_text("no sound")
    assert [path.name for path in sound_files([tmp_path / "noise"])] == ["linked.WAV", "tone.wav"]


def test_what_is_no_sound_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF nothing")
    with pytest.raises(UnreadableSound, match=r"bad\.wav"):
        read(tmp_path / "bad.wav")


def test_features_are_those_of_a_listener_piece_by_piece(makings: Makings) -> None:
    ears = Ears(makings.ears)
    sound = made_noise(samples_for(18), np.random.default_rng(1)) * np.float32(0.5)
    frames = ears.frames(sound)
    assert frames.shape == (frame_count(len(sound)), WIDTH)
    later = ears.frames(sound[2 * HOP :])
    np.testing.assert_allclose(frames[2:], later, rtol=1e-4, atol=1e-5)


def clips_in(parts: Sequence[Part], role: Role, *, held_out: bool) -> int:
    return sum(p.clips for p in parts if (p.role, p.held_out) == (role, held_out))


def test_a_run_has_near_misses_as_many_as_wake_words_and_some_of_all_apart() -> None:
    parts = parts_of(230)
    assert clips_in(parts, Role.PHRASE, held_out=False) == 230
    assert clips_in(parts, Role.NEAR_MISS, held_out=False) == 230
    for role in (Role.PHRASE, Role.NEAR_MISS):
        assert clips_in(parts, role, held_out=True) == 23
    for role in (Role.SPEECH, Role.NOISE):
        assert clips_in(parts, role, held_out=True) > 0
    assert clips_in(parts, Role.RECORDED, held_out=False) == 0
    assert len({part.name for part in parts}) == len({part.seed for part in parts}) == len(parts)


def test_own_recordings_are_heard_often_and_one_in_five_is_kept_apart() -> None:
    parts = parts_of(1_000, recordings=11)
    assert held_out_recordings(11) == 2
    assert clips_in(parts, Role.RECORDED, held_out=True) == 2
    assert clips_in(parts, Role.RECORDED, held_out=False) == 9 * 40


def test_own_recordings_are_learnt_by_their_names(makings: Makings, tmp_path: Path) -> None:
    own = [recorded(tmp_path / "own", f"{n}.wav", 300.0 + n, 0.5) for n in range(2)]
    given = Makings(
        makings.phrases, (), makings.voices, makings.ears, WINDOW, Surroundings(), tuple(own)
    )
    frames, kinds = make(Part(Role.RECORDED, False, 0, 3), given)
    assert kinds == ["0.wav"] * VARIANTS + ["1.wav"] * VARIANTS + ["0.wav"] * VARIANTS
    assert len(frames) == len(kinds)


def test_what_is_there_is_not_made_again_and_a_stop_keeps_what_is_whole(
    makings: Makings, tmp_path: Path
) -> None:
    parts = [Part(Role.NOISE, True, number, 1) for number in range(3)]
    folder, told = tmp_path / "parts", []
    by_side = {True: makings, False: makings}

    def tell(done: int, whole: int) -> None:
        told.append((done, whole))

    stop = iter([False, True])
    assert not make_all(parts, by_side, folder, 1, tell, lambda: next(stop))
    made = sorted(path.name for path in folder.iterdir())
    assert made == [parts[0].name]
    before = (folder / made[0]).stat().st_mtime_ns
    assert make_all(parts, by_side, folder, 1, tell, lambda: False)
    assert told == [(0, 3), (1, 3), (1, 3), (2, 3), (3, 3)]
    assert (folder / made[0]).stat().st_mtime_ns == before
    frames, kinds = loaded(folder, parts, Role.NOISE, held_out=True)
    assert len(frames) == 3
    assert kinds.tolist() == ["noise"] * 3
