"""Our own image is rented by its content, once a release has written that in: a tag can be moved, a digest cannot."""

from __future__ import annotations

from dataclasses import replace

from launcher import image_digest
from launcher.providers.place import Place
from launcher.services.common.image_check import ImageCheck
from launcher.services.common.images import image_of
from pod_image.contract.common_settings import DEFAULT_IMAGE
from pod_image.contract.findings import Finding, Severity

NO_DIGEST = (
    "This copy of the launcher does not know the digest of its release. The image is used by its tag only, so "
    "anyone who can write to that registry decides what runs."
)


def digest_of(image: str) -> str:
    """What a release wrote in for this image; empty for any other, and before a release."""
    return image_digest.IMAGE_DIGEST if image == DEFAULT_IMAGE else ""


def ordered_image(image: str, place: Place) -> str:
    """What the provider is asked to run: ours by its digest, where we have one; any other as it was named."""
    digest = digest_of(image)
    return f"{image.rpartition(':')[0]}@{digest}" if digest else image_of(image, place)


def findings_on_image(image: str) -> tuple[Finding, ...]:
    """What a plan says of it."""
    if image != DEFAULT_IMAGE or digest_of(image):
        return ()
    return (Finding(Severity.NOTE, "image-by-tag", NO_DIGEST),)


def compared(image: str, found: ImageCheck) -> ImageCheck:
    """What the registry has under our tag, against what this release was made with. `found` is good."""
    if image != DEFAULT_IMAGE:
        return found
    digest = digest_of(image)
    if not digest:
        sentence = f"{found.sentence}; used by its tag only, because this copy knows no digest"
        return replace(found, sentence=sentence)
    if found.digest == digest:
        return replace(found, sentence=f"{found.sentence}, with the content of this release")
    return ImageCheck(
        False,
        f"{found.sentence}, but its content is {found.digest}, and this release was made with {digest}",
        "Pods use only that digest. Ask the publisher of the image why its tag was moved, or use a newer release.",
    )
