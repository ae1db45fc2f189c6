"""What a training leaves to look at: TensorBoard files, and the curves on the model card."""

from __future__ import annotations

import csv
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pod_image.contract.bodies import Body, CheckpointWritten, Sample, Step
from pod_image.contract.paths import RunFolder
from pod_image.contract.whole_file import replacing, write_whole
from pod_image.recipes.piper.card import CURVES_NAME
from pod_image.recipes.piper.event_file import EventFile
from pod_image.recipes.piper.pictures import curves, heat_map, png
from pod_image.recipes.piper.prepared import LOSSES_NAME
from pod_image.recipes.worker import Emit

if TYPE_CHECKING:
    from pod_image.recipes.piper.trainer import Trainer

MOST_POINTS = 600
"""Points of a curve: as many as it is pixels wide, twice."""


class Recorder:
    """Stands between the trainer and the agent: events pass through, and are kept on the way.

    One event file for each stretch between checkpoints, closed with it: only whole files are delivered.
    """

    def __init__(self, folder: RunFolder, emit: Emit, now: Callable[[], float] = time.time) -> None:
        self._folder, self._emit, self._now = folder, emit, now
        self._lock = threading.Lock()  # a checkpoint's event comes from the thread that wrote it
        self._file: EventFile | None = None
        self._losses = _Losses(folder.tensorboard / LOSSES_NAME)
        self._step = 0

    def __call__(self, body: Body) -> None:
        with self._lock:
            self._keep(body)
        self._emit(body)

    def at_checkpoint(self, trainer: Trainer) -> None:
        """Pictures of the alignment, and everything so far into whole files. Called between two steps."""
        alignment = heat_map(_alignment(trainer))
        with self._lock:
            self._open().image("alignment", alignment, trainer.progress.step, self._now())
        self.close()

    def close(self) -> None:
        """Finish the file at hand and draw the curves anew."""
        with self._lock:
            if self._file is not None:
                file, self._file = self._file, None
                file.close()
            self._losses.write()
        draw_curves(self._folder)

    def _keep(self, body: Body) -> None:
        match body:
            case Step():
                self._step = body.step
                self._losses.add(body.step, body.losses)
                values = {f"loss/{name}": value for name, value in body.losses.items()}
                if body.steps_per_second is not None:
                    values["steps_per_second"] = body.steps_per_second
                self._scalars(values, body.step)
            case CheckpointWritten():
                self._scalars(body.scores, body.step)
            case Sample():
                self._sample(body)

    def _scalars(self, values: dict[str, float], step: int) -> None:
        for name, value in values.items():
            self._open().scalar(name, value, step, self._now())

    def _sample(self, sample: Sample) -> None:
        path = self._folder.out / sample.path
        if sample.kind == "reference" and path.stem != "reference":
            return  # further recordings are for listening tests
        sound, rate_hz = _read_wav(path)
        name = "reference" if sample.kind == "reference" else f"sample/{path.stem}"
        file, now = self._open(), self._now()
        file.audio(name, path.read_bytes(), rate_hz, len(sound), sample.step, now)
        file.image(f"{name}/spectrogram", heat_map(_mel(sound, rate_hz)), sample.step, now)

    def _open(self) -> EventFile:
        if self._file is None:
            now = self._now()
            name = f"events.out.tfevents.{int(now):010d}.step-{self._step:08d}"
            self._file = EventFile(self._folder.tensorboard / name, now)
        return self._file


class _Losses:
    """Losses by step: a table that any program reads, and that outlives its container."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[dict[str, Any]] = []

    def add(self, step: int, losses: dict[str, float]) -> None:
        self._rows.append({"step": step, **losses})

    def write(self) -> None:
        """Add what came since; steps that were made again after a restart replace what was there."""
        if not self._rows:
            return
        first = self._rows[0]["step"]
        rows = [row for row in read_losses(self._path) if row["step"] < first] + self._rows
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with (
            replacing(self._path) as part,
            part.open("w", newline="", encoding="utf-8") as file,
        ):
            table = csv.DictWriter(file, list(self._rows[0]), extrasaction="ignore")
            table.writeheader()
            table.writerows(rows)
        self._rows = []


def read_losses(path: Path) -> list[dict[str, float]]:
    """The rows of a table of losses; empty where there is none, or one that is not."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError):
        return []


def draw_curves(folder: RunFolder) -> None:
    """`curves.png` from the table of losses; nothing without one."""
    rows = read_losses(folder.tensorboard / LOSSES_NAME)
    if not rows:
        return
    every = -(-len(rows) // MOST_POINTS)
    series = {
        name: [_mean(rows[i : i + every], name) for i in range(0, len(rows), every)]
        for name in rows[0]
        if name != "step"
    }
    write_whole(folder.out / CURVES_NAME, png(curves(series)))


def _mean(rows: list[dict[str, float]], name: str) -> tuple[float, float]:
    return rows[-1]["step"], sum(row[name] for row in rows) / len(rows)


def _alignment(trainer: Trainer) -> np.ndarray[Any, np.dtype[np.float32]]:
    """[phonemes, frames] of a clip: one where a frame belongs to a phoneme. Nothing is drawn, so nothing changes."""
    import torch

    from pod_image.recipes.piper.model.generator import spread

    index = trainer.measured[0] if trainer.measured else 0
    batch, generator = trainer.clips.batch([index]), trainer.optimisation.generator
    speakers = batch.speakers if generator.speakers > 1 else None
    generator.eval()
    with torch.no_grad():
        forward_result = generator(
            batch.ids,
            batch.id_lengths,
            batch.spectrogram,
            batch.frame_lengths,
            speakers,
            starts=torch.zeros_like(batch.frame_lengths),
            draw=torch.zeros_like,
        )
    generator.train()
    path = spread(forward_result.durations, int(batch.frame_lengths[0]))[0]
    matrix: np.ndarray[Any, np.dtype[np.float32]] = path.float().cpu().numpy()
    return matrix


def _read_wav(path: Path) -> tuple[np.ndarray[Any, np.dtype[np.float32]], int]:
    with wave.open(str(path), "rb") as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return raw.astype(np.float32) / 32768.0, file.getframerate()


def _mel(
    sound: np.ndarray[Any, np.dtype[np.float32]], rate_hz: int
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Log-mel [80, T] of a sound; one that is shorter than a window is lengthened by silence."""
    import torch

    from pod_image.recipes.piper.spectrogram import WINDOW_SAMPLES, mel_of_wave

    padded = np.pad(sound, (0, max(0, WINDOW_SAMPLES - len(sound))))
    mel: np.ndarray[Any, np.dtype[np.float32]] = mel_of_wave(
        torch.from_numpy(padded)[None], rate_hz
    )[0].numpy()
    return mel
