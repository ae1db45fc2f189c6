"""How a setting is called on a command line. Standard library only: a hint may name one before settings are loaded."""

from __future__ import annotations


def option_of(name: str) -> str:
    """Such as "--batch-size" for the setting `batch_size`."""
    return f"--{name.replace('_', '-')}"
