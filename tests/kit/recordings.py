"""Recordings as people have them, made from the demo clips: talks with pauses, in any container, with subtitles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soundfile as sf

from tests.kit.checkout import DEMO_CLIPS

RATE_HZ = 22_050
PAUSE_SECONDS = 0.8


def sentences() -> list[tuple[Path, str]]:
    rows = [
        line.split("|")
        for line in (DEMO_CLIPS / "metadata.csv").read_text(encoding="utf-8").splitlines()
    ]
    return [(DEMO_CLIPS / "wavs" / f"{name}.flac", text) for name, text in rows]


@dataclass(frozen=True)
class Talk:
    """Several demo clips in a row: the sound, and when each sentence is said."""

    wave: np.ndarray
    cues: list[tuple[float, float, str]]

    @property
    def seconds(self) -> float:
        return len(self.wave) / RATE_HZ


def talk(count: int) -> Talk:
    """Sentences of the demo clips with pauses between them, over a faint noise."""
    pieces: list[np.ndarray] = []
    cues: list[tuple[float, float, str]] = []
    at = 0.0
    for path, text in sentences()[:count]:
        wave, _ = sf.read(path, dtype="float32")
        pieces += [np.zeros(int(PAUSE_SECONDS * RATE_HZ), "float32"), wave]
        start = at + PAUSE_SECONDS
        at = start + len(wave) / RATE_HZ
        cues.append((start, at, text))
    pieces.append(np.zeros(int(PAUSE_SECONDS * RATE_HZ), "float32"))
    whole = np.concatenate(pieces)
    noise = np.random.default_rng(1).normal(0, 1e-4, len(whole)).astype("float32")
    return Talk(whole + noise, cues)


def write_sound(path: Path, wave: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    """WAV, FLAC, OGG or MP3 by the ending, through libsndfile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = path.suffix[1:].upper()
    sf.write(path, wave, rate_hz, format="OGG" if kind == "OPUS" else kind,
             subtype="OPUS" if kind == "OPUS" else None)  # fmt: skip
    return path


def write_container(path: Path, wave: np.ndarray, codec: str, *, video: bool = False) -> Path:
    """M4A, MP4, MKV and so on, through FFmpeg's own encoder; with a black picture if asked for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        if video:
            picture = container.add_stream("mpeg4", rate=5)
            picture.width = picture.height = 64
            picture.pix_fmt = "yuv420p"
        track = container.add_stream(codec, rate=RATE_HZ)
        assert isinstance(track, av.AudioStream)
        track.layout = av.AudioLayout("mono")
        samples = (wave * 32767).astype("int16").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(format=track.format, layout="mono", rate=RATE_HZ,
                                      frame_size=track.frame_size or 1024)  # fmt: skip
        if video:
            black = av.VideoFrame(64, 64, "yuv420p")
            for packet in [*picture.encode(black), *picture.encode()]:
                container.mux(packet)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            for packet in track.encode(piece):
                container.mux(packet)
        for packet in track.encode():
            container.mux(packet)
    return path


def srt(cues: list[tuple[float, float, str]], shift: float = 0.0) -> str:
    return "\n".join(
        f"{number}\n{_time(start + shift)} --> {_time(end + shift)}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, 1)
    )


def vtt(cues: list[tuple[float, float, str]]) -> str:
    body = "\n".join(
        f"{_time(s).replace(',', '.')} --> {_time(e).replace(',', '.')} align:start\n<v Anna>{text}</v>\n"
        for s, e, text in cues
    )
    return f"WEBVTT\n\n{body}"


def _time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"
