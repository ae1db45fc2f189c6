"""A run file of whole settings, as a person could write it."""

from __future__ import annotations

import tomli_w

from pod_image.contract.settings import RunSettings


def whole_run_file(settings: RunSettings) -> str:
    """Every value that applies."""
    return tomli_w.dumps({"settings": settings.applicable()})
