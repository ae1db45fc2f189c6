"""Why nothing can be heard or scored, for a person to read."""

from __future__ import annotations

from pod_image.contract.hinted_error import HintedError


class HearingError(HintedError):
    """There is no recogniser, or it cannot be trusted."""
