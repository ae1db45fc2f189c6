"""Figures in an English text as they are said: "7" is "seven"; pure."""

from __future__ import annotations

import re

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((1_000_000, "million"), (1_000, "thousand"))
_FIGURES = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")
MOST_FIGURES = 9


def spelled_out(text: str) -> str:
    """The text with whole numbers in words; years of four figures as pairs, longer rows of figures one by one."""
    return _FIGURES.sub(lambda found: _said(found.group()), text)


def _said(figures: str) -> str:
    plain = figures.replace(",", "")
    if len(plain) > MOST_FIGURES or (plain[0] == "0" and len(plain) > 1):
        return " ".join(_ONES[int(each)] for each in plain)
    number = int(plain)
    if len(figures) == 4 and 1100 <= number <= 1999 and number % 100 > 9:
        return f"{_number(number // 100)} {_number(number % 100)}"
    return _number(number)


def _number(number: int) -> str:
    for scale, name in _SCALES:
        if number >= scale:
            rest = _number(number % scale) if number % scale else ""
            return f"{_number(number // scale)} {name} {rest}".strip()
    if number >= 100:
        rest = _number(number % 100) if number % 100 else ""
        return f"{_ONES[number // 100]} hundred {rest}".strip()
    if number >= 20:
        tail = f" {_ONES[number % 10]}" if number % 10 else ""
        return _TENS[number // 10] + tail
    return _ONES[number]
