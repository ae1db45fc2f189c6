"""Texts for clips that have none, by a recogniser, before the training: heard, delivered, trained on."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from pod_image.contract.bodies import PhaseChange, ResultsCollected, RunWarning
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.contract.whole_file import write_whole
from pod_image.dataset import Clip
from pod_image.dataset.fitness import LONGEST_SECONDS
from pod_image.hearing.clips import HeardClip, hear_clip
from pod_image.hearing.hearing_error import HearingError
from pod_image.hearing.models import NAMED_MODELS, check_weights
from pod_image.hearing.recogniser import RATE_HZ, HeardText, HeardWord, Recogniser
from pod_image.hearing.sounds import UnreadableSound, load_sound
from pod_image.hearing.speech import speech_detector
from pod_image.hearing.whisper import Whisper
from pod_image.recipes.cores import usable_cores
from pod_image.recipes.piper.prepared import TRANSCRIPTS_NAME
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.recogniser_files import RECOGNISER_FOLDER
from pod_image.recipes.worker import Emit

HEADER = ("file", "text", "confidence")
UNSURE = "[?]"
"""Stands behind a word that the recogniser is not sure of; in the table alone, not in what is trained on."""
MOST_WARNINGS = 20
Load = Callable[[Path, str, int], Recogniser]


def pinned_whisper(folder: Path, name: str, jobs: int) -> Recogniser:
    """The model that the agent fetched. HearingError where it is not the pinned one.

    It hears on the processors: ctranslate2's wheels want CUDA 12 where torch brings 13, and a clip costs a third of a
    second of one core with base.
    """
    check_weights(folder, NAMED_MODELS[name])
    return Whisper(folder, name=name, jobs=jobs, threads=1)


def heard_texts(
    clips: Sequence[Clip],
    settings: PiperSettings,
    folder: RunFolder,
    emit: Emit,
    load: Load = pinned_whisper,
) -> list[Clip]:
    """The clips with what was heard in each, without those in which nothing was; said to be delivered at once.

    Raises RecipeError where there is no recogniser.
    """
    if not clips:
        return []
    jobs = usable_cores()
    name = settings.transcribe.value
    try:
        recogniser = load(folder.base / RECOGNISER_FOLDER, name, jobs)
        heard = list(_each_heard(clips, recogniser, settings.language, jobs, emit))
    except HearingError as exc:
        raise RecipeError(exc.message, hint=exc.hint) from exc
    made = [
        (clip, each) for clip, each in zip(clips, heard, strict=True) if each.heard.text.strip()
    ]
    _say(clips, heard, len(made), name, emit)
    below = (folder.dataset, folder.prepared)
    goal = folder.out / TRANSCRIPTS_NAME
    goal.parent.mkdir(parents=True, exist_ok=True)
    write_whole(goal, table_of(made, below), is_durable=True)
    emit(ResultsCollected(files=1))
    return [replace(clip, text=each.heard.text.strip()) for clip, each in made]


def table_of(made: Sequence[tuple[Clip, HeardClip]], below: Sequence[Path]) -> str:
    """file|text|confidence, with a mark behind each word to look at. Paths count from the first of `below`."""
    written = io.StringIO()
    rows = csv.writer(written, delimiter="|", lineterminator="\n")
    rows.writerow(HEADER)
    for clip, each in made:
        text = " ".join(_marked(word, each) for word in each.heard.words) or each.heard.text
        rows.writerow((_named(clip.path, below), text, f"{each.heard.confidence:.2f}"))
    return written.getvalue()


def _marked(word: HeardWord, clip: HeardClip) -> str:
    return f"{word.text}{UNSURE}" if word in clip.unsure_words else word.text


def _named(path: Path, below: Sequence[Path]) -> str:
    for folder in below:
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.name


def _each_heard(
    clips: Sequence[Clip], recogniser: Recogniser, language: str, jobs: int, emit: Emit
) -> Iterator[HeardClip]:
    def hear(clip: Clip) -> HeardClip:
        try:
            sound = load_sound(clip.path)
        except UnreadableSound as exc:
            return HeardClip(HeardText(""), f"It {exc}.")
        seconds = len(sound) / RATE_HZ
        if seconds > LONGEST_SECONDS:
            return HeardClip(HeardText(""), f"It lasts {seconds:.0f} s: cut it into clips first.")
        return hear_clip(recogniser, speech_detector(), sound, language)

    with ThreadPoolExecutor(jobs, thread_name_prefix="hearing") as pool:
        for done, each in enumerate(pool.map(hear, clips), 1):
            yield each
            if done % 25 == 0 or done == len(clips):
                emit(
                    PhaseChange(
                        phase=Phase.PREPARE,
                        state="progress",
                        done=done,
                        total=len(clips),
                        unit="clips heard",
                    )
                )


def _say(
    clips: Sequence[Clip], heard: Sequence[HeardClip], texts: int, name: str, emit: Emit
) -> None:
    without = [(clip, each) for clip, each in zip(clips, heard, strict=True) if each.why_not]
    for clip, each in without[:MOST_WARNINGS]:
        emit(RunWarning.saying("clip-not-heard", f"{clip.place}: {each.why_not}", ""))
    unsure = sum(len(each.unsure_words) for each in heard)
    emit(
        RunWarning.saying(
            "texts-heard",
            f"{texts:,} of {len(clips):,} clips without a text have one that Whisper {name} heard, with {unsure:,} "
            "unsure words; nobody has read them.",
            f"They are in {TRANSCRIPTS_NAME} of the results.",
        )
    )
