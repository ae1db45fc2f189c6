"""What keeps a text from becoming phonemes; said in one sentence."""

from __future__ import annotations

from pod_image.contract.hinted_error import HintedError


class PhonemesError(HintedError):
    """Texts cannot be read as was asked: no such voice, a library or a model is not there."""
