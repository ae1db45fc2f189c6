"""How good voices are: `python -m tests.bench.quality [RUN] [--voice FILE.onnx ...] [--target FOLDER] [--json]`.

RUN is a run's folder on this machine, or its id once its voices were fetched: the final voice and those of its
checkpoints are judged. Each voice speaks the sentences of the target's clips by the Piper runtime and is held against
the recordings: what a recogniser understands, mel-cepstral distance, duration, clipping, silence, pitch; and scores of
the judges that are installed. The recordings are judged too, as the row to compare with. Judges are strangers' packages
with weights inside; none is needed, and a missing one is said with the command that installs it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import types
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import soundfile
import soxr

from launcher.config import read_config
from launcher.services.voices.delivered import local_voices
from pod_image.dataset import read_dataset
from pod_image.recipes.piper.scores import Recorded, Sound, score
from tests.kit.checkout import DEMO_CLIPS

JUDGED_RATE_HZ = 16_000
"""What every recogniser and judge here was trained on."""

Hear = Callable[[Sound], list[str]]
"""Words understood in sound of 16 kHz."""
Judge = Callable[[Sound], dict[str, float]]
"""Scores by name of sound of 16 kHz."""


@dataclass(frozen=True)
class Tool:
    """Something that listens. `needs` are the modules it is made of."""

    needs: tuple[str, ...]
    install: str

    @property
    def is_here(self) -> bool:
        return all(find_spec(name) is not None for name in self.needs)


TOOLS = {
    "pocketsphinx": Tool(("pocketsphinx",), 'pip install "pocketsphinx>=5"'),
    "whisper": Tool(
        ("faster_whisper",),
        "pip install faster-whisper, and name a folder with a CTranslate2 model by --whisper-model",
    ),
    "dnsmos": Tool(("speechmos", "librosa"), "pip install --no-deps speechmos==0.0.1.1"),
    "distillmos": Tool(
        ("distillmos", "xls_r_sqa"), "pip install --no-deps distillmos==0.9.1 xls-r-sqa==0.1.0"
    ),
}


@dataclass(frozen=True)
class Target:
    """The recordings of the speaker that a voice is to sound like, with what is said in them."""

    sentences: tuple[str, ...]
    sounds: tuple[Sound, ...]
    rates_hz: tuple[int, ...]

    def at(self, rate_hz: int) -> list[Sound]:
        return [at_rate(s, r, rate_hz) for s, r in zip(self.sounds, self.rates_hz, strict=True)]


@dataclass(frozen=True)
class Panel:
    """Who listens."""

    recognisers: dict[str, Hear]
    judges: dict[str, Judge]
    absent: dict[str, str]
    """Install commands of those that are not here."""


def main() -> None:
    asked = _arguments()
    voices = [Path(voice) for voice in asked.voice] + _voices_of(asked.run)
    target = _target(asked.target or DEMO_CLIPS, asked.sentences)
    panel = _panel(asked.whisper_model, set(asked.without))
    rows = {"recordings": _as_heard(target.at(JUDGED_RATE_HZ), target.sentences, panel)}
    for voice in voices:
        rows[_title(voice)] = _voice(voice, target, panel)
    found = {
        "target": str(asked.target or "the demo's clips"),
        "sentences": len(target.sentences),
        "voices": rows,
        "absent": panel.absent,
    }
    print(json.dumps(found) if asked.json else _text(found))


def _voice(voice: Path, target: Target, panel: Panel) -> dict[str, float]:
    sounds, rate_hz = _spoken(voice, target.sentences)
    scores = score(sounds, [Recorded.of(s, rate_hz) for s in target.at(rate_hz)], rate_hz)
    at_16 = [at_rate(sound, rate_hz, JUDGED_RATE_HZ) for sound in sounds]
    return {**scores.as_event(), **_as_heard(at_16, target.sentences, panel)}


def _as_heard(sounds: Sequence[Sound], sentences: Sequence[str], panel: Panel) -> dict[str, float]:
    """Word error rates over all words, and means of the judges' scores."""
    found: dict[str, float] = {}
    for name, hear in panel.recognisers.items():
        pairs = [(words_of(s), hear(x)) for s, x in zip(sentences, sounds, strict=True)]
        found[f"word_error_rate_{name}"] = round(word_error_rate(pairs), 4)
    for judge in panel.judges.values():
        scores = [judge(sound) for sound in sounds]
        found |= {name: round(fmean(s[name] for s in scores), 3) for name in scores[0]}
    return found


# What is judged


def _voices_of(run: str) -> list[Path]:
    """Oldest checkpoint first, the final voice last."""
    if not run:
        return []
    places = [Path(run), *read_config().results_folder.glob(f"*/*/{run}")]
    folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        raise SystemExit(
            f"There is no run {run} on this machine. Bring its voices here: launcher results {run} --download"
        )
    return sorted(local_voices(folder), key=lambda path: (path.parent.name == "voice", path))


def _title(voice: Path) -> str:
    step = re.fullmatch(r"step-0*(\d+)", voice.parent.name)
    return f"{voice.stem}, step {step[1]}" if step else voice.stem


