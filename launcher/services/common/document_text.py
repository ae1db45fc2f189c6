"""The document of a run as its pod is given it."""

from __future__ import annotations

from launcher.errors import InvalidRequest
from pod_image.contract.contract_error import ContractError
from pod_image.contract.environment import RunDocument


def document_text(document: RunDocument) -> str:
    """Raises InvalidRequest when it is too long for a pod."""
    try:
        return document.to_json()
    except ContractError as exc:
        raise InvalidRequest(exc.message, hint=exc.hint) from exc
