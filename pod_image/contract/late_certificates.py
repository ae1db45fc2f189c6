"""TLS certificates that are read when somebody speaks over TLS: reading them takes longer than most questions, and a
stand-in on this machine is asked without.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any


class LateCertificates(ssl.SSLContext):
    """A context of clients that `make` is asked for when the first connection needs it.

    By itself it trusts nobody: a call that were not handed on would fail, and let nothing through.
    """

    _make: Callable[[], ssl.SSLContext]
    _made: ssl.SSLContext | None
    _protocols: list[str]

    def __new__(cls, make: Callable[[], ssl.SSLContext]) -> LateCertificates:
        context = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        context._make, context._made, context._protocols = make, None, []
        return context

    @property
    def is_read(self) -> bool:
        return self._made is not None

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        self._protocols = list(alpn_protocols)
        if self._made is not None:
            self._made.set_alpn_protocols(self._protocols)

    def wrap_socket(self, *given: Any, **named: Any) -> ssl.SSLSocket:
        return self._for_use().wrap_socket(*given, **named)

    def wrap_bio(self, *given: Any, **named: Any) -> ssl.SSLObject:
        return self._for_use().wrap_bio(*given, **named)

    def _for_use(self) -> ssl.SSLContext:
        if self._made is None:
            made = self._read()
            if self._protocols:
                made.set_alpn_protocols(self._protocols)
            self._made = made
        return self._made

    def _read(self) -> ssl.SSLContext:
        """Raises SSLError, the one error that every HTTP client takes for a connection that failed."""
        try:
            return self._make()
        except ssl.SSLError:
            raise
        except OSError as exc:
            why = exc.strerror or type(exc).__name__
            raise ssl.SSLError(exc.errno or 0, f"The certificates cannot be read: {why}.") from exc
