"""Whether a registry has an image for a pod's machine: asked the way every container host asks, without a login."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum

import httpx

from launcher.config import REGISTRY_VARIABLE
from launcher.errors import BadEnvironment
from launcher.open_http import is_safe_address, open_http
from launcher.providers.place import Place
from launcher.services.common.image_names import ImageName
from launcher.services.common.image_registry import (
    PLATFORM,
    Described,
    Refused,
    Registry,
)
from launcher.services.common.images import BOOTSTRAP, image_of, is_bootstrap
from pod_image.contract.next_steps import Said, Sentence, setting

_DENIED = (401, 403)
_SECONDS = 10.0
"""For one answer; and half as much again for all of them together."""


class Verdict(StrEnum):
    THERE = "there"
    ABSENT = "absent"
    OTHER_PLATFORM = "other_platform"
    DENIED = "denied"
    """Not there, or not for everybody: registries do not tell which."""
    UNKNOWN = "unknown"
    """Nobody could be asked, or the answer was none that is known."""


@dataclass(frozen=True)
class ImageCheck:
    """`is_good` is None when nobody without a login, or without a network, can tell."""

    is_good: bool | None
    sentence: str
    hint: Said = ""
    digest: str = ""
    """Of what the name stands for now, reckoned from its own bytes; empty where it does not exist."""
    verdict: Verdict = Verdict.UNKNOWN
    size_bytes: int | None = None
    """What a machine fetches of it; None where that is not told."""
    python: tuple[int, int] | None = None
    """The version that the image itself names; most name none."""


async def check_image(
    image: str,
    place: Place,
    *,
    has_credential: bool = False,
    registry_url: str = "",
    transport: httpx.AsyncBaseTransport | None = None,
) -> ImageCheck:
    """Ask the image's registry for it, or `registry_url` in its place. `has_credential`: the place pulls with one that
    is not ours to use.

    `bootstrap` stands for the image it orders. Never raises for the network or for a registry's odd answers.
    """
    wanted = image_of(image, place)
    name = ImageName.parse(wanted)
    if name.fault:
        return _absent(image, f"{wanted} does not exist: {name.fault}")
    if registry_url and not is_safe_address(registry_url):
        said = f"{wanted} could not be looked up: {REGISTRY_VARIABLE} is not an https address"
        return ImageCheck(None, said, "Unset it, or start it with https://.")
    found = Described()
    try:
        async with (
            asyncio.timeout(_SECONDS * 1.5),
            open_http(transport, timeout=_SECONDS) as client,
        ):
            registry = Registry(client, name, registry_url)
            found = registry.found
            await registry.describe(wants_python=is_bootstrap(image))
    except Refused as exc:
        if not found.is_there:
            return _refusal(image, wanted, name, exc.status, place, has_credential=has_credential)
    except BadEnvironment as exc:
        return ImageCheck(None, f"{wanted} could not be looked up: {exc.message}", exc.hint)
    except (
        httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, LookupError, TypeError,
        AttributeError, RecursionError,
    ) as exc:  # fmt: skip
        if not found.platforms:
            return ImageCheck(None, f"{wanted} could not be looked up ({type(exc).__name__})")
    return _there(wanted, found)


def _there(image: str, found: Described) -> ImageCheck:
    if found.platforms and PLATFORM not in found.platforms:
        others = ", ".join(sorted("/".join(each) for each in found.platforms))
        return ImageCheck(
            False,
            f"{image} exists, but only for {others}",
            f"Build it with --platform {'/'.join(PLATFORM)}, which pods need.",
            verdict=Verdict.OTHER_PLATFORM,
        )
    for_what = f" for {'/'.join(PLATFORM)}" if found.platforms else ""
    return ImageCheck(
        True,
        f"{image} exists{for_what}",
        digest=found.digest,
        verdict=Verdict.THERE,
        size_bytes=found.size_bytes,
        python=found.python,
    )


def _absent(image: str, sentence: str) -> ImageCheck:
    if is_bootstrap(image):
        way_out = Sentence("; ", setting("image", BOOTSTRAP), " uses one that exists.")
    else:
        way_out = Sentence("; ", setting("image", BOOTSTRAP), " does not need our image.")
    hint = Sentence("Check the name and the tag", way_out)
    return ImageCheck(False, sentence, hint, verdict=Verdict.ABSENT)


def _refusal(
    image: str, wanted: str, name: ImageName, status: int, place: Place, *, has_credential: bool
) -> ImageCheck:
    if status in _DENIED and has_credential:
        return ImageCheck(
            None,
            f"{wanted} is private: only a pod with the credential can tell whether it exists",
            verdict=Verdict.DENIED,
        )
    if status in _DENIED:
        return ImageCheck(
            False,
            f"{wanted} does not exist or is private: {name.server} refused to show it",
            Sentence(
                "A private image needs ",
                setting("registry"),
                f" with {place.images.credential}; ",
                setting("image", BOOTSTRAP),
                " does not need our image.",
            ),
            verdict=Verdict.DENIED,
        )
    if status == 404:
        return _absent(image, f"{wanted} does not exist")
    return ImageCheck(None, f"{wanted} could not be looked up ({name.server} answered {status})")
