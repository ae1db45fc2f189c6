"""Our image is rented by the digest that a release wrote in, and its tag is held to it."""

from __future__ import annotations

import hashlib
import json

import httpx
import pytest

from launcher import image_digest
from launcher.cli.terminal.next_steps import in_terminal
from launcher.providers.registry import default_place
from launcher.providers.runpod.place import PYTORCH_IMAGE
from launcher.services.common.image_check import ImageCheck, check_image
from launcher.services.common.our_image import compared, findings_on_image, ordered_image
from pod_image.contract.common_settings import DEFAULT_IMAGE

MANIFEST = json.dumps(
    {"manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}]}
).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
OTHER = f"sha256:{'0' * 64}"


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_digest, "IMAGE_DIGEST", DIGEST)


async def doctors(image: str) -> ImageCheck:
    """What `doctor` makes of a registry that has the image."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=MANIFEST))
    return compared(image, await check_image(image, default_place(), transport=transport))


def test_a_checkout_has_no_digest_written_in() -> None:
    assert image_digest.IMAGE_DIGEST == ""


@pytest.mark.usefixtures("released")
def test_a_release_rents_our_image_by_digest_and_every_other_as_it_was_named() -> None:
    assert (
        ordered_image(DEFAULT_IMAGE, default_place()) == f"ghcr.io/pod-launcher/pod-image@{DIGEST}"
    )
    assert ordered_image("me/pod:1", default_place()) == "me/pod:1"
    assert ordered_image("bootstrap", default_place()) == PYTORCH_IMAGE
    assert findings_on_image(DEFAULT_IMAGE) == ()


def test_until_a_release_the_tag_is_rented_and_the_plan_says_so() -> None:
    assert ordered_image(DEFAULT_IMAGE, default_place()) == DEFAULT_IMAGE
    assert [each.code for each in findings_on_image(DEFAULT_IMAGE)] == ["image-by-tag"]
    assert findings_on_image("me/pod:1") == ()


async def test_doctor_says_that_a_tag_alone_is_rented() -> None:
    found = await doctors(DEFAULT_IMAGE)
    assert found.is_good is True
    assert "used by its tag only" in found.sentence


@pytest.mark.usefixtures("released")
async def test_doctor_finds_the_tag_with_the_content_of_the_release() -> None:
    found = await doctors(DEFAULT_IMAGE)
    assert found.is_good is True
    assert "with the content of this release" in found.sentence


async def test_doctor_refuses_a_tag_that_was_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_digest, "IMAGE_DIGEST", OTHER)
    found = await doctors(DEFAULT_IMAGE)
    assert found.is_good is False
    assert DIGEST in found.sentence
    assert OTHER in found.sentence
    assert "tag was moved" in in_terminal(found.hint)
    assert (await doctors("me/pod:1")).is_good is True
