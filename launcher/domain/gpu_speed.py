"""How fast a GPU trains beside another one, by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass

YARDSTICK = "RTX 4090"
RELATIVE_SPEED = {
    # Card against an RTX 4090, by memory bandwidth and arithmetic of the makers' data sheets.
    "B300": 2.0,
    "B200": 2.0,
    "H200": 1.7,
    "H100": 1.6,
    "RTX PRO 6000": 1.5,
    "RTX 5090": 1.35,
    "A100": 1.15,
    "L40S": 1.0,
    "RTX 6000 Ada": 1.0,
    YARDSTICK: 1.0,
    "L40": 0.9,
    "RTX 5080": 0.8,
    "RTX 3090": 0.75,
    "RTX 5000 Ada": 0.75,
    "RTX 4080": 0.7,
    "A6000": 0.7,
    "A5000": 0.65,
    "A40": 0.65,
    "A30": 0.6,
    "V100": 0.6,
    "RTX 4070": 0.55,
    "A4500": 0.55,
    "RTX 3080": 0.65,
    "RTX 4000": 0.45,
    "A4000": 0.4,
    "RTX 3070": 0.4,
    "L4": 0.35,
    "RTX 2000": 0.3,
    "A2000": 0.25,
    "T4": 0.2,
}
UNKNOWN_SPEED = 0.5


@dataclass(frozen=True)
class CardSpeed:
    """A row of the table. `card` is None for a card that is not in it, whose speed is a guess."""

    card: str | None
    relative: float


def card_speed(gpu_name: str) -> CardSpeed:
    """The row of a card, by its display name or id."""
    words = f" {re.sub(r'[^A-Za-z0-9]+', ' ', gpu_name)} ".upper()
    for name, speed in RELATIVE_SPEED.items():
        if f" {name.upper()} " in words or f" RTX{name.upper()} " in words:
            return CardSpeed(name, speed)
    return CardSpeed(None, UNKNOWN_SPEED)
