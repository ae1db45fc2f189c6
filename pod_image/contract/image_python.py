"""The image's own Python where the agent has another one: what a person's programs run with, and find around them.

Set by `pod_image.bootstrap`; in an image of ours both are the same. Standard library alone.
"""

from __future__ import annotations

import json
import os
import sys

IMAGE_PYTHON_VARIABLE = "LAUNCHER_IMAGE_PYTHON"
IMAGE_VARIABLES_VARIABLE = "LAUNCHER_IMAGE_VARIABLES"
"""As JSON: what the image says to its Python and its libraries, and was taken from the agent's environment."""


def image_python() -> str:
    """The interpreter that the image brings for programs that are not ours."""
    return os.environ.get(IMAGE_PYTHON_VARIABLE) or sys.executable


def image_variables() -> dict[str, str]:
    """What those programs find in their environment beside what we have in ours."""
    try:
        said = json.loads(os.environ.get(IMAGE_VARIABLES_VARIABLE, ""))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in said.items()} if isinstance(said, dict) else {}
