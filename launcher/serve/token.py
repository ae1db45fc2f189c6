"""The token that opens the interface: where it comes from, and whether a request has it. It is in no log."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr

from launcher.door.checks import is_same
from launcher.errors import NotConfigured
from launcher.stores.secrets import KeyStore

VARIABLE = "LAUNCHER_SERVE_TOKEN"
SHORTEST, LONGEST = 32, 512
_FIT = re.compile(rf"[A-Za-z0-9._~+/=-]{{{SHORTEST},{LONGEST}}}")
"""What a request's header can hold as it is (RFC 6750), and long enough not to be guessed."""
_DRAWN_BYTES = 32
_ID_DIGITS = 8


class TokenSource(StrEnum):
    ENVIRONMENT = "environment"
    KEYRING = "keyring"
    MEMORY = "memory"
    """There is no keyring: it lives as long as the server does."""


class _InKeyring:
    value = "serve-token"


IN_KEYRING = _InKeyring()
"""What the keyring has it under."""


@dataclass(frozen=True)
class ServeToken:
    """`is_new`: nobody can know it yet."""

    secret: SecretStr
    source: TokenSource
    is_new: bool = False

    @property
    def id(self) -> str:
        """Tells tokens apart in what is written down, and is none."""
        value = self.secret.get_secret_value().encode()
        return hashlib.sha256(b"launcher serve\0" + value).hexdigest()[:_ID_DIGITS]

    def is_in(self, authorization: str) -> bool:
        """Whether the value of an Authorization header carries it. Takes as long whatever is given."""
        scheme, _, given = authorization.partition(" ")
        is_right = is_same(given.strip(), self.secret.get_secret_value())
        return is_right and scheme.lower() == "bearer"


def take_token(environment: MutableMapping[str, str], store: KeyStore) -> ServeToken:
    """The environment's, which is taken out of it so that no child has it; else the keyring's; else a new one, kept in
    the keyring where there is one.

    Raises NotConfigured for one in the environment that could be guessed or that no header can hold, and for a keyring
    that is there and does not answer.
    """
    given = environment.pop(VARIABLE, "").strip()
    if given:
        return ServeToken(SecretStr(_checked(given)), TokenSource.ENVIRONMENT)
    kept = store.read(IN_KEYRING)
    if kept is not None and _FIT.fullmatch(kept.get_secret_value()):
        return ServeToken(kept, TokenSource.KEYRING)
    return new_token(store)


def new_token(store: KeyStore) -> ServeToken:
    """A new one in the place of an earlier one; a server that runs keeps the one that it began with."""
    drawn = SecretStr(secrets.token_urlsafe(_DRAWN_BYTES))
    with suppress(NotConfigured):
        store.save(IN_KEYRING, drawn)
        return ServeToken(drawn, TokenSource.KEYRING, is_new=True)
    return ServeToken(drawn, TokenSource.MEMORY, is_new=True)


def _checked(given: str) -> str:
    if not _FIT.fullmatch(given):
        raise NotConfigured(
            f"The value of {VARIABLE} {_fault(given)}, and cannot be the token.",
            hint=f"Use {SHORTEST} to {LONGEST} random letters and digits. Without the variable, one is generated.",
        )
    return given


def _fault(given: str) -> str:
    """Why it does not fit; nothing of it is quoted."""
    if len(given) < SHORTEST:
        return f"has fewer than {SHORTEST} characters"
    if len(given) > LONGEST:
        return f"has more than {LONGEST:,} characters"
    return "has other characters than letters, digits and . _ ~ + / = -"
