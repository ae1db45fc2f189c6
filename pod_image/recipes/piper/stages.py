"""The three processes of the recipe: each reads the run document, does one phase and leaves its files."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pod_image.contract.bodies import PhaseChange, RunWarning
from pod_image.contract.common_settings import Switch
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.delivered_note import delivered_in
from pod_image.contract.environment import RunDocument
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.instructions import Instruction
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import PiperSettings, SpeakersOfDatasets, WhisperModel
from pod_image.dataset import DatasetError, read_datasets
from pod_image.dataset.findings import ABOUT_NO_TEXT
from pod_image.recipes.piper.base_file import base_file
from pod_image.recipes.piper.base_symbols import base_symbols
from pod_image.recipes.piper.card import keep_facts
from pod_image.recipes.piper.disk import checkpoints_held, checkpoints_kept
from pod_image.recipes.piper.foreign_voice import begin_reading
from pod_image.recipes.piper.heard_texts import Load, heard_texts, pinned_whisper
from pod_image.recipes.piper.identity import preparation_of, voice_of
from pod_image.recipes.piper.pinyin_model import pinyin_model
from pod_image.recipes.piper.prepared import read_prepared
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.timed_parts import Beginning
from pod_image.recipes.worker import Emit

if TYPE_CHECKING:
    from pod_image.recipes.piper.checkpoint import Checkpoint

MOST_FINDINGS = 20
OF_THE_OPTIMISERS = "torch._dynamo"
"""torch's optimisers load it, for a compiler that is not used here; that takes as long as torch itself."""
TakeInstructions = Callable[[], list[Instruction]]


def prepare_stage(
    document: RunDocument, folder: RunFolder, emit: Emit, load: Load = pinned_whisper
) -> None:
    """Dataset to prepared set. Raises RecipeError."""
    from pod_image.recipes.piper.preparation import prepare

    keep_facts(document, folder)
    settings = PiperSettings.of(document.settings)
    checkpoints_kept(folder, settings)
    try:
        dataset = read_datasets(
            folder.dataset,
            chosen_datasets(settings),
            unpack_to=folder.prepared / "unpacked",
            is_apart=settings.dataset_speakers is SpeakersOfDatasets.APART,
            tables=settings.table,
            with_untexted=settings.transcribe is not WhisperModel.OFF,
        )
    except DatasetError as exc:
        raise RecipeError(exc.message, hint=exc.hint) from exc
    hears = settings.transcribe is not WhisperModel.OFF
    serious = [
        finding
        for finding in dataset.findings
        if finding.severity is not Severity.NOTE and not (hears and finding.code in ABOUT_NO_TEXT)
    ]
    for finding in serious[:MOST_FINDINGS]:
        emit(_finding_said(finding))
    how = preparation_of(settings, base_symbols(settings, folder), pinyin_model(settings, folder))
    heard = heard_texts(dataset.untexted, settings, folder, emit, load)
    prepare([*dataset.clips, *heard], folder.prepared, how, emit)


def _finding_said(finding: Finding) -> RunWarning:
    place = f"{finding.place}: " if finding.place else ""
    return RunWarning.saying(str(finding.code), f"{place}{finding.message}", finding.hint)


