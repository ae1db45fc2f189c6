"""What makes a dataset unusable as a whole; said in one sentence."""

from __future__ import annotations

from pod_image.contract.hinted_error import HintedError


class DatasetError(HintedError):
    """The dataset cannot be used."""
