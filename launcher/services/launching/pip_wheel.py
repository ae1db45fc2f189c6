"""A wheel of pip, as this computer's Python keeps it for new environments: for pods whose image has none."""

from __future__ import annotations

import functools
import hashlib
from importlib.resources import files

from launcher.services.launching.pod_wheel import PodWheel


@functools.cache
def pip_wheel() -> PodWheel | None:
    """None where this Python has none: some systems take that part out."""
    try:
        kept = sorted(files("ensurepip").joinpath("_bundled").iterdir(), key=lambda path: path.name)
    except (ImportError, OSError):
        return None
    for path in reversed(kept):
        if path.name.startswith("pip-") and path.name.endswith(".whl"):
            content = path.read_bytes()
            return PodWheel(path.name, hashlib.sha256(content).hexdigest(), content)
    return None
