"""Training steps as recordings: a GPU repeats one at a word, where Python would launch thousands of kernels anew.

One recording for each shape of batch. The first step of a shape runs as it is, the second is recorded and replayed;
what cannot be recorded goes on as before. What records is an argument: `cuda_graphs` on a GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from typing import Protocol

import torch
from torch import Tensor

from pod_image.recipes.piper.clips import Batch
from pod_image.recipes.piper.optimisation import LOSS_NAMES, Optimisation
from pod_image.recipes.piper.random_states import random_states, set_random_states

MOST_GRAPHS = 24
"""Some tens of megabytes each. Clips of up to 14 s have sixteen shapes (docs/performance.md)."""

Shape = tuple[int, ...]


class Recording(Protocol):
    """What a device was told to do, to be told again with what lies in the same places by then."""

    def replay(self) -> None: ...


class Recorder(Protocol):
    """Makes recordings for one device."""

    def lane(self) -> AbstractContextManager[None]:
        """Everything that training tells the device happens in it."""

    def memory(self) -> AbstractContextManager[None]:
        """What steps in it take is where recordings take theirs, so that the two are not needed side by side.

        Nothing that is made in it may be needed once another step begins.
        """

    def make_room(self) -> None:
        """Give back memory that nobody uses and that `memory` cannot take: a step of a new shape comes."""

    def record(self, work: Callable[[], None]) -> Recording:
        """Call `work` once and record what it tells the device, which does none of it yet.

        Raises what recording raises.
        """

    def forget(self) -> None:
        """All recordings are gone: give their memory back."""


@dataclass(frozen=True)
class _Graph:
    recording: Recording
    batch: Batch
    """Where the recorded step finds its batch."""
    losses: Tensor
    """Where it leaves its losses."""


class StepGraphs:
    """The steps of `optimisation`, recorded as far as that goes. `say` is told once why they are not, if so."""

    def __init__(
        self,
        optimisation: Optimisation,
        recorder: Recorder,
        say: Callable[[str], None],
        most: int = MOST_GRAPHS,
    ) -> None:
        self._optimisation, self._recorder, self._say, self._most = (
            optimisation,
            recorder,
            say,
            most,
        )
        self._graphs: dict[Shape, _Graph] = {}
        self._seen: set[Shape] = set()
        self._arena: dict[str, Tensor] = {}
        self._is_recording = True
        # What outlives a step has its place before the first: made in one, it would lie between what is given back.
        optimisation.make_moments()

    def step(self, batch: Batch) -> Tensor:
        """As `Optimisation.step`. The losses are there until the next step."""
        shape = shape_of(batch)
        graph = self._graphs.get(shape)
        if graph is None and shape in self._seen and self._may_record():
            graph = self._recorded(shape, batch)
        if graph is None:
            if shape not in self._seen:
                self._recorder.make_room()
            self._seen.add(shape)
            with self._recorder.memory():
                return self._optimisation.step(batch)
        _copy(batch, graph.batch)
        graph.recording.replay()
        return graph.losses

    def drop(self) -> None:
        """Forget all recordings: a step does other things from now on."""
        self._graphs.clear()
        self._seen.clear()
        self._arena.clear()
        self._optimisation.drop_gradients()
        self._recorder.forget()

    def _may_record(self) -> bool:
        return self._is_recording and len(self._graphs) < self._most

    def _recorded(self, shape: Shape, batch: Batch) -> _Graph | None:
        """None where it cannot be recorded; nothing has changed then, neither the networks nor what is drawn next."""
        optimisation = self._optimisation
        place = self._place_for(batch)
        _copy(batch, place)  # never to be recorded with what lay there before
        losses = torch.zeros(len(LOSS_NAMES), device=optimisation.device)

        def work() -> None:
            losses.copy_(optimisation.step(place))

        before = random_states(optimisation.device)
        optimisation.drop_gradients()
        try:
            recording = self._recorder.record(work)
        except Exception as exc:  # of a driver, a library, a card: training goes on without
            self._give_up(exc)
            set_random_states(before, optimisation.device)
            return None
        finally:
            optimisation.drop_gradients()
        self._graphs[shape] = _Graph(recording, place, losses)
        return self._graphs[shape]

    def _give_up(self, exc: Exception) -> None:
        self._is_recording = False
        # Also what was recorded before: the steps need its memory, and draw from a state that it does not know.
        self.drop()
        first = str(exc).strip().partition("\n")[0][:200]
        self._say(f"{type(exc).__name__}: {first}")

    def _place_for(self, batch: Batch) -> Batch:
        """Views of memory that all recordings share: steps come one after another."""
        return Batch(**{part.name: self._view(part.name, batch) for part in fields(batch)})

    def _view(self, name: str, batch: Batch) -> Tensor:
        like: Tensor = getattr(batch, name)
        flat = self._arena.get(name)
        if flat is None or flat.numel() < like.numel():
            # Recordings that use the smaller one keep it.
            flat = self._arena[name] = torch.empty_like(like).flatten()
        return flat[: like.numel()].view(like.shape)


def shape_of(batch: Batch) -> Shape:
    """What has to be equal for a recording to serve: clips, phonemes and frames."""
    return (*batch.ids.shape, batch.spectrogram.shape[2])


def _copy(batch: Batch, place: Batch) -> None:
    for part in fields(batch):
        getattr(place, part.name).copy_(getattr(batch, part.name))
