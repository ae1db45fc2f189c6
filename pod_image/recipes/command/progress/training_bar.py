"""Which of the bars that a command draws is the training's, and how far the training is by it.

Before training come bars of downloads and of texts made into tokens, within it those of validation and of samples. The
training's is the one that is left when those are told by their words, comes back after the others, and goes on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pod_image.recipes.command.progress.bars import Bar
from pod_image.recipes.command.progress.reading import STEP_NAMES, Reading, bounded

_BESIDE = re.compile(
    r"download|upload|fetch|load|read|writ|sav|cach|token|map|filter|pack|trunc|shuffl|convert|collat|appl(?:y|ied)|add|"
    r"build|drop|"
    r"generat|extract|count|scan|prepar|preproc|process|encod|decod|resolv|quanti|sanity|"
    r"eval|valid|test|predict|sampl|infer|infill|denois|merg|export|import|compil|warm|"
    r"shards|files|examples|safetensors",
    re.IGNORECASE,
)
"""What is done beside the training: people write these words over such bars."""
_RATES = frozenset({"lr", "learning_rate"})
NEARLY = 0.9
"""Of a bar: it is drawn ten times a second, so its last steps may never be seen."""
_OF_BYTES = re.compile(r"(?:^|[\d?.kMGTP ])(?:i?B/s|s/B)$")
_EPOCH_OF = re.compile(r"epochs?\D{0,3}(\d+)\s*(?:/|of)\s*(\d+)", re.IGNORECASE)
_EPOCH = re.compile(r"epoch", re.IGNORECASE)
_STEPS = re.compile(r"\b(?:steps?|iter\w*|updates?)\b", re.IGNORECASE)


@dataclass
class _Seen:
    """A bar while it is drawn again and again."""

    label: str
    """Its description, with every number the same."""
    done: float
    total: float | None
    finished: float = 0.0
    """Steps of the bars of the same label that were full before it."""
    has_started_over: bool = False


class TrainingBar:
    """Give it every bar in order; it answers with a reading where the training got on."""

    def __init__(self) -> None:
        self._main: _Seen | None = None
        self._epochs: _Seen | None = None
        """An outer bar that counts epochs, where there is one."""
        self._others: set[tuple[str, float | None]] = set()

    def read(self, bar: Bar) -> Reading | None:
        """None for a bar that is not the training's."""
        # A learning rate is a training's alone, whatever a person has named it: people name LoRAs "my-test".
        is_beside = _BESIDE.search(bar.description) and not _RATES & bar.scalars.keys()
        if is_beside or _OF_BYTES.search(bar.rate):
            return None
        if _counts_epochs(bar):
            self._epochs = _Seen(_label(bar), bar.done, bar.total)
            if self._main is not None:
                self._main.done = 0.0  # its next one begins with the new epoch
            return self._reading(bar, {})
        if not self._follow(bar):
            return None
        scalars = bounded(bar.scalars)
        update = next((scalars.pop(name) for name in STEP_NAMES if name in scalars), None)
        reading = self._reading(bar, scalars)
        # A count of updates beside the bar goes over all epochs: better than what was put together from bars.
        return reading if update is None else Reading(update, reading.total, reading.epoch,
                                                      scalars=scalars)  # fmt: skip

    def _follow(self, bar: Bar) -> bool:
        """Whether it is the training's bar, or becomes it."""
        label, main = _label(bar), self._main
        if main is None:
            self._main = _Seen(label, bar.done, bar.total)
            return True
        is_same = label == main.label and (bar.total == main.total or bar.total is None)
        if is_same:
            if bar.done < main.done:
                main.finished += 0.0 if self._epochs else (main.total or main.done)
                main.has_started_over = True
            main.done = bar.done
            if bar.total is None and main.total is not None and bar.done > main.total:
                main.total = None  # it went past what it was made for
            return True
        return self._takes_over(bar, label, main)

    def _takes_over(self, bar: Bar, label: str, main: _Seen) -> bool:
        """Another bar: it goes on for the training's, or it is something beside it."""
        is_over = main.total is not None and main.done >= min(NEARLY * main.total, main.total - 1)
        if label == main.label and label and is_over:
            finished = main.finished + main.done
            self._main = _Seen(label, bar.done, bar.total, finished, has_started_over=True)
            return True
        if (label, bar.total) in self._others:
            return False
        is_larger = bar.total is not None and (main.total is None or bar.total > main.total)
        if is_larger and is_over and not main.finished:
            self._others.add((main.label, main.total))
            self._main = _Seen(label, bar.done, bar.total)
            return True
        self._others.add((label, bar.total))
        return False

    def _reading(self, bar: Bar, scalars: dict[str, float]) -> Reading:
        main, epochs = self._main, self._epochs
        told = _EPOCH_OF.search(bar.description)
        if epochs is not None:
            if main is None or main.total is None:
                return Reading(epochs.done, epochs.total, epochs.done, scalars=scalars)
            whole = None if epochs.total is None else epochs.total * main.total
            step = epochs.done * main.total + main.done
            return Reading(step, whole, epochs.done, scalars=scalars)
        assert main is not None
        if told and main.total and not _STEPS.search(bar.description):
            at, of = float(told[1]), float(told[2])
            step = (at - 1) * main.total + main.done
            return Reading(step, of * main.total, at, scalars=scalars)
        epoch = float(told[1]) if told else None
        # Bars one after another do not say how many are to come.
        total = None if main.has_started_over or main.total is None else main.total
        return Reading(main.finished + main.done, total, epoch, scalars=scalars)


def _label(bar: Bar) -> str:
    return re.sub(r"\d+", "#", bar.description)


def _counts_epochs(bar: Bar) -> bool:
    """An outer bar: it is named for epochs and holds no epoch's own number."""
    if re.search(r"\d", bar.description) or _STEPS.search(bar.description):
        return False
    return bool(_EPOCH.search(bar.description)) or "epoch" in bar.rate
