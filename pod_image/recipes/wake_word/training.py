"""openWakeWord's training as its own code does it, with what that lacks: progress, checkpoints, a stop, a way to go on.

It trains three times, with less and less change, and then averages the best of what it had. Its loop takes batches from
us; so all that has to be done between two steps is done when it asks for the next one.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pod_image.contract.whole_file import replacing
from pod_image.recipes.wake_word.ears import WIDTH, seconds_of
from pod_image.recipes.wake_word.examples import Examples, Windows
from pod_image.recipes.wake_word.scores import HeldOut, Peaks, listen

SHORTER = 10
"""The second and the third are so much shorter than the first."""
SAY_SECONDS = 1.0
MEASURES = 24
"""How often in all it is measured with what is held out, beside openWakeWord's own choice of the best."""
FALSE_ALARMS_WANTED = 0.2


class Stopped(Exception):
    """Asked to end: what was learnt so far is what there is."""


@dataclass(frozen=True)
class Lesson:
    """How long and how hard."""

    steps: int
    layer_size: int
    false_alarm_weight: float
    keep_seconds: float = 60.0

    @property
    def first_steps(self) -> int:
        """Tens alone: openWakeWord's loop counts on a tenth of it that is whole."""
        return self.steps // SHORTER * SHORTER

    @property
    def total_steps(self) -> int:
        return self.first_steps + 2 * (self.first_steps // SHORTER)


class Training:
    """One training, or the rest of one that `state` has kept."""

    def __init__(
        self,
        module: Any,
        lesson: Lesson,
        examples: Examples,
        held_out: HeldOut,
        state: Path,
        say: Callable[[Mapping[str, float]], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        """`module` is openWakeWord's; `say` hears of progress: step, total_steps, loss and scores."""
        self._lesson, self._examples, self._held_out = lesson, examples, held_out
        self._state, self._say, self._is_stopped = state, say, is_stopped
        self._model: Any = module.Model(
            n_classes=1, input_shape=(examples.window, WIDTH), layer_dim=lesson.layer_size
        )
        self._model.model.to(self._model.device)
        self._sequence, self._first = 0, 0
        self._resumed = (1, 0)
        self._told = 0
        self._said_at = self._kept_at = time.monotonic()
        if state.is_file():
            self._bring_back()

    @property
    def network(self) -> Any:
        """What is learnt so far."""
        return self._model.model

    def run(self) -> Any:
        """The network that openWakeWord makes of the best ones. Raises Stopped."""
        # Its own method does the work; ours is what it calls three times.
        theirs = self._model.train_model

        def ours(**arguments: Any) -> None:
            self._run_sequence(theirs, arguments)

        object.__setattr__(self._model, "train_model", ours)
        validation = self._validation()
        network = self._model.auto_train(
            X_train=None,
            X_val=[validation],
            false_positive_val_data=[self._other_sound()],
            steps=self._lesson.first_steps,
            max_negative_weight=self._lesson.false_alarm_weight,
            target_fp_per_hour=FALSE_ALARMS_WANTED,
        )
        self._measure(self._lesson.total_steps, network)
        return network

    def peaks(self, network: Any) -> Peaks:
        return listen(self._predict_with(network), self._held_out, self._examples.window)

    def _run_sequence(self, theirs: Callable[..., None], arguments: dict[str, Any]) -> None:
        self._sequence += 1
        sequence, first = self._resumed
        if self._sequence < sequence:
            return
        first = first if self._sequence == sequence else 0
        steps = int(arguments["max_steps"])
        arguments |= {
            "X": self._batches(first, steps),
            "val_steps": [int(at) for at in arguments["val_steps"] if at >= first],
            "val_set_hrs": max(self._hours_of_other_sound(), 1e-6),
        }
        theirs(**arguments)

    def _batches(self, first: int, steps: int) -> Iterator[tuple[Any, Any]]:
        """The steps that are behind a training that goes on are passed with nothing in them: they change nothing."""
        window = self._examples.window
        nothing = torch.zeros(0, window, WIDTH), torch.zeros(0)
        for step in range(steps):
            if step < first:
                yield nothing
                continue
            self._between(step)
            windows, labels = self._examples.batch()
            yield torch.from_numpy(windows), torch.from_numpy(labels)

    def _between(self, step: int) -> None:
        """All steps before this one of the sequence are done."""
        done = self._done(step)
        if self._is_stopped():
            raise Stopped
        now = time.monotonic()
        if done and done % max(1, self._lesson.total_steps // MEASURES) == 0:
            self._measure(done, self.network)
        elif now - self._said_at >= SAY_SECONDS:
            self._tell(done, {})
        if now - self._kept_at >= self._lesson.keep_seconds or step == 0:
            self.keep(step)

    def _done(self, step: int) -> int:
        first = self._lesson.first_steps
        return (
            step if self._sequence == 1 else first + (self._sequence - 2) * first // SHORTER + step
        )

    def _measure(self, done: int, network: Any) -> None:
        scores = self.peaks(network).scores()
        shares = {name: value * 100 for name, value in scores.items() if "per_hour" not in name}
        self._tell(done, {**scores, **shares})

    def _tell(self, done: int, more: Mapping[str, float]) -> None:
        self._said_at = time.monotonic()
        losses = [float(loss) for loss in self._model.history["loss"][self._told :]]
        self._told += len(losses)
        loss = {"loss": float(np.mean(losses))} if losses else {}
        self._say({"step": done, "total_steps": self._lesson.total_steps, **loss, **more})

    def keep(self, step: int) -> None:
        """Write all that another pod needs to go on with this step of the sequence."""
        self._kept_at = time.monotonic()
        own = self._model
        content = {
            "sequence": self._sequence,
            "step": step,
            "network": own.model.state_dict(),
            "optimiser": _optimiser_state(own.optimizer),
            "best": [network.state_dict() for network in own.best_models],
            "best_scores": [_plain(scores) for scores in own.best_model_scores],
            "history": {name: list(map(float, values)) for name, values in own.history.items()},
            "draw": json.dumps(self._examples.draw.bit_generator.state),
        }
        with replacing(self._state) as part:
            torch.save(content, part)

    def _bring_back(self) -> None:
        own = self._model
        content = torch.load(self._state, map_location=own.device, weights_only=True)
        own.model.load_state_dict(content["network"])
        own.optimizer.load_state_dict(content["optimiser"])
        for weights in content["best"]:
            network = copy.deepcopy(own.model)
            network.load_state_dict(weights)
            own.best_models.append(network)
        own.best_model_scores.extend(content["best_scores"])
        for name, values in content["history"].items():
            own.history[name].extend(map(np.float64, values))
        self._told = len(own.history["loss"])
        self._examples.draw.bit_generator.state = json.loads(content["draw"])
        self._resumed = (int(content["sequence"]), int(content["step"]))

    def _validation(self) -> tuple[Any, Any]:
        """openWakeWord's own choice of the best looks at these, each window for itself."""
        window = self._examples.window
        positive = self._held_out.positive[:, -window - 10 :][:, :window]
        near_miss = self._held_out.near_miss[:, -window - 10 :][:, :window]
        windows = np.concatenate([positive, near_miss]).astype(np.float32)
        labels = np.repeat([1.0, 0.0], [len(positive), len(near_miss)]).astype(np.float32)
        return torch.from_numpy(windows), torch.from_numpy(labels)

    def _other_sound(self) -> tuple[Any, Any]:
        window, clips = self._examples.window, self._held_out.other
        # Half a second apart: the neighbours of a window sound the same.
        views: Any = np.lib.stride_tricks.sliding_window_view(clips, window, axis=1)[:, ::6]
        windows = views.transpose(0, 1, 3, 2).reshape(-1, window, WIDTH).astype(np.float32)
        return torch.from_numpy(windows), torch.zeros(len(windows))

    def _hours_of_other_sound(self) -> float:
        clips, frames = self._held_out.other.shape[:2]
        return seconds_of(clips * frames) / 3600

    def _predict_with(self, network: Any) -> Callable[[Windows], Any]:
        device = next(network.parameters()).device

        def predict(windows: Windows) -> Any:
            with torch.no_grad():
                return network(torch.from_numpy(windows).to(device)).cpu().numpy().reshape(-1)

        return predict


def _optimiser_state(optimiser: Any) -> dict[str, Any]:
    """Without numpy's numbers, which their schedule puts in: what is read back runs nothing and takes none."""
    state: dict[str, Any] = optimiser.state_dict()
    groups = [
        {
            name: float(value) if isinstance(value, np.ndarray | np.generic) else value
            for name, value in group.items()
        }
        for group in state["param_groups"]
    ]
    return {**state, "param_groups": groups}


def _plain(scores: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in scores.items()}
