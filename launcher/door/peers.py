"""Which user of this computer a connection comes from: the kernel of Linux says it to everybody."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Mapping

_SOCK_DIAG = 4
_BY_FAMILY = 20
_REQUEST = 1
_HEADER = struct.Struct("=IHHII")
_QUESTION = struct.Struct("=BBBxI")
_ENDS = struct.Struct("!HH4s12x4s12x")
_NO_COOKIE = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
_UID_AT = 64
"""In the answer: four bytes, 48 of the connection's two ends, three counters."""
_WAIT_SECONDS = 0.2


def uid_of(client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """The user whose program holds the client's end of this IPv4 connection; None where that cannot be told."""
    if sys.platform != "linux":
        return None
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(_WAIT_SECONDS)
            kernel.send(_question(client, server))
            answer = kernel.recv(4096)
    except (OSError, ValueError):
        return None
    kind = _HEADER.unpack_from(answer)[1]
    body = answer[_HEADER.size :]
    if kind != _BY_FAMILY or len(body) < _UID_AT + 4:
        return None
    return int(struct.unpack_from("=I", body, _UID_AT)[0])


def is_another_user(
    client: tuple[str, int], server: tuple[str, int], environment: Mapping[str, str] = os.environ
) -> bool:
    """Whether the connection is surely of somebody else: not of us, of who called us by sudo, or of root.

    A connection that the kernel does not know is let be: from Windows into its Linux, for instance.
    """
    uid = uid_of(client, server)
    if uid is None:
        return False
    caller = environment.get("SUDO_UID", "")
    ours = {0, os.getuid(), *([int(caller)] if caller.isdecimal() else [])}
    return uid not in ours


def _question(client: tuple[str, int], server: tuple[str, int]) -> bytes:
    ends = _ENDS.pack(
        client[1], server[1], socket.inet_aton(client[0]), socket.inet_aton(server[0])
    )
    every_state = 0xFFFFFFFF
    body = _QUESTION.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, every_state) + ends + _NO_COOKIE
    return _HEADER.pack(_HEADER.size + len(body), _BY_FAMILY, _REQUEST, 1, 0) + body
