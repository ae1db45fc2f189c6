"""The recorder of a GPU: CUDA graphs, each of one training step, in one pool of memory. Untried without a GPU.

Read from torch 2.13's own code. Everything runs on one stream that is not the default one, which cannot be recorded;
backward runs in the thread of the step, so that what belongs to that thread holds for it too: the pool of memory, and
that only this thread's calls can spoil a recording while others write checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from pod_image.contract.common_settings import Switch
from pod_image.recipes.piper.step_graphs import Recorder, Recording


def step_recorder(graphs: Switch, device: torch.device) -> Recorder | None:
    """What records training steps on `device`; None where they are made as they are."""
    return CudaRecorder(device) if graphs is Switch.ON and device.type == "cuda" else None


class CudaRecorder:
    """Records for `device`; made after the networks are on it."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.MemPool()
        self._broken: list[torch.cuda.CUDAGraph] = []

    @contextmanager
    def lane(self) -> Iterator[None]:
        outside = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(outside)
        with torch.cuda.stream(self._stream):
            yield
        outside.wait_stream(self._stream)

    @contextmanager
    def memory(self) -> Iterator[None]:
        with (
            torch.autograd.set_multithreading_enabled(False),
            torch.cuda.use_mem_pool(self._pool, self._device),
        ):
            yield

    def make_room(self) -> None:
        # What checkpoints left cached outside the pool: torch does not look there when the pool runs short.
        torch.cuda.empty_cache()

    def record(self, work: Callable[[], None]) -> Recording:
        graph = torch.cuda.CUDAGraph()
        capture = torch.cuda.graph(
            graph,
            pool=self._pool.id,  # type: ignore[arg-type]
            stream=self._stream,
            capture_error_mode="thread_local",
        )
        try:
            with torch.autograd.set_multithreading_enabled(False), capture:
                work()
        except BaseException:
            self._clear_up(graph)
            raise
        return graph

    def forget(self) -> None:
        torch.cuda.synchronize(self._device)  # a graph may still be running
        self._pool = torch.cuda.MemPool()

    def _clear_up(self, graph: torch.cuda.CUDAGraph) -> None:
        """What ending a recording does, where that failed too: else its pool takes no step any more, nor is freed."""
        try:
            torch._C._cuda_endAllocateToPool(self._device.index, self._pool.id)
        except RuntimeError:
            graph.reset()  # it was ended in order
        else:
            torch._C._cuda_releasePool(self._device.index, self._pool.id)
            # torch's allocator of pinned memory still asks it which memory is its own.
            self._broken.append(graph)
        # torch before 2.13 (an image of RunPod's has 2.9) would take its draws for a recording's for ever.
        draws = torch.cuda.default_generators[self._device.index]
        draws.graphsafe_set_state(draws.clone_state())
