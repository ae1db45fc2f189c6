"""An address that one HTTPS request tells somebody at: ntfy, or a webhook that takes JSON. Standard library alone."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from pod_image.contract.loopback import is_loopback

NTFY_HOST = "ntfy.sh"
_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
_TOKEN = re.compile(r"tk_[A-Za-z0-9]+")
_SCHEMES = ("ntfy", "ntfys", "https", "http")
_LONG_WORD = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.~+-]{16,}|[\w.~+-]{24,}")
"""What nobody types by heart."""


class BadAddress(ValueError):
    """Why it is none. The text quotes nothing of it."""


@dataclass(frozen=True)
class PostAddress:
    """Where to send one request. `host` is all of it that may be shown."""

    host: str
    url: str = field(repr=False)
    topic: str = field(default="", repr=False)
    """Of ntfy; a webhook has none."""
    authorization: str = field(default="", repr=False)

    @property
    def mark(self) -> str:
        return mark_of("\n".join((self.url, self.topic, self.authorization)))


def mark_of(address: str) -> str:
    """Tells the addresses of one person apart, in places that anybody may read.

    Twelve bits, always the same ones: too few to find an address by, or to prove a guess.
    """
    return hashlib.sha256(address.encode()).hexdigest()[:3]


def post_address(text: str) -> PostAddress | None:
    """The address, or None for one of another kind: that takes more than one request.

    `ntfy://TOPIC`, `ntfys://[TOKEN@|USER:WORD@]HOST/TOPIC`, `https://…`; without TLS to this very machine alone.
    Raises BadAddress.
    """
    scheme = text.partition("://")[0].lower()
    if scheme not in _SCHEMES:
        return None
    parts = _split(text)
    if scheme == "ntfy" and not is_loopback(parts.hostname or ""):
        return None if parts.path.strip("/") else _on_ntfy_sh(parts)
    host = parts.hostname or ""
    is_safe = scheme in ("ntfys", "https") or is_loopback(host)
    if not is_safe:
        raise BadAddress("it is sent without TLS; use https")
    if not host:
        raise BadAddress("it has no host name")
    if scheme in ("ntfy", "ntfys") or host == NTFY_HOST:
        return _ntfy(parts, "https" if scheme in ("ntfys", "https") else "http")
    rest = f"?{parts.query}" if parts.query else ""
    url = f"{scheme}://{_netloc(parts)}{parts.path or '/'}{rest}"
    return PostAddress(host, url, authorization=_authorization(parts))


def carries_secret(text: str) -> bool:
    """Whether a password, a token or a word that looks like one stands in it."""
    parts = _split(text)
    words = [parts.hostname or "", *parts.path.split("/")]
    is_named = bool(parts.username or parts.password or parts.query or parts.fragment)
    return is_named or any(_LONG_WORD.fullmatch(unquote(word)) for word in words[1:])


def _split(text: str) -> SplitResult:
    if not text.isprintable() or " " in text:
        raise BadAddress("it contains a space or an unprintable character")
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  # raises for what is no number
    except ValueError:
        raise BadAddress("it is not a valid address") from None
    return parts


def _on_ntfy_sh(parts: SplitResult) -> PostAddress:
    # The topic stands where a host would, and a host loses its capitals.
    topic = parts.netloc.rpartition("@")[2]
    return PostAddress(NTFY_HOST, f"https://{NTFY_HOST}/", _topic(topic), _authorization(parts))


def _ntfy(parts: SplitResult, scheme: str) -> PostAddress:
    url = f"{scheme}://{_netloc(parts)}/"
    topic = _topic(parts.path.strip("/"))
    return PostAddress(parts.hostname or "", url, topic, _authorization(parts))


def _topic(name: str) -> str:
    if not _TOPIC.fullmatch(name):
        raise BadAddress("an ntfy topic has 1 to 64 letters, digits, - and _")
    return name


def _netloc(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _authorization(parts: SplitResult) -> str:
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not (user or password):
        return ""
    if not password and _TOKEN.fullmatch(user):
        return f"Bearer {user}"
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
