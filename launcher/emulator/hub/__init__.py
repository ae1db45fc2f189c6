"""A stand-in for the Hugging Face Hub that an unmodified huggingface_hub cannot tell from it.

`HubEmulator` serves it on a loopback port; `HubCore` with `HubTransport` is the same in-process.
"""

from launcher.emulator.hub.core import HubCore, Sizes
from launcher.emulator.hub.faults import NAMED_FAULTS, Rule
from launcher.emulator.hub.limits import RateLimits
from launcher.emulator.hub.server import HubEmulator
from launcher.emulator.hub.tokens import Scope, Token, TokenKind
from launcher.emulator.hub.transport import HubTransport

__all__ = [
    "NAMED_FAULTS",
    "HubCore",
    "HubEmulator",
    "HubTransport",
    "RateLimits",
    "Rule",
    "Scope",
    "Sizes",
    "Token",
    "TokenKind",
]
