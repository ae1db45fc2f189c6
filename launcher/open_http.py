"""The one place where the launcher makes an HTTP client of its own: its environment is examined before, and which
addresses one may be pointed at.
"""

from __future__ import annotations

from typing import Any

import httpx

from launcher.config import USER_AGENT
from launcher.errors import BadEnvironment
from pod_image.contract.late_certificates import LateCertificates
from pod_image.contract.loopback import is_loopback
from pod_image.contract.surroundings import network_faults, read_no_proxy

_MANY_STREAMS = httpx.Limits(max_connections=None, max_keepalive_connections=20)
"""httpx's own limit is a hundred connections: as many runs that are followed, and no further call would get through."""


def check_network() -> None:
    """Raises BadEnvironment where a proxy or certificates are named that nothing can be reached with."""
    for fault in network_faults():
        raise BadEnvironment(fault.message, hint=fault.hint)


def open_http(
    transport: httpx.AsyncBaseTransport | None = None, **options: Any
) -> httpx.AsyncClient:
    """A client with our name. Raises BadEnvironment for an environment that none can be made of."""
    read_no_proxy()
    check_network()
    if transport is not None:
        options["transport"] = transport
    options.setdefault("limits", _MANY_STREAMS)
    options.setdefault("verify", LateCertificates(httpx.create_ssl_context))
    options["headers"] = {"User-Agent": USER_AGENT, **options.get("headers", {})}
    try:
        return httpx.AsyncClient(**options)
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as exc:
        raise BadEnvironment(
            f"No connection can be made with this environment: {type(exc).__name__}.",
            hint="Look at the variables whose names end with PROXY, and at SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from exc


def is_safe_address(address: str) -> bool:
    """Whether nobody on the way can read what is sent there, or change what is answered."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        return False
    is_here = url.scheme == "http" and is_loopback(url.host)
    return bool(url.host) and (url.scheme == "https" or is_here)
