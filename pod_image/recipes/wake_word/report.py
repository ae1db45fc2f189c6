"""What is said of a finished wake word: `scores.json` for programs, `README.md` for whoever uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pod_image.contract.figures import duration
from pod_image.contract.letters import UNSAFE_LETTER
from pod_image.contract.whole_file import write_whole
from pod_image.recipes.wake_word.order import Order
from pod_image.recipes.wake_word.scores import THRESHOLD, THRESHOLDS, Peaks

SCORES = "scores.json"
README = "README.md"


def write_report(out: Path, order: Order, window: int, peaks: Peaks, *, has_hours: bool) -> None:
    scores = scores_of(order, window, peaks)
    write_whole(out / SCORES, json.dumps(scores, indent=2, ensure_ascii=False) + "\n")
    write_whole(out / README, readme(order, scores, has_hours=has_hours))


def scores_of(order: Order, window: int, peaks: Peaks) -> dict[str, Any]:
    """All of it measured by the exported file, with clips that it never learnt from."""
    return {
        "phrases": list(order.phrases),
        "input": [1, window, 96],
        "threshold": THRESHOLD,
        **_rounded(peaks.scores()),
        "held_out": {
            "clips": len(peaks.positive),
            "near_misses": len(peaks.near_miss),
            "own_recordings": len(peaks.recorded),
            "other_sound_hours": round(peaks.hours, 3),
        },
        "near_misses_by_kind": {kind: _rounded(found) for kind, found in peaks.by_kind().items()},
        "thresholds": {str(at): _rounded(peaks.scores(at)) for at in THRESHOLDS},
    }


def readme(order: Order, scores: dict[str, Any], *, has_hours: bool) -> str:
    phrase = plain(order.phrases[0])
    kind = "recorded sound" if has_hours else "speech and noise that were made"
    rows = [
        f"| {at} | {found['heard']:.1%} | {found['near_misses_taken']:.1%} | {found['false_alarms_per_hour']:.1f} |"
        for at, found in scores["thresholds"].items()
    ]
    return "\n".join(
        [
            f"# {phrase}",
            "",
            f"A wake word in openWakeWord's format. `{order.name}.tflite` is for Home Assistant and Wyoming, "
            f"`{order.name}.onnx` for openWakeWord on onnxruntime. Both give the same answers.",
            "",
            f"- Home Assistant: copy `{order.name}.tflite` to `/share/openwakeword/`, restart the openWakeWord add-on, "
            "and choose it in the assistant's settings.",
            f"- Wyoming: `--custom-model-dir` names the folder with `{order.name}.tflite` in it.",
            f'- Python: `openwakeword.Model(wakeword_models=["{order.name}.onnx"], inference_framework="onnx")`.',
            "",
            "## How well it hears",
            "",
            f"Measured with {scores['held_out']['clips']} clips of the wake word and "
            f"{scores['held_out']['near_misses']} near misses that it never learnt from, and with "
            f"{duration(scores['held_out']['other_sound_hours'] * 3600)} of {kind}.",
            "",
            "| Threshold | Wake words heard | Near misses taken for it | False alarms an hour |",
            "|---|---|---|---|",
            *rows,
            "",
            "The voices are a computer's. People, microphones and rooms differ: try it where you will use it, "
            "and adjust the threshold.",
            "",
            "openWakeWord's shared feature models come with it where it is used, and are not in these files. Its "
            "project puts its pre-trained models under CC BY-NC-SA 4.0.",
            "",
        ]
    )


def plain(text: str) -> str:
    """As it may stand in Markdown: one line, no letter that changes what is around it."""
    return UNSAFE_LETTER.sub("?", " ".join(text.split())).translate(
        {ord(char): f"\\{char}" for char in "\\`*_{}[]<>#|"}
    )


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}
