"""Values of settings as a person reads them."""

from __future__ import annotations

import pytest

from launcher.forms.value_text import value_text


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("learning_rate", 1e-05, "0.00001"),
        ("max_hours", 1.0, "1 hour"),
        ("max_hours", 1_234.5, "1,234.5 hours"),
        ("max_cost_usd", 0.5, "$0.50"),
        ("batch_size", 1, "1 clip"),
    ],
)
def test_a_number_is_written_out(name: str, value: float, words: str) -> None:
    assert value_text(name, value) == words
