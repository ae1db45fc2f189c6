"""The place that docs/providers.md writes out, as Python: what stands on the page is what runs."""

from __future__ import annotations

import re
import sys
import types
from functools import cache
from typing import Any

from tests.kit.checkout import ROOT

PAGE = ROOT / "docs" / "providers.md"


@cache
def worked_example() -> Any:
    """The page's blocks of Python, one after the other, as one module."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    module = types.ModuleType("worked_example")
    sys.modules[module.__name__] = module  # dataclasses look for theirs there
    exec(compile("\n".join(blocks), str(PAGE), "exec"), module.__dict__)
    return module
