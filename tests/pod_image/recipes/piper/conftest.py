"""Small networks gain nothing from threads, and lose a great deal when other work wants the same cores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    yield
    torch.set_num_threads(before)
    # It is the processor's own setting: other tests' smallest numbers would be zero.
    torch.set_flush_denormal(False)
