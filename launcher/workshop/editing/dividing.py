"""A clip's text divided where its sound is divided. Pure."""

from __future__ import annotations

import re

_PAUSE_AFTER = re.compile(r"""[.!?…。！？;:,،؛—–]["'”’»)\]]*$""")
_REACH = 0.12
"""How far, as a share of the text, a mark that is heard as a pause may lie from the place reckoned."""


def divided(text: str, share: float) -> tuple[str, str]:
    """The words before and after this share of the sound: after a mark of pause nearby, else between two words.

    A guess by length; people see it before it is done.
    """
    words = text.split()
    if len(words) < 2:
        return (text, "") if share >= 0.5 else ("", text)
    total = sum(map(len, words)) + len(words) - 1
    best, best_cost, at = 1, float("inf"), -1
    for number, word in enumerate(words[:-1], 1):
        at += len(word) + 1
        away = abs(at / total - share)
        cost = away if _PAUSE_AFTER.search(word) and away <= _REACH else away + _REACH
        if cost < best_cost:
            best, best_cost = number, cost
    return " ".join(words[:best]), " ".join(words[best:])
