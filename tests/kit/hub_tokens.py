"""Tokens of the emulated Hub that stay the same, for tests that look for them by their value."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.emulator.hub import Token, TokenKind

FIXED_TOKENS: Mapping[str, Token] = {
    "demo-hub-read-token": Token("read", "demo", TokenKind.READ),
    "demo-hub-write-token": Token("write", "demo", TokenKind.WRITE),
}
