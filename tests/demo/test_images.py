"""The demo's registries have every image that this release names itself."""

from __future__ import annotations

import pytest

from launcher import image_digest
from launcher.demo.images import PYTHONS, demo_images
from launcher.presets import built_in_presets
from launcher.providers.registry import default_place
from launcher.services.common.images import image_of
from launcher.services.common.our_image import ordered_image
from pod_image.contract.common_settings import DEFAULT_IMAGE


def test_every_preset_and_bootstrap_alone_find_their_image() -> None:
    place = default_place()
    named = [str(preset.values.get("image") or DEFAULT_IMAGE) for preset in built_in_presets()]
    ordered = {ordered_image(image, place) for image in (*named, "bootstrap")}
    assert ordered <= set(demo_images())


def test_a_release_finds_its_image_by_the_digest_that_was_written_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(image_digest, "IMAGE_DIGEST", f"sha256:{'ab' * 32}")
    ordered = ordered_image(DEFAULT_IMAGE, default_place())
    assert demo_images()[ordered].is_readable is False


def test_pythons_to_try_say_which_they_are() -> None:
    images = demo_images()
    for version in PYTHONS:
        assert (
            images[image_of(f"bootstrap:python:{version}", default_place())].python
            == f"{version}.4"
        )
