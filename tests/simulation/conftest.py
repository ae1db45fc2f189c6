"""The library's HTTP client that leads into a simulated Hub does not outlive the test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from huggingface_hub import set_client_factory
from huggingface_hub.utils._http import default_client_factory


@pytest.fixture(autouse=True)
def _own_http_client() -> Iterator[None]:
    log = logging.getLogger("huggingface_hub")
    level = log.level
    log.setLevel(logging.ERROR)
    yield
    log.setLevel(level)
    set_client_factory(default_client_factory)
