"""What OpenSSH's client says when it does not get through, as errors of ours."""

from __future__ import annotations

from launcher.errors import NotConfigured, ProviderError, ProviderUnavailable
from launcher.providers.own_machine import NotReached

NO_CONNECTION = 255
"""The exit code of ssh itself; any other is the command's."""
_LONGEST = 300


def trouble_in(host: str, said: str) -> ProviderError | NotConfigured:
    """The error for what ssh printed on standard error."""
    lowered = said.lower()
    if "remote host identification has changed" in lowered:
        return NotConfigured(
            f"{host} has a different key from the one that ssh knows.",
            hint=f"Find out why: somebody may be in its place. Then: ssh-keygen -R {host}, and once ssh {host}.",
        )
    if "host key verification failed" in lowered:
        return NotConfigured(
            f"ssh does not know the key of {host} yet.",
            hint=f"Connect once by hand and compare it: ssh {host}",
        )
    if "permission denied" in lowered:
        return NotConfigured(
            f"{host} does not let you in with your ssh keys.",
            hint=f"This has to work without a password: ssh {host} true. ssh-add or ssh-copy-id may help.",
        )
    if "could not resolve hostname" in lowered:
        return NotConfigured(
            f"ssh knows no machine called {host}.",
            hint="Name it as you do for ssh: an address, or a Host of your ssh configuration.",
        )
    if any(
        words in lowered for words in ("connection refused", "no route", "timed out", "unreachable")
    ):
        return NotReached(f"{host} does not answer.", hint="Is it on, and does its ssh server run?")
    last = said.strip().rpartition("\n")[2][:_LONGEST]
    return ProviderUnavailable(f"The connection to {host} broke off{f': {last}' if last else ''}.")
