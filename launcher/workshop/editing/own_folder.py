"""The folder inside a dataset where the workshop keeps what is no part of it.

Hidden files are passed over by check, push and pod, so nothing in it is ever trained on or sent.
"""

from __future__ import annotations

from pathlib import Path

from launcher.config import is_private

OWN_FOLDER = ".launcher"


def own_folder(folder: Path) -> Path:
    """The hidden folder, made where it is missing; for its owner alone where the dataset is."""
    own = folder / OWN_FOLDER
    own.mkdir(mode=0o700 if is_private(folder) else 0o777, exist_ok=True)
    return own
