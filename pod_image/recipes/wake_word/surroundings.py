"""Where a clip is heard: a room with its echo, noise or other recordings below it, near or far, by some microphone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pod_image.recipes.wake_word.speaker import RATE_HZ, Sound, at_16_khz

SOUND_FILES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".opus"})
LONGEST_READ_SECONDS = 30
LONGEST_ECHO_SECONDS = 1.0
QUIET_SHARE = 0.15
"""Of the clips that are left as they were said."""


class UnreadableSound(Exception):
    """A recording cannot be read; says which and why."""


@dataclass(frozen=True)
class Surroundings:
    """Recordings to draw from, by their files; noise and echoes are made where there are none."""

    backgrounds: tuple[Path, ...] = ()
    rooms: tuple[Path, ...] = ()

    def around(self, sound: Sound, draw: np.random.Generator) -> Sound:
        """The sound as it is heard somewhere, as long as it was; between -1 and 1."""
        if draw.random() > QUIET_SHARE:
            sound = self.in_room(sound, draw)
            sound = _coloured(sound, draw)
            sound = _above(sound, self._background(len(sound), draw), draw.uniform(0, 30))
        loudness = 10 ** draw.uniform(-1.6, 0)
        heard: Sound = np.clip(sound * loudness, -1, 1).astype(np.float32)
        return heard

    def alone(self, length: int, draw: np.random.Generator) -> Sound:
        """What is heard when nobody says anything to it."""
        sound = self._background(length, draw)
        loudness: Sound = sound * np.float32(10 ** draw.uniform(-3, -0.3))
        return loudness

    def in_room(self, sound: Sound, draw: np.random.Generator) -> Sound:
        """With an echo, most of the time; as loud as before."""
        if draw.random() < 0.4:
            return sound
        response = self._recorded_room(draw) if self.rooms else _made_room(draw)
        if not len(response):
            return sound
        size = len(sound) + len(response) - 1
        wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)
        return _as_loud(wet[: len(sound)].astype(np.float32), sound)

    def _recorded_room(self, draw: np.random.Generator) -> Sound:
        """From the moment on when the sound itself arrives."""
        response = read(self.rooms[draw.integers(len(self.rooms))])
        response = response[: int(LONGEST_ECHO_SECONDS * RATE_HZ)]
        return response[int(np.abs(response).argmax()) :] if len(response) else response

    def _background(self, length: int, draw: np.random.Generator) -> Sound:
        if not self.backgrounds or draw.random() < 0.25:
            return made_noise(length, draw)
        sound = read(self.backgrounds[draw.integers(len(self.backgrounds))])
        if not np.abs(sound).max(initial=0.0):
            return made_noise(length, draw)
        sound = np.tile(sound, 1 + length // len(sound))
        start = draw.integers(len(sound) - length + 1)
        part: Sound = sound[start : start + length]
        return part


def made_noise(length: int, draw: np.random.Generator) -> Sound:
    """Hiss, hum or rumble; each different. Its loudest at one."""
    frequencies = np.fft.rfftfreq(length, 1 / RATE_HZ)
    slope = draw.uniform(0, 1.2)
    spectrum = np.fft.rfft(draw.standard_normal(length)) / np.maximum(frequencies, 30) ** slope
    sound = np.fft.irfft(spectrum, length)
    sound /= np.abs(sound).max(initial=1e-9)
    if draw.random() < 0.3:
        sound = sound * 0.5 + _hum(length, draw)
    if draw.random() < 0.3:  # comes and goes, as a fan or a passing car does
        beat = 0.6 + 0.4 * np.sin(np.arange(length) / RATE_HZ * draw.uniform(0.5, 12))
        sound = sound * beat
    noise: Sound = (sound / np.abs(sound).max(initial=1e-9)).astype(np.float32)
    return noise


def read(path: Path) -> Sound:
    """The first part of a recording, at sixteen kilohertz and one channel. Raises UnreadableSound."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate_hz = file.samplerate
            frames = file.read(int(LONGEST_READ_SECONDS * rate_hz), dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as exc:
        raise UnreadableSound(f"{path.name} cannot be read as audio.") from exc
    return at_16_khz(np.nan_to_num(frames.mean(axis=1)), rate_hz)


def sound_files(folders: Sequence[Path]) -> tuple[Path, ...]:
    """The recordings below these folders, in a fixed order."""
    found = (path for folder in folders for path in folder.rglob("*"))
    return tuple(
        sorted(path for path in found if path.suffix.lower() in SOUND_FILES and path.is_file())
    )


def _hum(length: int, draw: np.random.Generator) -> Sound:
    base_hz = draw.choice([50.0, 60.0, draw.uniform(80, 400)])
    times = np.arange(length) / RATE_HZ
    tones = [np.sin(2 * np.pi * base_hz * n * times + draw.uniform(0, 6)) / n for n in range(1, 6)]
    hum: Sound = (np.sum(tones, axis=0) * 0.3).astype(np.float32)
    return hum


def _made_room(draw: np.random.Generator) -> Sound:
    """An echo that fades, after the sound itself: small rooms and halls."""
    seconds = draw.uniform(0.1, 0.7)
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    echo = draw.standard_normal(len(times)) * np.exp(-6.9 * times / seconds)
    echo *= draw.uniform(0.05, 0.6) / np.sqrt(np.sum(echo**2) + 1e-9)
    echo[: int(0.002 * RATE_HZ)] = 0
    echo[0] = 1.0
    response: Sound = echo.astype(np.float32)
    return response


def _coloured(sound: Sound, draw: np.random.Generator) -> Sound:
    """A small or muffled microphone: parts of the spectrum louder or softer."""
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    points_hz = [0, 200, 800, 2500, 8000]
    gains_db = draw.uniform(-7, 7, len(points_hz))
    gain = 10 ** (np.interp(frequencies, points_hz, gains_db) / 20)
    shaped = np.fft.irfft(np.fft.rfft(sound) * gain, len(sound)).astype(np.float32)
    return _as_loud(shaped, sound)


def _above(sound: Sound, noise: Sound, decibels: float) -> Sound:
    """The sound, so many decibels above the noise."""
    spoken = np.abs(sound) > 1e-4
    power = float(np.mean(sound[spoken] ** 2)) if spoken.any() else 0.0
    below = float(np.mean(noise**2)) + 1e-12
    mixed: Sound = sound + noise * np.float32(np.sqrt(power / below / 10 ** (decibels / 10)))
    peak = float(np.abs(mixed).max(initial=0.0))
    return mixed / peak if peak > 1 else mixed


def _as_loud(sound: Sound, other: Sound) -> Sound:
    peak, wanted = (float(np.abs(one).max(initial=0.0)) for one in (sound, other))
    return sound * np.float32(wanted / peak) if peak else sound
