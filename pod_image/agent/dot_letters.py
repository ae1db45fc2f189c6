"""Letters of five by seven dots, for pictures that are drawn where no fonts are. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator

WIDTH, HEIGHT = 5, 7
_UNKNOWN = "1f11111111111f"
# Seven rows of five bits a letter, from the top.
_ROWS = {
    "0": "0e11131519110e", "1": "040c040404040e", "2": "0e11010204081f", "3": "1f02040201110e",
    "4": "02060a121f0202", "5": "1f101e0101110e", "6": "0608101e11110e", "7": "1f010204080808",
    "8": "0e11110e11110e", "9": "0e11110f01020c", "a": "00000e010f110f", "b": "1010161911111e",
    "c": "00000e1010110e", "d": "01010d1311110f", "e": "00000e111f100e", "f": "0609081c080808",
    "g": "00000f110f010e", "h": "10101619111111", "i": "04000c0404040e", "j": "0200060202120c",
    "k": "10101214181412", "l": "0c04040404040e", "m": "00001a15151111", "n": "00001619111111",
    "o": "00000e1111110e", "p": "00001e111e1010", "q": "00000d130f0101", "r": "00001619101010",
    "s": "00000e100e011e", "t": "08081c08080906", "u": "0000111111130d", "v": "00001111110a04",
    "w": "0000111115150a", "x": "0000110a040a11", "y": "000011110f010e", "z": "00001f0204081f",
    " ": "00000000000000", ".": "00000000000c0c", ",": "000000000c0408", "-": "0000001f000000",
    "_": "0000000000001f", "/": "00010204081000", "%": "18190204081303", "+": "0004041f040400",
    ":": "000c0c000c0c00", "(": "02040808080402", ")": "08040202020408", "=": "00001f001f0000",
    "@": "0e11171517100e", "[": "0e08080808080e", "]": "0e02020202020e",
}  # fmt: skip


def dots(letter: str) -> Iterator[tuple[int, int]]:
    """Column and row of each dot; a box where the letter is not known."""
    rows = bytes.fromhex(_ROWS.get(letter.lower(), _UNKNOWN))
    for row, bits in enumerate(rows):
        for column in range(WIDTH):
            if bits >> (WIDTH - 1 - column) & 1:
                yield column, row