def _target(folder: Path, limit: int) -> Target:
    with tempfile.TemporaryDirectory(prefix="quality-bench-") as scratch:
        clips = read_dataset(folder, unpack_to=Path(scratch)).clips[:limit]
        read = [soundfile.read(clip.path, dtype="float32", always_2d=True) for clip in clips]
    return Target(
        tuple(clip.text for clip in clips),
        tuple(sound.mean(axis=1) for sound, _ in read),
        tuple(rate_hz for _, rate_hz in read),
    )


def _spoken(voice: Path, sentences: Sequence[str]) -> tuple[list[Sound], int]:
    """As loud as the network makes them: making it fit would hide what clips."""
    from piper import PiperVoice, SynthesisConfig

    speaker = PiperVoice.load(voice)
    how = SynthesisConfig(normalize_audio=False)
    sounds = [
        np.concatenate([chunk.audio_float_array for chunk in speaker.synthesize(text, how)])
        for text in sentences
    ]
    return sounds, speaker.config.sample_rate


def at_rate(sound: Sound, from_hz: int, to_hz: int) -> Sound:
    if from_hz == to_hz:
        return sound
    resampled: Sound = soxr.resample(sound, from_hz, to_hz)
    return resampled


# Who judges


def _panel(whisper_model: str, without: set[str]) -> Panel:
    absent = {name: tool.install for name, tool in TOOLS.items() if not tool.is_here}
    if "whisper" not in absent and not whisper_model:
        absent["whisper"] = "name a folder with a CTranslate2 model by --whisper-model"
    here = [name for name in TOOLS if name not in absent and name not in without]
    makers: dict[str, Callable[[], Any]] = {
        "pocketsphinx": _pocketsphinx,
        "whisper": lambda: _whisper(whisper_model),
        "dnsmos": _dnsmos,
        "distillmos": _distillmos,
    }
    made = {name: makers[name]() for name in here}
    return Panel(
        {name: made[name] for name in ("pocketsphinx", "whisper") if name in made},
        {name: made[name] for name in ("dnsmos", "distillmos") if name in made},
        absent,
    )


def _pocketsphinx() -> Hear:
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=JUDGED_RATE_HZ, loglevel="FATAL")

    def hear(sound: Sound) -> list[str]:
        decoder.start_utt()
        decoder.process_raw(_pcm(sound), full_utt=True)
        decoder.end_utt()
        best = decoder.hyp()
        return words_of(best.hypstr) if best else []

    return hear


def _whisper(model: str) -> Hear:
    from faster_whisper import WhisperModel

    whisper = WhisperModel(model, device="cpu", compute_type="int8")

    def hear(sound: Sound) -> list[str]:
        segments, _ = whisper.transcribe(sound.astype(np.float32), language="en", beam_size=5)
        return words_of(" ".join(segment.text for segment in segments))

    return hear


def _dnsmos() -> Judge:
    from speechmos import dnsmos

    def judge(sound: Sound) -> dict[str, float]:
        found = dnsmos.run(sound.clip(-1, 1).astype(np.float32), sr=JUDGED_RATE_HZ)
        return {f"dnsmos_{name.removesuffix('_mos')}": float(found[name]) for name in found}

    return judge


def _distillmos() -> Judge:
    if find_spec("torchaudio") is None:
        # Only its command line uses torchaudio; its package imports it all the same.
        sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    import distillmos
    import torch

    # It tells where its weights are; what is printed here is JSON.
    with redirect_stdout(sys.stderr):
        model = distillmos.ConvTransformerSQAModel().eval()

    def judge(sound: Sound) -> dict[str, float]:
        with torch.no_grad():
            return {"distillmos": float(model(torch.from_numpy(sound.astype(np.float32))[None]))}

    return judge


def _pcm(sound: Sound) -> bytes:
    return (sound.clip(-1, 1) * 32767).astype("<i2").tobytes()


# Words


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def word_error_rate(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> float:
    """Words put in, left out or exchanged, over the words that were to be said; above 1 when far more is heard."""
    wrong = sum(word_errors(said, heard) for said, heard in pairs)
    return wrong / max(1, sum(len(said) for said, _ in pairs))


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest words put in, left out or exchanged that make one of the other."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def _text(found: dict[str, Any]) -> str:
    lines = [f"{found['sentences']} sentences of {found['target']}"]
    for name, scores in found["voices"].items():
        lines += ["", name, *(f"  {key:<28} {value:g}" for key, value in scores.items())]
    for name, install in found["absent"].items():
        lines.append(f"\n{name} is not here: {install}")
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?", default="", help="folder or id of a run on this machine")
    parser.add_argument("--voice", nargs="*", default=[], metavar="FILE.onnx")
    parser.add_argument("--target", type=Path, help="dataset folder; the demo's clips otherwise")
    parser.add_argument("--sentences", type=int, default=20)
    parser.add_argument("--whisper-model", default="", metavar="FOLDER")
    parser.add_argument("--without", nargs="*", default=[], choices=sorted(TOOLS))
    parser.add_argument("--json", action="store_true", help="one line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
