"""What each recipe declares to both sides. A recipe is here when its module is: there is no list to keep."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from pod_image.contract.recipes.base import Declaration


def declarations() -> Mapping[str, Declaration]:
    """Every recipe's declaration by its name, in their order."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name != "base"]
    found = {name.replace("_", "-"): _declaration(name) for name in names}
    return dict(sorted(found.items(), key=lambda item: item[1].order))


def module_name(recipe: str) -> str:
    """A recipe's name as Python has it: `llm-lora` is in modules and folders named `llm_lora`."""
    return recipe.replace("-", "_")


def _declaration(name: str) -> Declaration:
    module = importlib.import_module(f"{__name__}.{name}")
    declaration: Declaration = module.DECLARATION
    return declaration
