"""Everything that runs on the person's machine; `import launcher` is its Python API, loaded when it is used."""

import importlib
import os
from typing import Any

__version__ = "0.1.0"

__all__ = ["LogLine", "Plan", "Run", "Sample", "__version__", "attach", "deploy", "plan", "runs"]

# onnxruntime tells its makers of its use, and leaves an id in the person's home, unless this stands there
# before it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def __getattr__(name: str) -> Any:
    """The API, once somebody wants it: the command line imports this package at every start."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module("launcher.api"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
