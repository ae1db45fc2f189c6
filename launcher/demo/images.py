"""Which images the demo's registries have: those that we name ourselves, and Pythons to try `bootstrap` with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from launcher.presets import built_in_presets
from launcher.providers.registry import all_places
from launcher.services.common.boot_budget import COMPRESSED_GB
from launcher.services.common.images import image_of, is_bootstrap
from launcher.services.common.our_image import digest_of, ordered_image
from pod_image.contract.common_settings import DEFAULT_IMAGE

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
_SIZE_GB = 4.0
"""Of an image whose size is known nowhere."""


@dataclass(frozen=True)
class DemoImage:
    """No layer is behind it. `is_readable`: that it is there is told, and no more, where it has a content of its own
    that nobody here can make.
    """

    size_gb: float
    python: str = ""
    is_readable: bool = True


def demo_images() -> Mapping[str, DemoImage]:
    """By their names, with the sizes that are known."""
    sizes = dict(COMPRESSED_GB)
    pinned: dict[str, DemoImage] = {}
    for place in all_places():
        sizes |= place.images.compressed_gb
        sizes.setdefault(place.images.bootstrap, _SIZE_GB)
        for preset in built_in_presets():
            image = str(preset.values.get("image") or "")
            if is_bootstrap(image):
                sizes.setdefault(image_of(image, place), _SIZE_GB)
        if digest_of(DEFAULT_IMAGE):
            pinned[ordered_image(DEFAULT_IMAGE, place)] = DemoImage(0.0, is_readable=False)
    named = {name: DemoImage(size_gb) for name, size_gb in sizes.items()}
    pythons = {
        f"python:{version}{kind}": DemoImage(0.05 if kind else 0.4, f"{version}.4")
        for version in PYTHONS
        for kind in ("", "-slim")
    }
    return {**named, **pythons, **pinned}
