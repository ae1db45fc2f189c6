"""One GPU and clips for it; without a GPU every test here is skipped, and says why.

LAUNCHER_GPU_TESTS_ON=cpu runs what does not need a card on the CPU, briefly: to see that the tests themselves work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment]  # the tests are skipped then

TRIED_ON_A_CPU = os.environ.get("LAUNCHER_GPU_TESTS_ON") == "cpu"
HERE = Path(__file__).parent


def why_not() -> str | None:
    if torch is None:
        return "torch is not installed"
    if torch.cuda.is_available() or TRIED_ON_A_CPU:
        return None
    return "there is no GPU that torch can use"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = why_not()
    for item in items:
        if HERE in item.path.parents and reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def device() -> torch.device:
    return torch.device("cpu") if TRIED_ON_A_CPU else torch.device("cuda", 0)


@pytest.fixture(scope="session")
def few() -> bool:
    """Whether a few steps have to do, on a CPU."""
    return TRIED_ON_A_CPU


@pytest.fixture
def exact() -> Iterator[None]:
    """The same sums each time: no TF32, and cuDNN's repeatable algorithms."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = (matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark)
    matmul.allow_tf32 = cudnn.allow_tf32 = cudnn.benchmark = False
    cudnn.deterministic = True
    yield
    matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark = before
