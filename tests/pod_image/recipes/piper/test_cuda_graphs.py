"""What a GPU would be told around a recording, in which order. Its own calls are noted, as there is no GPU."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from pod_image.contract.common_settings import Switch
from pod_image.recipes.piper.cuda_graphs import CudaRecorder, step_recorder

DEVICE = torch.device("cuda", 0)
RECORD_ARGUMENTS = inspect.signature(torch.cuda.graph)


class Card:
    """Notes what torch.cuda is asked for; `refuses` is what ends a recording."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.streams = [Lane("outside")]
        self.pools = 0
        self.refuses: Exception | None = None
        self.arguments: dict[str, Any] = {}

    def Stream(self, device: torch.device) -> Lane:
        return Lane("own")

    def current_stream(self, device: torch.device) -> Lane:
        return self.streams[-1]

    @contextmanager
    def stream(self, stream: Lane) -> Iterator[None]:
        self.streams.append(stream)
        yield
        self.streams.pop()

    def MemPool(self) -> Pool:
        self.pools += 1
        return Pool((0, self.pools))

    @contextmanager
    def use_mem_pool(self, pool: Pool, device: torch.device) -> Iterator[None]:
        assert not torch.autograd.is_multithreading_enabled()
        self.did.append(f"memory of pool {pool.id[1]}")
        yield

    @contextmanager
    def graph(self, *args: Any, **options: Any) -> Iterator[None]:
        self.arguments = RECORD_ARGUMENTS.bind(*args, **options).arguments
        self.did.append(f"recording into pool {options['pool'][1]}")
        yield
        self.did.append("recorded")
        if self.refuses:
            raise self.refuses

    def CUDAGraph(self) -> Graph:
        return Graph(self)

    def empty_cache(self) -> None:
        self.did.append("cache emptied")

    def synchronize(self, device: torch.device) -> None:
        self.did.append("waited")


class Graph:
    def __init__(self, card: Card) -> None:
        self._card = card

    def reset(self) -> None:
        self._card.did.append("reset")


class Draws:
    """The state of what is drawn, stuck in a recording until it is replaced by a copy."""

    def __init__(self) -> None:
        self.is_stuck = True

    def clone_state(self) -> str:
        return "copy"

    def graphsafe_set_state(self, state: str) -> None:
        assert state == "copy"
        self.is_stuck = False


class Lane:
    def __init__(self, name: str) -> None:
        self.name, self.waited_for = name, list[str]()

    def wait_stream(self, other: Lane) -> None:
        self.waited_for.append(other.name)


class Pool:
    def __init__(self, number: tuple[int, int]) -> None:
        self.id = number


@pytest.fixture
def card(monkeypatch):
    made = Card()
    names = (
        "Stream current_stream stream MemPool use_mem_pool graph CUDAGraph empty_cache synchronize"
    )
    for name in names.split():
        assert hasattr(torch.cuda, name), "torch has it under this name"
        monkeypatch.setattr(torch.cuda, name, getattr(made, name))
    return made


def test_training_runs_on_a_stream_of_its_own_and_both_wait_for_each_other(card):
    outside = card.streams[0]
    with CudaRecorder(DEVICE).lane():
        own = card.current_stream(DEVICE)
        assert own.name == "own"
        assert own.waited_for == ["outside"]
    assert card.streams == [outside]
    assert outside.waited_for == ["own"]


def test_steps_as_they_are_and_recordings_take_memory_from_one_pool(card):
    recorder, worked = CudaRecorder(DEVICE), []
    recorder.make_room()
    for _ in range(2):
        with recorder.memory():
            pass

    def work():
        # Else backward would run in a thread whose memory is of another pool.
        worked.append(torch.autograd.is_multithreading_enabled())

    with recorder.lane():
        made: object = recorder.record(work)
    assert isinstance(made, Graph)
    assert worked == [False]
    assert card.did == [
        "cache emptied", "memory of pool 1", "memory of pool 1", "recording into pool 1", "recorded",
    ]  # fmt: skip
    assert card.arguments["capture_error_mode"] == "thread_local"
    assert card.arguments["stream"].name == "own"


def test_what_was_recorded_is_forgotten_after_the_card_is_done_with_it(card):
    recorder = CudaRecorder(DEVICE)
    recorder.forget()
    with recorder.memory():
        pass
    assert card.did == ["waited", "memory of pool 2"]


@pytest.mark.parametrize("ends_in_order", [True, False])
def test_a_recording_that_fails_is_cleared_up_and_passed_on(card, monkeypatch, ends_in_order):
    ended, released = [], []

    def end(device, pool):
        ended.append((device, pool))
        if ends_in_order:
            raise RuntimeError("nothing is allocated to this pool")

    def release(device, pool):
        released.append((device, pool))

    monkeypatch.setattr(torch._C, "_cuda_endAllocateToPool", end, raising=False)
    monkeypatch.setattr(torch._C, "_cuda_releasePool", release, raising=False)
    draws = Draws()
    monkeypatch.setattr(torch.cuda, "default_generators", (draws,))
    card.refuses = RuntimeError("operation failed due to a previous error during capture")
    recorder = CudaRecorder(DEVICE)
    with pytest.raises(RuntimeError, match="previous error"):
        recorder.record(lambda: None)
    assert ended == [(0, (0, 1))]
    assert released == (
        [] if ends_in_order else ended
    )  # a pool is counted once for each that uses it
    assert ("reset" in card.did) is ends_in_order
    assert not draws.is_stuck
    assert torch.autograd.is_multithreading_enabled()
    with recorder.lane():  # and goes on
        pass


@pytest.mark.parametrize(
    ("graphs", "device", "records"),
    [
        (Switch.ON, DEVICE, True),
        (Switch.OFF, DEVICE, False),
        (Switch.ON, torch.device("cpu"), False),
    ],
)
def test_steps_are_recorded_on_a_gpu_unless_that_is_switched_off(card, graphs, device, records):
    assert (step_recorder(graphs, device) is not None) is records
