"""The Python API: what `import launcher` gives, sync and async from one implementation.

Each name is loaded when it is used: the command line has modules of this package, and needs few of them. So no module
may be called as one of these names: it would stand in its place once it was loaded.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from launcher.api.calls import attach, deploy, plan, runs
    from launcher.api.log_lines import LogLine
    from launcher.api.made_plan import Plan
    from launcher.api.run import Run
    from launcher.api.samples import Sample

__all__ = ["LogLine", "Plan", "Run", "Sample", "attach", "deploy", "plan", "runs"]

_MODULES = {"LogLine": "log_lines", "Plan": "made_plan", "Run": "run", "Sample": "samples"}
_CALLS = "calls"


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES.get(name, _CALLS)}"), name)
