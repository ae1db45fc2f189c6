"""What can be wrong with what the launcher sent; said in one sentence."""

from __future__ import annotations

from pod_image.contract.hinted_error import HintedError


class ContractError(HintedError):
    """The run document cannot be used."""
