"""What the environment of a process says of the network, examined before an HTTP client is made of it.

The clients' own words for these troubles are tracebacks, or a Hub "that does not answer"."""

from __future__ import annotations

import functools
import importlib.util
import ipaddress
import os
import re
import ssl
import urllib.request
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_PROXY_KINDS = ("http", "https", "all")
_SOCKS = ("socks5", "socks5h")
_NO_PROXY = ("NO_PROXY", "no_proxy")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_YES = frozenset({"1", "ON", "YES", "TRUE"})
"""What the Hub's library takes for yes."""
_HOST = re.compile(r"\*|[*.]?[\w-]+(\.[\w-]+)*\.?(:\d{1,5})?")


@dataclass(frozen=True)
class Fault:
    """A variable that nothing can be reached with: what is wrong with it, and what to do. Quotes no password."""

    variable: str
    message: str
    hint: str


def network_faults(environment: Mapping[str, str] = os.environ) -> tuple[Fault, ...]:
    """Why no HTTP client can be made of this environment, or none that reaches anything."""
    return (*_proxy_faults(), *_certificate_faults(environment))


def hub_faults(endpoint: str, environment: Mapping[str, str] = os.environ) -> tuple[Fault, ...]:
    """Why the Hub at `endpoint` cannot be asked at all."""
    return (*_offline_faults(environment), *_endpoint_faults(endpoint))


def read_no_proxy(environment: MutableMapping[str, str] = os.environ) -> tuple[str, ...]:
    """Write NO_PROXY as every client reads it; what of it no client can read is left out, and returned."""
    unread: list[str] = []
    for name in _NO_PROXY:
        if name not in environment:
            continue
        entries = [(each, _entry(each)) for each in re.split(r"[,\s]+", environment[name]) if each]
        unread += [each for each, entry in entries if not entry]
        written = ",".join(entry for _, entry in entries if entry)
        if written != environment[name]:
            environment[name] = written
    return tuple(unread)


def drop_certificates_that_are_not_there(
    environment: MutableMapping[str, str] = os.environ,
) -> tuple[Fault, ...]:
    """Go on with the usual certificates where others are named that cannot be read; what was wrong."""
    faults = tuple(_certificate_faults(environment))
    if faults:
        for name in _CERTIFICATES:
            environment.pop(name, None)
    return faults


def stay_on_loopback(environment: MutableMapping[str, str] = os.environ) -> None:
    """For a process that reaches nothing but itself: no proxy, no certificates, and a Hub that may be asked."""
    # Named too, for a proxy that the system itself sets; "*" alone is not understood by what sends large files.
    environment.update(dict.fromkeys(_NO_PROXY, "127.0.0.1,localhost"))
    proxies = [f"{kind}_proxy" for kind in _PROXY_KINDS]
    for name in (*proxies, *map(str.upper, proxies), *_CERTIFICATES, *_OFFLINE):
        environment.pop(name, None)


def odd_letters(key: str) -> str:
    """What there is in a key that no key has, or "". Quotes none of it."""
    if not key:
        return "no letters at all"
    if any(letter.isspace() for letter in key):
        return "a space or a line break"
    if any(letter in "\"'`" for letter in key):
        return "a quotation mark"
    if not key.isascii():
        return "a letter that is not plain ASCII"
    return "" if key.isprintable() else "a control character"


def _entry(entry: str) -> str:
    """An entry of NO_PROXY as both clients and Python itself read it, or "" where there is no such way."""
    found = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](:\d+)?", entry)
    if found and _is_address(found[1], 6):
        return f"all://{entry}" if found[2] else found[1]
    if entry.startswith("*."):
        entry = entry[1:]
    if "://" in entry:
        return entry if _is_url(entry) else ""
    if "/" in entry:
        address, _, _ = entry.partition("/")
        return entry if _is_network(entry) and _is_address(address, 4) else ""
    return entry if _is_address(entry, 6) or _is_host(entry) else ""


