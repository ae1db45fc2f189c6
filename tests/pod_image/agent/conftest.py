"""A harness per test, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from huggingface_hub import set_client_factory
from huggingface_hub.utils._http import default_client_factory


@pytest.fixture(autouse=True)
def _own_http_client() -> Iterator[None]:
    """The library shares one client per process: leave none behind that leads into our emulator."""
    yield
    set_client_factory(default_client_factory)
