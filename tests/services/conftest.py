"""What every test of the services leaves behind is closed."""

from collections.abc import Iterator

import pytest

from tests.services.harness import OPENED


@pytest.fixture(autouse=True)
def closed_histories() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()
