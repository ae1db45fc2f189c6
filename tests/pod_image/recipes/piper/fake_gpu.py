"""A GPU that computes nothing: torch's fake tensors on a device of their own, and a guard that refuses what waits.

The device is `cpu:0`, which fake tensors keep apart from the host's `cpu` as they keep a GPU apart, and which autograd
walks back through on any machine. The step's own code runs with its shapes, types and devices; a value that is read
back, two tensors on different devices, or a copy between them that is not the one that is allowed, ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from pod_image.recipes.piper import device, spectrogram
from pod_image.recipes.piper.model import generator

GPU = torch.device("cpu", 0)
HOST = torch.device("cpu")


class Waits(AssertionError):
    """Something waits for the device, or sends more than is allowed."""


class Traffic(TorchDispatchMode):
    """Counts what goes between host and device; refuses what would wait."""

    def __init__(self) -> None:
        super().__init__()
        self.to_device = 0
        self.to_host = 0
        self._pinned: list[Tensor] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        came = _devices((args, kwargs))
        found = func(*args, **kwargs)
        if kwargs.get("pin_memory"):
            self._pinned.append(found)
        if len(came | _devices(found)) > 1:
            self._moved(func, args, kwargs, found)
        return found

    def _moved(self, func: Any, args: Any, kwargs: Any, found: Tensor) -> None:
        if func is not torch.ops.aten._to_copy.default or not kwargs.get("non_blocking"):
            raise Waits(f"{func} between host and device, which waits")
        if found.device == HOST:
            self.to_host += 1  # into pinned memory, as torch takes where it is not to wait
        elif _memory(args[0]) in map(_memory, self._pinned):
            self.to_device += 1
        else:
            raise Waits(f"{func} from memory that is not pinned, which waits")


def _memory(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _devices(values: Any) -> set[torch.device]:
    """Of all tensors but single numbers on the host, which travel with the launch of a kernel."""
    tensors = [value for value in tree_leaves(values) if isinstance(value, Tensor)]
    return {t.device for t in tensors if t.device != HOST or t.dim()}


class Made(TorchFunctionMode):
    """Refuses to make a tensor of Python's numbers on the device: a copy from memory that is not pinned."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.tensor, torch.as_tensor) and (kwargs or {}).get("device") == GPU:
            raise Waits(f"torch.{func.__name__}(…, device=…)")
        return func(*args, **(kwargs or {}))


@contextmanager
def nothing_waits() -> Iterator[Traffic]:
    """What happens in it may not wait for the device; counts the copies to and from it."""
    with Made(), Traffic() as traffic:
        yield traffic


class FakeEvent:
    """An event of a stream: done only when somebody asks for it twice, or waits for it."""

    def __init__(self, **options: bool) -> None:
        assert options.get("blocking"), "a host that spins takes a core"
        self.asked = 0

    def record(self) -> None: ...

    def query(self) -> bool:
        self.asked += 1
        return self.asked > 1

    def synchronize(self) -> None:
        self.asked = 2


@contextmanager
def fake_gpu(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Within it tensors are fake and may be on GPU. The search for alignments, which is tested apart, is one sum."""
    patch.setattr(generator, "durations_of_best_paths", lambda x, frames, ids: x.sum(1).long())
    patch.setattr(device, "can_pin", lambda: True)
    patch.setattr(torch.cuda, "Event", FakeEvent)
    patch.setattr(FakeTensor, "tolist", _listed)
    patch.setattr(nn.Module, "to", _moved)
    # What a fake step keeps must not be found by a real one, nor the other way round.
    spectrogram._filters_on.cache_clear()
    try:
        with FakeTensorMode():
            yield
    finally:
        spectrogram._filters_on.cache_clear()


def _moved(module: nn.Module, device: torch.device) -> nn.Module:
    """torch's own swaps tensors, which fake ones cannot."""
    for each in module.modules():
        for name, parameter in each.named_parameters(recurse=False):
            each.register_parameter(name, nn.Parameter(torch.empty_like(parameter, device=device)))
    return module


def _listed(tensor: Tensor) -> list[float]:
    """What is on the host by now may be read; it has no values here, only a size."""
    if tensor.device != HOST:
        raise Waits("tolist() of a tensor on the device")
    return [0.0] * tensor.numel()
