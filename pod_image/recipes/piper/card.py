"""This run's part of the model card: who the voice is, what it learnt from, how to hear and use it. No torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.environment import RunDocument
from pod_image.contract.figures import recorded
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.contract.variables import PUBLIC_HUB_URL
from pod_image.recipes.base import CardSection
from pod_image.recipes.piper.identity import quality_of, voice_of
from pod_image.recipes.piper.languages import english_name
from pod_image.recipes.piper.prepared import read_prepared
from pod_image.recipes.piper.quality import SAMPLE_RATE_HZ
from pod_image.recipes.piper.recipe_error import RecipeError

CURVES_NAME = "tensorboard/curves.png"
"""Below `out`, in a folder that is handed to the training's user: in `out` itself that user may not write."""
_FACTS = "run.json"


def keep_facts(document: RunDocument, folder: RunFolder) -> None:
    """Leave beside the prepared set what the card will need of the run document: its id, the base's licence."""
    folder.prepared.mkdir(parents=True, exist_ok=True)
    facts = {"run_id": document.run_id, "base_licence": document.base_licence}
    (folder.prepared / _FACTS).write_text(json.dumps(facts), encoding="utf-8")


def card_section(folder: RunFolder, settings: PiperSettings) -> CardSection:
    """Holds for every end of a run: what is not there yet is not mentioned."""
    front: dict[str, Any] = {
        "language": [settings.language.partition("_")[0]],
        "pipeline_tag": "text-to-speech",
        "tags": ["piper", "text-to-speech", "onnx"],
    }
    datasets = chosen_datasets(settings)
    if datasets:
        front["datasets"] = list(dict.fromkeys(one.repo for one in datasets))
    facts = _facts(folder)
    at = _Place(folder, settings, facts.get("run_id") or settings.run_id)
    parts = [
        _table(
            _voice_rows(settings)
            + _dataset_rows(settings)
            + _set_rows(folder)
            + _base_rows(settings, facts)
        ),
        _table(_setting_rows(settings)),
        _curves(at),
        _samples(at),
        _use(at),
    ]
    return CardSection(front, "\n\n".join("\n".join(part) for part in parts if part) + "\n")


