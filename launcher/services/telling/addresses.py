"""Addresses that a person is told at: what they are, and what of them may be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import SecretStr

from launcher.errors import InvalidRequest
from launcher.services.telling import apprise_sender
from launcher.stores.secrets import Keys
from pod_image.contract.loopback import is_loopback
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.notify_address import (
    BadAddress,
    PostAddress,
    carries_secret,
    mark_of,
    post_address,
)

DESKTOP = "desktop"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """`shown` and `mark` may be seen by anybody; the rest of it may be a secret.

    `post`: one request tells somebody there. Neither that nor the desktop: Apprise knows what to do with `text`.
    """

    shown: str
    mark: str
    text: SecretStr
    post: PostAddress | None = field(default=None, repr=False)

    @property
    def is_desktop(self) -> bool:
        return self.mark == DESKTOP

    @property
    def is_for_pods(self) -> bool:
        """Whether a pod can tell there, too: with one request, and over the net."""
        return self.post is not None and not is_loopback(self.post.host)


def addresses_in(text: str) -> tuple[Address, ...]:
    """Each address of a text with spaces between them, once. Raises InvalidRequest, quoting none of it."""
    found = [_address(number, word) for number, word in enumerate(text.split(), 1)]
    return tuple({each.mark: each for each in found}.values())


def addresses_of(keys: Keys) -> tuple[Address, ...]:
    """Where the person of these keys is told. Raises what `addresses_in` raises."""
    return addresses_in(keys.notify.get_secret_value()) if keys.notify is not None else ()


def for_pods(addresses: Iterable[Address]) -> SecretStr | None:
    """Those that a pod can tell at, as it is handed them; None where there is none."""
    texts = [each.text.get_secret_value() for each in addresses if each.is_for_pods]
    return SecretStr(" ".join(texts)) if texts else None


def check_addresses(addresses: Iterable[Address]) -> None:
    """Raises InvalidRequest for one that Apprise does not know, NotConfigured where Apprise is needed and not there."""
    for each in addresses:
        if each.post is None and not each.is_desktop:
            apprise_sender.check(each.text.get_secret_value())


def refuse_secrets(texts: Iterable[str]) -> None:
    """Raises InvalidRequest where one that was typed as an argument holds a password or a token, or may hold one."""
    for text in texts:
        address = _address(1, text)
        if address.is_desktop:
            continue
        if carries_secret(text) if address.post is not None else apprise_sender.holds_secret(text):
            raise InvalidRequest(
                f"The address of {address.shown} contains a password or token. As an argument, every program on "
                "this computer could read it.",
                hint=Sentence("Store it instead: ", NextStep.ENTER_ADDRESSES, "."),
            )


def _address(number: int, text: str) -> Address:
    if text.lower() == DESKTOP:
        return Address(DESKTOP, DESKTOP, SecretStr(DESKTOP))
    scheme, has_scheme, _ = text.partition("://")
    try:
        if not (has_scheme and _SCHEME.fullmatch(scheme)):
            raise BadAddress(
                f"it is neither {DESKTOP} nor an address that starts like https:// or ntfy://"
            )
        post = post_address(text)
    except BadAddress as exc:
        raise InvalidRequest(
            f"Notification address {number} is not valid: {exc}.",
            hint="Use an address such as ntfy://my-topic, https://example.org/hook or any Apprise address.",
        ) from None
    if post is not None:
        return Address(post.host, post.mark, SecretStr(text), post)
    return Address(f"{scheme.lower()}://", mark_of(text), SecretStr(text))
