"""Which variables of a pod hold secrets. Standard library alone: the container's first process reads this."""

from __future__ import annotations

from collections.abc import Mapping

from pod_image.contract.places import PLACES

DATASET_TOKEN_VARIABLE = "HF_DATASET_TOKEN"
UPLOAD_TOKEN_VARIABLE = "HF_UPLOAD_TOKEN"
SECRET_VARIABLES = (
    DATASET_TOKEN_VARIABLE,
    UPLOAD_TOKEN_VARIABLE,
    *(variables.key for variables in PLACES.values() if variables.key),
)
_COMMON_SECRET_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "JUPYTER_PASSWORD")
"""What other programs call theirs."""
_SHORTEST_SECRET = 8
"""A shorter value is no secret, and would be found in many a harmless one."""


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that needs no key: without secrets by name, and by value under another name."""
    names = {*SECRET_VARIABLES, *_COMMON_SECRET_VARIABLES}
    values = [environment.get(name, "") for name in names]
    secrets = [value for value in values if len(value) >= _SHORTEST_SECRET]
    return {
        name: value
        for name, value in environment.items()
        if name not in names and not any(secret in value for secret in secrets)
    }
