"""Where the interface listens, by which names, and whether what is said there can be read by others on the way."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from launcher.door.address import PLAIN_HOST, Address, bind, port_of
from launcher.errors import InvalidRequest
from launcher.serve.guard import Entrance
from pod_image.contract.loopback import is_loopback
from pod_image.contract.next_steps import NextStep, Sentence

USUAL_PORT = 8420
PORT_OF_LAST_TIME = -1
"""That of the form, which it keeps."""
_EVERYWHERE = ("0.0.0.0", "::", "")


@dataclass(frozen=True)
class Listening:
    """What was asked for. `names`: further ones that clients know this computer by."""

    host: str = PLAIN_HOST
    port: int = USUAL_PORT
    names: Sequence[str] = ()
    certificate: Path | None = None
    private_key: Path | None = None
    is_insecure: bool = False

    @property
    def is_encrypted(self) -> bool:
        return self.certificate is not None

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this computer can reach it."""
        return is_loopback(self.host)

    @property
    def warning(self) -> str:
        """What a person should know before they leave it like that; or ""."""
        if self.is_loopback or self.is_encrypted:
            return ""
        return (
            f"Served without encryption at {self.host}: anyone who can read this network can read "
            f"the token, and rent GPUs on your account. Give a certificate, or let only a tunnel or a proxy reach it."
        )

    @property
    def tls_options(self) -> dict[str, Any]:
        """As uvicorn takes them."""
        if self.certificate is None:
            return {}
        return {"ssl_certfile": str(self.certificate), "ssl_keyfile": str(self.private_key)}

    def check(self) -> None:
        """Raises InvalidRequest for what could not be served, or only in the open and nobody said so."""
        if (self.certificate is None) != (self.private_key is None):
            raise InvalidRequest(
                "Only one of the certificate and its private key was given.",
                hint="Give both, as PEM files.",
            )
        if self.certificate is not None:
            self._check_certificate()
        elif not self.is_loopback and not self.is_insecure:
            raise InvalidRequest(
                f"{self.host} can be reached from other computers, and nothing would be encrypted.",
                hint=Sentence(
                    "Give ",
                    NextStep.GIVE_CERTIFICATE,
                    "; or ",
                    NextStep.SERVE_IN_THE_OPEN,
                    ", where a tunnel or a proxy encrypts it.",
                ),
            )

    def open(self) -> tuple[socket.socket, Entrance]:
        """Listen. Raises InvalidRequest when host or port cannot be had."""
        sock = bind(self.port, self.host)
        return sock, self.entrance(port_of(sock))

    def entrance(self, port: int) -> Entrance:
        host = PLAIN_HOST if self.host in _EVERYWHERE else self.host
        names = {*self.names, self.host}
        if not self.is_loopback:
            names.add(socket.gethostname())
        address = Address(host, port, self.is_encrypted)
        return Entrance(address, frozenset(filter(None, names)), self.is_loopback)

    def _check_certificate(self) -> None:
        assert self.certificate is not None
        assert self.private_key is not None
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.private_key, password=_locked)
        except (OSError, ValueError) as exc:  # ssl.SSLError is an OSError
            why = getattr(exc, "reason", None) or getattr(exc, "strerror", None) or exc
            raise InvalidRequest(
                f"The certificate {self.certificate} with the key {self.private_key} cannot be used: {why}.",
                hint="Both are PEM files, belong together, and the key has no password.",
            ) from None


def port_asked_for(port: int | None, *, with_form: bool) -> int:
    if port is not None:
        return port
    return PORT_OF_LAST_TIME if with_form else USUAL_PORT


def _locked() -> NoReturn:
    """Asked for the key's password: a server starts without anybody to type one."""
    raise ValueError("the key has a password")