def _is_host(text: str) -> bool:
    name, _, port = text.partition(":")
    if not _HOST.fullmatch(text) or int(port or 0) > 65_535:
        return False
    try:
        name.strip("*.").encode("idna")
    except UnicodeError:
        return False
    return True


def _is_address(text: str, version: int) -> bool:
    try:
        return "%" not in text and ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port is None or parts.port >= 0)
    except ValueError:
        return False


def _proxy_faults() -> Iterator[Fault]:
    proxies = urllib.request.getproxies()
    for kind in _PROXY_KINDS:
        address = proxies.get(kind, "")
        if address and "*" not in re.split(r"[,\s]+", proxies.get("no", "")):
            yield from _proxy_fault(_proxy_variable(kind), address)


def _proxy_variable(kind: str) -> str:
    names = (f"{kind}_proxy", f"{kind}_proxy".upper())
    return next((name for name in names if os.environ.get(name)), "The system's proxy setting")


def _proxy_fault(variable: str, address: str) -> Iterator[Fault]:
    url = address if "://" in address else f"http://{address}"
    scheme = url.partition("://")[0].lower()
    is_socks = scheme in _SOCKS
    if scheme not in ("http", "https", *_SOCKS) or not _is_url(url) or not url.isprintable():
        yield Fault(
            variable,
            f"{variable} is not a usable proxy address.",
            f"Unset {variable}, or set it to an address such as http://proxy.example:3128.",
        )
    elif is_socks and importlib.util.find_spec("socksio") is None:
        yield Fault(
            variable,
            f"{variable} is a SOCKS proxy, but the package for SOCKS is not installed.",
            f"pip install socksio, or unset {variable}, or give it the address of an HTTP proxy.",
        )


def _certificate_faults(environment: Mapping[str, str]) -> Iterator[Fault]:
    name = next((name for name in _CERTIFICATES if environment.get(name)), None)
    if name is None:
        return
    path = environment[name]
    why = _why_no_file(path) if name == "SSL_CERT_FILE" else _why_no_folder(path)
    if why:
        yield Fault(
            name,
            f"{name} points to certificates that cannot be used: {path} {why}.",
            f"Unset {name}, or set it to a file or folder with certificates.",
        )


def _why_no_file(path: str) -> str:
    try:
        now = Path(path).stat()
    except (OSError, ValueError):
        return _why_not_loaded(path, (0, 0, 0))
    return _why_not_loaded(path, (now.st_ino, now.st_ctime_ns, now.st_size))


@functools.lru_cache(maxsize=4)
def _why_not_loaded(path: str, version: tuple[int, int, int]) -> str:
    """Read once for each `version` of the file: a usual one takes a fiftieth of a second."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return "holds no certificates"
    except FileNotFoundError:
        return "does not exist"
    except (OSError, ValueError) as exc:
        return f"cannot be read ({getattr(exc, 'strerror', None) or exc})"
    return ""


def _why_no_folder(paths: str) -> str:
    return "" if any(map(os.path.isdir, paths.split(os.pathsep))) else "is not a folder"


def _offline_faults(environment: Mapping[str, str]) -> Iterator[Fault]:
    # The second counts only where the first says nothing.
    name = next((name for name in _OFFLINE if environment.get(name)), None)
    if name is not None and environment[name].upper() in _YES:
        yield Fault(
            name,
            f"{name} is set, which forbids all requests to Hugging Face.",
            f"Unset {name} and try again.",
        )


def _endpoint_faults(endpoint: str) -> Iterator[Fault]:
    is_web = endpoint.partition("://")[0].lower() in ("http", "https")
    if is_web and _is_url(endpoint) and endpoint.isprintable() and " " not in endpoint:
        return
    yield Fault(
        "HF_ENDPOINT",
        f"HF_ENDPOINT is not an address with https:// and a host name: {endpoint!r}.",
        "Unset HF_ENDPOINT to use https://huggingface.co, or start it with https://.",
    )
