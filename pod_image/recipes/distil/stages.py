"""The process before Piper's own training: clips are made, and those that agree are prepared as any recordings are."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pod_image.contract.bodies import PhaseChange, ResultsCollected, RunWarning
from pod_image.contract.environment import RunDocument
from pod_image.contract.figures import counted
from pod_image.contract.next_steps import Sentence as Hint
from pod_image.contract.next_steps import setting
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.distil import DistilSettings
from pod_image.contract.recipes.piper import PiperSettings, WhisperModel
from pod_image.hearing.hearing_error import HearingError
from pod_image.hearing.recogniser import Recogniser
from pod_image.recipes.cores import usable_cores
from pod_image.recipes.distil.agreement import Limits, chosen, why_dropped
from pod_image.recipes.distil.making import Making, Places
from pod_image.recipes.distil.measured import Ears
from pod_image.recipes.distil.piper_teacher import PiperTeacher
from pod_image.recipes.distil.report import Report
from pod_image.recipes.distil.rows import Row
from pod_image.recipes.distil.sentences import sentences_of
from pod_image.recipes.distil.shards import FOLDER, clip_file
from pod_image.recipes.distil.teacher import Teacher
from pod_image.recipes.distil.teacher_file import teacher_path
from pod_image.recipes.distil.teacher_program import command_teacher
from pod_image.recipes.piper.base_symbols import base_symbols
from pod_image.recipes.piper.card import keep_facts
from pod_image.recipes.piper.disk import checkpoints_kept
from pod_image.recipes.piper.heard_texts import Load, pinned_whisper
from pod_image.recipes.piper.identity import preparation_of
from pod_image.recipes.piper.pinyin_model import pinyin_model
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.recogniser_files import RECOGNISER_FOLDER
from pod_image.recipes.worker import Emit

WORK = "spoken"
"""Below `RunFolder.prepared`."""
FEWEST_TO_JUDGE = 50
"""So many clips tell whether teacher and recogniser go together."""


@dataclass(frozen=True)
class MadeClip:
    """A clip that was kept, as preparation takes it."""

    path: Path
    text: str
    place: str
    speaker: str | None = None
    dataset: int = 0


class Ended(SystemExit):
    """The stage was told to end: what was made is brought to where it is delivered from on the way out."""


def prepare_stage(
    document: RunDocument, folder: RunFolder, emit: Emit, load: Load = pinned_whisper
) -> None:
    """Sentences to prepared set. Raises RecipeError."""
    from pod_image.recipes.piper.preparation import prepare

    signal.signal(signal.SIGTERM, _end)
    keep_facts(document, folder)
    settings = PiperSettings.of(document.settings)
    checkpoints_kept(folder, settings)
    clips = make_clips(DistilSettings.of(document.settings), folder, emit, load)
    how = preparation_of(settings, base_symbols(settings, folder), pinyin_model(settings, folder))
    prepare(clips, folder.prepared, how, emit)


def _end(number: int, frame: object) -> None:
    raise Ended(128 + number)


def make_clips(
    settings: DistilSettings, folder: RunFolder, emit: Emit, load: Load = pinned_whisper
) -> list[MadeClip]:
    """Those that agree, in the order of their sentences; the rest is counted and said. Raises RecipeError."""
    sentences = sentences_of(settings, folder.dataset, folder.prepared)
    limits, places = Limits.of(settings), Places(folder.prepared / WORK, folder.out / FOLDER)
    making = Making(
        places,
        _ears(settings, folder, load),
        limits,
        emit,
        jobs=usable_cores(),
        enough_seconds=settings.kept_minutes * 60,
        shard_seconds=settings.checkpoint_minutes * 60,
        look=lambda rows: _refuse_too_few(rows, limits, settings),
    )
    rows = making.make(sentences, lambda: _teacher(settings, folder, emit))
    dropped = chosen({row.key: row for row in rows}, limits)
    report = Report.of(rows, dropped, teacher_name(settings), _recogniser(settings))
    report.write(folder.out, rows, dropped)
    emit(ResultsCollected(files=2))
    emit(RunWarning.saying("clips-heard", report.sentence, ""))
    _refuse_share(report.kept, report.spoken, settings)
    return [
        MadeClip(places.clips / clip_file(row.key), row.text, f"sentence {number}")
        for number, row in enumerate(rows, start=1)
        if row.key not in dropped
    ]


def teacher_name(settings: DistilSettings) -> str:
    return Path(settings.teacher_file).stem or "a command"


def _recogniser(settings: DistilSettings) -> str:
    return "" if settings.heard_by is WhisperModel.OFF else f"Whisper {settings.heard_by.value}"


def _teacher(settings: DistilSettings, folder: RunFolder, emit: Emit) -> Teacher:
    if settings.teacher_command:
        return command_teacher(settings, folder, lambda: emit(_alive()))
    teacher = PiperTeacher(teacher_path(settings, folder), settings.teacher_speaker)
    theirs = teacher.language
    if theirs and theirs.partition("_")[0] != settings.language.partition("_")[0]:
        emit(
            RunWarning.saying(
                "teacher-language",
                f"The teacher speaks {theirs}, but the voice should speak {settings.language}.",
                Hint("Give the teacher's language: ", setting("language", theirs), "."),
            )
        )
    return teacher


def _alive() -> PhaseChange:
    """A teacher that loads its model gets on, though no clip comes of it yet."""
    return PhaseChange(phase=Phase.PREPARE, state="progress", detail="the teacher works")


def _ears(settings: DistilSettings, folder: RunFolder, load: Load) -> Ears:
    if settings.heard_by is WhisperModel.OFF:
        return Ears(None, settings.language)
    try:
        recogniser: Recogniser = load(
            folder.base / RECOGNISER_FOLDER, settings.heard_by.value, usable_cores()
        )
    except HearingError as exc:
        raise RecipeError(exc.message, hint=exc.hint) from exc
    return Ears(recogniser, settings.language)


def _refuse_too_few(rows: Sequence[Row], limits: Limits, settings: DistilSettings) -> None:
    """After the first clips, and not after hours of them: a wrong language is heard at once."""
    if len(rows) != FEWEST_TO_JUDGE:
        return
    kept = sum(why_dropped(row, limits) is None for row in rows)
    _refuse_share(kept, len(rows), settings)


def _refuse_share(kept: int, of: int, settings: DistilSettings) -> None:
    if kept and kept >= settings.least_kept_share * of:
        return
    raise RecipeError(
        f"Only {kept:,} of {counted(of, 'clip')} agree with their sentences; at least "
        f"{settings.least_kept_share:.0%} are asked for.",
        hint=Hint(
            "Listen to what was spoken, and check that teacher, language and recogniser match; ",
            setting("least_kept_share"),
            " lets less pass.",
        ),
    )
