"""The child process that decodes and cuts: one JSON job a line in, JSON lines out; holds no secret, opens no socket.

A broken or hostile recording can at worst end this process; the parent starts another.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from launcher.workshop.cutting import Span, cut_at_cues, cut_at_pauses, speech_spans
from launcher.workshop.decoding import DecodeError, decode_recording
from launcher.workshop.loudness import gain_to
from launcher.workshop.speech import FRAME_SECONDS, speech_probabilities
from launcher.workshop.timed_text import Cue, TimedTextFault, read_timed_text, sentences
from launcher.workshop.timed_text.order import is_of_another_recording, within
from pod_image.contract.findings import Finding
from pod_image.dataset import Code

MOST_MEMORY_BYTES = 8 * 2**30
"""Address space, of which most is only reserved by the libraries."""
MOST_FILE_BYTES = 16 * 2**30
WHOLE_CLIP_SECONDS = 15.0
"""A recording up to this length is one clip; a longer one is cut."""
WAV_SUBTYPE = "PCM_16"


def main() -> None:
    """Serve jobs until stdin closes."""
    _limit_this_process()
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer: dict[str, Any] = {"done": _work(job)}
        except DecodeError as exc:
            answer = {"failed": str(exc)}
        except OSError as exc:
            answer = {"failed": f"cannot be read or written: {exc.strerror or exc}"}
        except ImportError as exc:
            answer = {"missing": str(exc.name)}
        _say(answer)


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _limit_this_process() -> None:
    try:
        resource = importlib.import_module("resource")
    except ImportError:  # Windows has none; the parent's time limit remains
        return
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, MOST_MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, MOST_FILE_BYTES),
    ):
        _, hard = resource.getrlimit(kind)
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (wanted, hard))


def _work(job: dict[str, Any]) -> dict[str, Any]:
    """Clips of one recording. `job` is what `pool.Job` writes."""
    recording, rate_hz = Path(job["recording"]), int(job["rate_hz"])
    speech = _Speech(int(job["threads"]))
    with tempfile.TemporaryFile(dir=job["folder"]) as sound:
        samples = decode_recording(
            recording, rate_hz, job["most_seconds"], sound, speech.hear, _tell
        )  # fmt: skip
        seconds = samples / rate_hz
        if samples == 0:
            raise DecodeError("holds no sound")
        spans, findings = _spans(job, seconds, speech)
        clips = list(_write_clips(job, sound, spans, rate_hz, full_scale_of(sound)))
    told = [[str(each.code), each.place, str(each.message), str(each.hint)] for each in findings]
    return {"seconds": seconds, "clips": clips, "findings": told}


def _tell(seconds: float) -> None:
    _say({"decoded_seconds": seconds})


def _spans(
    job: dict[str, Any], seconds: float, speech: _Speech
) -> tuple[Sequence[Span], list[Finding]]:
    if job["timed_text"]:
        cues, findings = _cues(Path(job["timed_text"]), seconds)
        if not job["cut"]:
            return [Span(0.0, seconds, " ".join(each.text for each in cues))], findings
        return cut_at_cues(sentences(cues), _speech_in(speech), seconds), findings
    if seconds <= WHOLE_CLIP_SECONDS or not job["cut"]:
        return [Span(0.0, seconds, job["text"])], []
    findings = [_text_without_times(job["recording"])] if job["text"] else []
    spans = cut_at_pauses(_speech_in(speech), speech.probabilities, speech.frame_seconds, seconds)
    return spans, findings


def _cues(path: Path, seconds: float) -> tuple[list[Cue], list[Finding]]:
    try:
        read = read_timed_text(path.name, path.read_bytes())
    except TimedTextFault as exc:
        raise DecodeError(
            f"is left out, for {path.name} beside it {exc}. Correct that file, or remove it: then the "
            f"recording is cut at its pauses"
        ) from exc
    if is_of_another_recording(read.cues, seconds):
        raise DecodeError(
            f"ends before most texts of {path.name} begin: they belong to another recording, or the file was cut off"
        )
    inside = within(read.cues, seconds, path.name)
    return inside.cues, [*read.findings, *inside.findings]


def _text_without_times(recording: str) -> Finding:
    """The text of a long recording cannot be shared out among its pieces: they are left to be typed."""
    return Code.TIMED_TEXT_UNUSED.finding(
        Path(recording).name, "Its text has no times, and the recording was cut: its clips need transcripts.",
        "Give a text with times beside it, such as subtitles (.srt) or Audacity labels.",
    )  # fmt: skip


def _speech_in(speech: _Speech) -> list[Span]:
    return speech_spans(speech.probabilities, speech.frame_seconds)


class _Speech:
    """The recording at 16 kHz, and the probability of speech in it once that is asked for."""

    frame_seconds = FRAME_SECONDS

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._heard: list[tuple[float, Any]] = []
        self._probabilities: list[float] | None = None

    def hear(self, wave: Any) -> None:
        full_scale = max(1.0, float(abs(wave).max(initial=0.0)))
        self._heard.append((full_scale, (wave * (32767 / full_scale)).astype("int16")))

    @property
    def probabilities(self) -> list[float]:
        """Reckoned only when they are needed: a short clip is not cut."""
        if self._probabilities is None:
            self._probabilities = speech_probabilities(self._as_loud(), self._threads)
        return self._probabilities

    def _as_loud(self) -> Any:
        """All pieces at the full scale of the loudest; 1.0 but for floats over full scale."""
        numpy = importlib.import_module("numpy")
        loudest = max(full_scale for full_scale, _ in self._heard)
        return numpy.concatenate(
            [
                wave if full_scale == loudest else (wave * (full_scale / loudest)).astype("int16")
                for full_scale, wave in self._heard
            ]
        )


def full_scale_of(sound: Any) -> float:
    """1.0, or the loudest sample of a recording whose floats are over full scale."""
    numpy = importlib.import_module("numpy")
    sound.seek(0)
    loudest = 1.0
    while piece := sound.read(4 * 2**18):
        loudest = max(loudest, float(abs(numpy.frombuffer(piece, dtype="<f4")).max()))
    return loudest


def _write_clips(
    job: dict[str, Any], sound: Any, spans: Sequence[Span], rate_hz: int, full_scale: float
) -> Iterator[dict[str, Any]]:
    numpy = importlib.import_module("numpy")
    soundfile = importlib.import_module("soundfile")
    for number, span in enumerate(spans, 1):
        first, last = round(span.start * rate_hz), round(span.end * rate_hz)
        sound.seek(first * 4)
        wave = numpy.frombuffer(sound.read((last - first) * 4), dtype="<f4") / full_scale
        if not len(wave):
            continue
        if job["loudness_lufs"] is not None:
            wave = wave * gain_to(wave, rate_hz, job["loudness_lufs"])
        wave = numpy.clip(numpy.rint(wave * 32768.0), -32768, 32767).astype("int16")
        one = len(spans) == 1
        name = f"{job['prefix']}{'' if one else f'-{number:04d}'}.{job['kind']}"
        path = Path(job["folder"]) / name
        soundfile.write(path, wave, rate_hz, format=job["kind"].upper(), subtype=WAV_SUBTYPE)
        yield {
            "file": name,
            "seconds": len(wave) / rate_hz,
            "text": span.text or "",
            "speaker": span.speaker,
        }


if __name__ == "__main__":
    main()
