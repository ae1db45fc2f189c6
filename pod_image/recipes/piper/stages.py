"""The three processes of the recipe: each reads the run document, does one phase and leaves its files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pod_image.contract.environment import RunDocument
from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RunSettings
from pod_image.dataset import DatasetError, Finding, Severity, read_dataset
from pod_image.recipes.piper.base_file import base_file
from pod_image.recipes.piper.card import keep_facts
from pod_image.recipes.piper.errors import RecipeError
from pod_image.recipes.piper.identity import preparation_of, quality_of, voice_of
from pod_image.recipes.piper.prepared import read_prepared
from pod_image.recipes.worker import Inbox, Reporter

if TYPE_CHECKING:
    from pod_image.recipes.piper.checkpoint import Checkpoint

MOST_FINDINGS = 20


def prepare_stage(document: RunDocument, folder: RunFolder, emit: Reporter) -> None:
    """Dataset to prepared set. Raises RecipeError."""
    from pod_image.recipes.piper.preparation import prepare

    keep_facts(document, folder)
    try:
        dataset = read_dataset(folder.dataset, unpack_to=folder.prepared / "unpacked")
    except DatasetError as exc:
        raise RecipeError(exc.message, hint=exc.hint) from exc
    serious = [f for f in dataset.findings if f.severity is not Severity.NOTE]
    for finding in serious[:MOST_FINDINGS]:
        emit(_finding_event(finding))
    prepare(dataset.clips, folder.prepared, preparation_of(document.settings), emit)


def _finding_event(finding: Finding) -> dict[str, Any]:
    return {
        "event": "warning",
        "code": str(finding.code),
        "message": f"{finding.place}: {finding.message}" if finding.place else finding.message,
        "hint": finding.fix,
    }


def train_stage(document: RunDocument, folder: RunFolder, emit: Reporter, inbox: Inbox) -> None:
    """Prepared set to checkpoints and samples; goes on from the newest checkpoint on this disk. Raises RecipeError."""
    import torch

    from pod_image.recipes.piper.clips import Clips
    from pod_image.recipes.piper.record import Recorder
    from pod_image.recipes.piper.trainer import Places, Trainer, Training

    settings = document.settings
    clips = Clips.load(folder.prepared, _ready_device())
    own = _own_checkpoint(document, folder, emit)
    start = own or _base_checkpoint(settings, folder)
    training = Training(
        quality=quality_of(settings),
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        speakers=settings.speakers,
        max_steps=settings.max_steps,
        train_seconds=settings.train_minutes * 60,
        validation_split=settings.validation_split,
        checkpoint_seconds=settings.checkpoint_minutes * 60,
        seed=settings.seed,
        sample_sentences=settings.sample_sentences,
    )
    recorder = Recorder(folder, emit)
    trainer = Trainer(
        training,
        clips,
        Places(folder.out),
        emit=recorder,
        commands=inbox.take,
        start=start,
        resume=own is not None,
        at_checkpoint=recorder.at_checkpoint,
    )
    del start, own
    try:
        trainer.run()
    finally:
        recorder.close()
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _ready_device() -> Any:
    import torch

    # Denormals cost a hundred times a normal number on a CPU, and silence is full of them.
    torch.set_flush_denormal(True)
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def _own_checkpoint(document: RunDocument, folder: RunFolder, emit: Reporter) -> Checkpoint | None:
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


def _warning(code: str, exc: RecipeError) -> dict[str, Any]:
    return {"event": "warning", "code": code, "message": exc.message, "hint": exc.hint}


def _base_checkpoint(settings: RunSettings, folder: RunFolder) -> Checkpoint | None:
    if not settings.base_checkpoint:
        return None
    path = folder.base / base_file(settings).path
    if not path.is_file():
        raise RecipeError(
            f"The base checkpoint {settings.base_checkpoint} was not fetched.",
            hint="Check its name: repo/path/file.ckpt on Hugging Face.",
        )
    if path.suffix == ".onnx":
        from pod_image.recipes.piper.onnx_voice import read_onnx_voice

        return read_onnx_voice(path)
    from pod_image.recipes.piper.checkpoint import read_checkpoint

    return read_checkpoint(path)


def export_stage(document: RunDocument, folder: RunFolder, emit: Reporter) -> None:
    """The newest checkpoint becomes the voice; older ones get theirs beside them. Raises RecipeError."""
    from pod_image.recipes.piper.checkpoint import read_checkpoint
    from pod_image.recipes.piper.export import export_voice, generator_of
    from pod_image.recipes.piper.keeping import checkpoints_in

    kept = checkpoints_in(folder.checkpoints)
    if not kept:
        raise RecipeError(
            "There is no checkpoint to make a voice of.",
            hint="Training ended before its first checkpoint; the log says why.",
        )
    *older, newest = kept
    voice = voice_of(document.settings, read_prepared(folder.prepared).speakers)
    total = len(kept)
    export_voice(generator_of(read_checkpoint(newest)), voice, folder.voice)
    emit(_exported(1, total))
    for done, path in enumerate(older, start=2):
        beside = folder.checkpoints / path.stem
        if not (beside / f"{voice.stem}.onnx").exists():
            export_voice(generator_of(read_checkpoint(path)), voice, beside)
        emit(_exported(done, total))


def _exported(done: int, total: int) -> dict[str, Any]:
    return {
        "event": "phase",
        "phase": "export",
        "state": "progress",
        "done": done,
        "total": total,
        "unit": "voices",
    }
