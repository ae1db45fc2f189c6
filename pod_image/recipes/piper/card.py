"""This run's part of the model card: who the voice is, what it learnt from, how to hear and use it. No torch."""

from __future__ import annotations

from pathlib import Path

from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RunSettings
from pod_image.recipes.base import CardSection
from pod_image.recipes.piper.errors import RecipeError
from pod_image.recipes.piper.identity import quality_of, voice_of
from pod_image.recipes.piper.languages import english_name
from pod_image.recipes.piper.prepared import read_prepared
from pod_image.recipes.piper.quality import SAMPLE_RATE_HZ


def card_section(folder: RunFolder, settings: RunSettings) -> CardSection:
    """Holds for every end of a run: what is not there yet is not mentioned."""
    front = {
        "language": [settings.language.partition("_")[0]],
        "pipeline_tag": "text-to-speech",
        "tags": ["piper", "text-to-speech", "onnx"],
    }
    lines = [*_facts(folder, settings), "", *_use(folder), "", *_samples(folder, settings)]
    return CardSection(front, "\n".join(lines).strip() + "\n")


def _facts(folder: RunFolder, settings: RunSettings) -> list[str]:
    quality = quality_of(settings)
    rows = [
        ("Voice", voice_of(settings, ()).stem),
        ("Language", f"{english_name(settings.language)} ({settings.language})"),
        ("Quality", f"{settings.quality.value}, {SAMPLE_RATE_HZ[quality]:,} Hz"),
        *_set_facts(folder),
        ("Started from", settings.base_checkpoint or "nothing (from scratch)"),
    ]
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]


def _set_facts(folder: RunFolder) -> list[tuple[str, str]]:
    try:
        prepared = read_prepared(folder.prepared)
    except RecipeError:
        return []
    minutes = prepared.hours * 60
    facts = [("Learnt from", f"{len(prepared.clips)} clips, {minutes:.1f} minutes after trimming")]
    if len(prepared.speakers) > 1:
        facts.append(("Speakers", ", ".join(prepared.speakers)))
    return facts


def _use(folder: RunFolder) -> list[str]:
    voices = sorted(folder.voice.glob("*.onnx"))
    if not voices:
        return []
    name = voices[0].name
    return [
        f"Take `voice/{name}` and `voice/{name}.json`, then:",
        "",
        f"- piper-tts: `piper --model {name} --output-file hello.wav -- 'Hello there.'`",
        "- Home Assistant: put both files into the Piper add-on's folder `/share/piper`.",
        f"- sherpa-onnx: `sherpa-onnx-offline-tts --vits-model={name} --vits-tokens=tokens.txt"
        " --vits-data-dir=espeak-ng-data 'Hello there.'` (before version 2).",
    ]


def _samples(folder: RunFolder, settings: RunSettings) -> list[str]:
    spoken = sorted(folder.samples.glob("step-*"))
    if not spoken:
        return []
    files = sorted(spoken[-1].glob("*.wav"))
    return [
        "Samples of the last checkpoint:",
        "",
        *(f"- {_link(folder, settings, file)}" for file in files),
    ]


def _link(folder: RunFolder, settings: RunSettings, file: Path) -> str:
    below = file.relative_to(folder.out).as_posix()
    if not settings.run_id:
        return f"`{below}`"
    return f"[`{below}`]({settings.run_id}/{below})"
