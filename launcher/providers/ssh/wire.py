"""What OpenSSH's client says when it does not get through, as errors of ours."""

from __future__ import annotations

import re

from launcher.errors import NotConfigured, ProviderError, ProviderUnavailable
from launcher.providers.own_machine import NotReached

NO_CONNECTION = 255
"""The exit code of ssh itself; any other is the command's."""
_LONGEST = 300
_NOT_LET_IN = re.compile(r"(\S+@\S+: )?permission denied \([\w,-]+\)\.")
_NOT_REACHED = re.compile(
    r"ssh: connect to host .+ port \d+: .+|connection timed out during banner exchange"
)


def trouble_in(host: str, said: str) -> ProviderError | NotConfigured:
    """The error for what ssh printed on standard error.

    Only what it says before it is in, and says last, proves that nothing was done there: a connection that was up may
    time out as well, and what a profile or a command there prints comes the same way.
    """
    last = said.strip().rpartition("\n")[2].strip()
    lowered = last.lower()
    if lowered == "host key verification failed.":
        if "remote host identification has changed" in said.lower():
            return NotConfigured(
                f"{host} has a different key from the one that ssh knows.",
                hint=(
                    f"Find out why: another machine may have taken its place. Then: ssh-keygen -R {host}, "
                    f"and once ssh {host}."
                ),
            )
        return NotConfigured(
            f"ssh does not know the key of {host} yet.",
            hint=f"Connect once by hand and compare it: ssh {host}",
        )
    if _NOT_LET_IN.fullmatch(lowered):
        return NotConfigured(
            f"{host} does not let you in with your ssh keys.",
            hint=f"This has to work without a password: ssh {host} true. ssh-add or ssh-copy-id may help.",
        )
    if lowered.startswith("ssh: could not resolve hostname"):
        return NotConfigured(
            f"ssh knows no machine called {host}.",
            hint="Name it as you do for ssh: an address, or a Host of your ssh configuration.",
        )
    if _NOT_REACHED.fullmatch(lowered):
        return NotReached(f"{host} does not answer.", hint="Is it on, and does its ssh server run?")
    told = f": {last[:_LONGEST]}" if last else ""
    return ProviderUnavailable(f"The connection to {host} broke off{told}.")