def _facts(folder: RunFolder) -> dict[str, str]:
    try:
        facts: dict[str, str] = json.loads((folder.prepared / _FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts


class _Place:
    """Where a file of this run will be in the results repo."""

    def __init__(self, folder: RunFolder, settings: PiperSettings, run_id: str) -> None:
        self.folder, self._settings, self._run_id = folder, settings, run_id
        self.phoneme_type = settings.phoneme_type

    def below(self, file: Path) -> str:
        """Relative to the card, which is at the root of the repo."""
        return f"{self._run_id}/{file.relative_to(self.folder.out).as_posix()}"

    def url(self, file: Path) -> str:
        """Absolute: the page of a repo plays sound only from a whole address. In a folder the file lies below."""
        if self._settings.results_folder:
            return self.below(file)
        return f"{PUBLIC_HUB_URL}/{self._settings.results_repo}/resolve/main/{self.below(file)}"


Rows = list[tuple[str, str]]


def _table(rows: Rows) -> list[str]:
    return ["| | |", "|---|---|", *(f"| {name} | {_cell(value)} |" for name, value in rows)]


def _cell(value: str) -> str:
    return " ".join(value.replace("|", "\\|").split())


def _voice_rows(settings: PiperSettings) -> Rows:
    quality = quality_of(settings)
    return [
        ("Voice", voice_of(settings, ()).stem),
        ("Language", f"{english_name(settings.language)} ({settings.language})"),
        ("Quality", f"{settings.quality.value}, {SAMPLE_RATE_HZ[quality]:,} Hz"),
    ]


def _dataset_rows(settings: PiperSettings) -> Rows:
    """Of several datasets: which, and how much was learnt from each."""
    datasets, shares = chosen_datasets(settings), settings.dataset_shares
    if len(datasets) < 2:
        return []
    names = ", ".join(one.name for one in datasets)
    rows = [("Datasets", names), ("Speakers of the datasets", settings.dataset_speakers.value)]
    if len(shares) == len(datasets):
        parts = [
            f"{share / sum(shares):.0%} {one.name}"
            for share, one in zip(shares, datasets, strict=True)
        ]
        rows.append(("Shares", ", ".join(parts)))
    return rows


def _set_rows(folder: RunFolder) -> Rows:
    try:
        prepared = read_prepared(folder.prepared)
    except RecipeError:
        return []
    clips = f"{len(prepared.clips):,} clips, {recorded(prepared.hours * 60)} after trimming"
    names = ", ".join(prepared.speakers) if len(prepared.speakers) > 1 else "one"
    return [("Learnt from", clips), ("Speakers", names)]


def _base_rows(settings: PiperSettings, facts: dict[str, str]) -> Rows:
    if not settings.base_checkpoint:
        return [("Started from", "nothing (from scratch)")]
    terms = facts.get("base_licence") or "not named on its card; check before you publish or sell"
    return [("Started from", settings.base_checkpoint), ("Licence of the base", terms)]


def _setting_rows(settings: PiperSettings) -> Rows:
    limits = [f"{settings.epochs:,} epochs at most"]
    if settings.max_steps:
        limits.append(f"{settings.max_steps:,} steps at most")
    return [
        ("Batch size", str(settings.batch_size)),
        ("Learning rate", _rate(settings)),
        ("Length", ", ".join(limits)),
        ("Held out", f"{settings.validation_split:.0%} of the clips"),
        ("Seed", str(settings.seed)),
    ]


def _rate(settings: PiperSettings) -> str:
    decay = settings.learning_rate_decay
    return f"{settings.learning_rate:g}" + (
        f", times {decay:g} after every epoch" if decay != 1 else ""
    )


def _curves(at: _Place) -> list[str]:
    picture = at.folder.out / CURVES_NAME
    return [f"![Losses by step]({at.below(picture)})"] if picture.is_file() else []


def _samples(at: _Place) -> list[str]:
    spoken = sorted(at.folder.samples.glob("step-*"))
    files = sorted(spoken[-1].glob("*.wav")) if spoken else []
    if not files:
        return []
    reference = at.folder.samples / "reference.wav"
    step = int(spoken[-1].name.removeprefix("step-"))
    lines = [f"Samples of step {step:,}:", ""]
    lines += _players(at, files)
    if reference.is_file():
        lines += ["", "The recording they should sound like:", "", *_players(at, [reference])]
    return lines


def _players(at: _Place, files: Sequence[Path]) -> list[str]:
    return [
        f'- <audio controls src="{at.url(file)}"></audio> [{file.name}]({at.below(file)})'
        for file in files
    ]


def _use(at: _Place) -> list[str]:
    voices = sorted(at.folder.voice.glob("*.onnx"))
    if not voices:
        return []
    name = voices[0].name
    extra = at.phoneme_type.piper_extra
    needs = f" It needs `pip install 'piper-tts[{extra}]'`." if extra else ""
    return [
        f"Take [`{name}`]({at.below(voices[0])}) and [`{name}.json`]({at.below(voices[0])}.json), then:",
        "",
        f"- piper-tts: `piper --model {name} --output-file hello.wav -- 'Hello there.'`",
        "  Write plain, composed letters: piper-tts spells out ligatures and full-width letters, "
        "and ignores combining accents."
        f"{needs}",
        "- Home Assistant: put both files into the Piper add-on's folder `/share/piper`.",
        f"- sherpa-onnx before version 2: `sherpa-onnx-offline-tts --vits-model={name} --vits-tokens=tokens.txt"
        " --vits-data-dir=espeak-ng-data 'Hello there.'`; `tokens.txt` is next to the voice.",
    ]