def train_stage(
    document: RunDocument, folder: RunFolder, emit: Emit, take_instructions: TakeInstructions
) -> None:
    """Prepared set to checkpoints and samples; goes on from the newest checkpoint on this disk. Raises RecipeError."""
    beginning, settings = Beginning.of_this_process(), PiperSettings.of(document.settings)
    is_anew = not document.resume and not any(folder.checkpoints.glob("*.ckpt"))
    base = _begin_base(settings, folder) if is_anew else None
    with beginning.part("libraries"):
        import torch

        begin_loading(OF_THE_OPTIMISERS)
        from pod_image.recipes.piper.trainer import Places, Trainer
    from pod_image.recipes.piper.clips import Clips
    from pod_image.recipes.piper.cuda_graphs import step_recorder
    from pod_image.recipes.piper.device import ready_device
    from pod_image.recipes.piper.distributed import join_distributed, leave_distributed
    from pod_image.recipes.piper.record import Recorder
    from pod_image.recipes.piper.training import training_of

    kept, held = checkpoints_kept(folder, settings, emit), checkpoints_held(folder, settings)
    with beginning.part("clips"):
        searches = settings.kernel_search is Switch.ON
        device = ready_device(settings.precision, searches_kernels=searches)
        clips = Clips.load(folder.prepared, device)
    distributed = join_distributed()
    with beginning.part("checkpoint"):
        own = _own_checkpoint(document, folder, emit)
        start = own or (base or _begin_base(settings, folder))()
    training = training_of(settings, kept=kept, held=held)
    recorder = Recorder(folder, emit) if distributed.is_first else None
    trainer = Trainer(
        training,
        clips,
        Places(folder.out),
        emit=recorder or emit,
        commands=take_instructions,
        start=start,
        resume=own is not None,
        at_checkpoint=recorder.at_checkpoint if recorder else None,
        distributed=distributed,
        recorder=step_recorder(settings.graphs, clips.device),
        is_delivered=partial(_is_delivered, folder),
        beginning=beginning,
    )
    del start, own
    try:
        trainer.run()
    finally:
        if recorder:
            recorder.close()
    leave_distributed()
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def begin_loading(module: str) -> None:
    """Load it on a thread: whoever needs it waits for what is still to come."""
    threading.Thread(target=importlib.import_module, args=(module,), name="loading").start()


def _own_checkpoint(document: RunDocument, folder: RunFolder, emit: Emit) -> Checkpoint | None:
    """The newest whole one of this run: left by an earlier start of this container, or fetched to resume."""
    from pod_image.recipes.piper.checkpoint import read_checkpoint
    from pod_image.recipes.piper.keeping import checkpoints_in

    for path in reversed(checkpoints_in(folder.checkpoints)):
        try:
            return read_checkpoint(path)
        except RecipeError as exc:
            # Damaged on the way here; the one before it is still better than the beginning.
            emit(_warning("checkpoint-passed-over", exc))
    if document.resume:
        raise RecipeError(
            "There is no readable checkpoint to resume from.",
            hint="Start again under a new run id; base_checkpoint may name one of the earlier checkpoints.",
        )
    return None


def _is_delivered(folder: RunFolder, checkpoint: Path) -> bool:
    """Whether it may be dropped: the results repo has it, or nobody tells what that has."""
    told = delivered_in(folder)
    return told is None or checkpoint.relative_to(folder.out).as_posix() in told


def _warning(code: str, exc: RecipeError) -> RunWarning:
    return RunWarning.saying(code, exc.message, exc.hint)


def _begin_base(settings: PiperSettings, folder: RunFolder) -> Callable[[], Checkpoint | None]:
    """Begin to read what training starts from, if anything; what comes back waits for it. Raises RecipeError."""
    if not settings.base_checkpoint:
        return lambda: None
    path = folder.base / base_file(settings).path
    if not path.is_file():
        raise RecipeError(
            f"The base checkpoint {settings.base_checkpoint} was not fetched.",
            hint="Check its name: repo/path/file.ckpt on Hugging Face.",
        )
    return begin_reading(path)


def export_stage(document: RunDocument, folder: RunFolder, emit: Emit) -> None:
    """The best checkpoint becomes the voice; the others get theirs beside them. Raises RecipeError."""
    from pod_image.recipes.piper.checkpoint import read_checkpoint
    from pod_image.recipes.piper.export import export_voice, generator_of
    from pod_image.recipes.piper.keeping import best_checkpoint, checkpoints_in

    kept, best = checkpoints_in(folder.checkpoints), best_checkpoint(folder.checkpoints)
    if best is None:
        raise RecipeError(
            "There is no checkpoint to make a voice from.",
            hint="Training ended before its first checkpoint; the log says why.",
        )
    prepared = read_prepared(folder.prepared)
    settings = PiperSettings.of(document.settings)
    voice = voice_of(settings, prepared.speakers, prepared.symbols)
    total = len(kept)
    export_voice(generator_of(read_checkpoint(best)), voice, folder.voice)
    emit(_exported(1, total))
    for done, path in enumerate((path for path in kept if path != best), start=2):
        beside = folder.checkpoints / path.stem
        if not (beside / f"{voice.stem}.onnx").exists():
            export_voice(generator_of(read_checkpoint(path)), voice, beside)
        emit(_exported(done, total))


def _exported(done: int, total: int) -> PhaseChange:
    return PhaseChange(phase=Phase.EXPORT, state="progress", done=done, total=total, unit="voices")
