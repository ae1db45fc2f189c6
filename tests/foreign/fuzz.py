"""Damaged and hostile files by the thousand: `python -m tests.foreign.fuzz KIND --seed N --count N`.

Small valid files are changed at random, by seed. A reader behind its walls opens them one after another; what came
of each is a value or a refusal in words. Where the reader itself is ended (memory, a crash in a library), a person
is told so too: it counts as `ended`, and the next reader goes on behind that file.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pod_image.foreign.apart import Bounds, Found, ReadingEnded, ask, serve

MODULE = "tests.foreign.fuzz"
BATCH = 250
MOST_SECONDS = 10.0
"""Of a processor, for one file. Nearly all take milliseconds; the first one waits for the libraries."""
_NUMBERS = (
    0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1,
    (1 << 64) - 1,
)  # fmt: skip


def mutated(draw: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """One to six changes: bits, numbers, pieces lost, doubled, put in from another file, the end cut off."""
    changed = bytearray(content)
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(changed) + 1)
        span = draw.choice((1, 2, 4, 8, 64, 512))
        match draw.randrange(7):
            case 0 if at < len(changed):
                changed[at] ^= 1 << draw.randrange(8)
            case 1:
                number = draw.choice(_NUMBERS)
                changed[at : at + 8] = number.to_bytes(8, draw.choice(("little", "big")))
            case 2:
                number = draw.choice(_NUMBERS) & 0xFFFFFFFF
                changed[at : at + 4] = number.to_bytes(4, draw.choice(("little", "big")))
            case 3:
                del changed[at : at + span]
            case 4:
                changed[at:at] = changed[at : at + span] * draw.choice((1, 2, 50))
            case 5:
                other = draw.choice(others)
                start = draw.randrange(len(other) + 1)
                changed[at : at + span] = other[start : start + span]
            case 6 if draw.random() < 0.3:
                del changed[at:]
    return bytes(changed)


def opened(kind: str, folder: Path) -> tuple[Counter[str], list[str]]:
    """What came of each file in it, counted, and what should never come, named."""
    came: Counter[str] = Counter()
    wrong: list[str] = []
    begin, end = 0, len(_cases(folder))
    while begin < end:
        done = (
            _ended_by(kind, folder, begin, end)
            if (said := _said(kind, folder, begin, end)) is None
            else end
        )
        if said is None:
            said = _said(kind, folder, begin, done - 1) or {"came": {}, "wrong": []}
            came["ended"] += 1
        came.update(said["came"])
        wrong += said["wrong"]
        begin = done
    return came, wrong


def _said(kind: str, folder: Path, begin: int, end: int) -> dict[str, Any] | None:
    """What a reader says of these files; None where one of them ended it."""
    bounds = Bounds(seconds=60.0 + 0.2 * (end - begin), memory_bytes=3 << 30, answer_bytes=1 << 20)
    with suppress(ReadingEnded):
        return ask(MODULE, [folder], bounds, kind=kind, begin=str(begin), end=str(end)).said
    return None


def _ended_by(kind: str, folder: Path, begin: int, end: int) -> int:
    """One past the first file that ends its reader, found by halves."""
    low, high = begin, end  # up to `low` all is well, up to `high` it is not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _said(kind, folder, begin, middle) is None else (middle, high)
    return high


def _cases(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.endswith(".onnx.json"))


def _read_all(files: list[Path], words: dict[str, str]) -> Found:
    from tests.foreign.corpus import READERS

    # Libraries are loaded by the first file that needs them: within the limits, and only those of this kind.
    read = READERS[words["kind"]]
    came: Counter[str] = Counter()
    wrong: list[str] = []
    for path in _cases(files[0])[int(words["begin"]) : int(words["end"])]:
        began = time.process_time()
        came[outcome(read, path, wrong)] += 1
        if time.process_time() - began > MOST_SECONDS:
            wrong.append(f"{path.name}: took {time.process_time() - began:.0f} s")
    return Found({"came": dict(came), "wrong": wrong})


def outcome(read: Callable[[Path], str], path: Path, wrong: list[str]) -> str:
    """`value`, `refused`, or `wrong` with a word on it."""
    try:
        return read(path)
    except Exception as exc:
        wrong.append(f"{path.name}: {type(exc).__name__}: {exc}"[:300])
        return "wrong"


def run(kind: str, seed: int, count: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Make `count` files of that kind in `folder` and open them."""
    from tests.foreign.corpus import CORPORA

    draw = random.Random(f"{kind} {seed}")
    for number, case in enumerate(CORPORA[kind](draw, count)):
        for name, content in case.items():
            (folder / f"{number:05d}-{name}").write_bytes(content)
    return opened(kind, folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1_000)
    given = parser.parse_args()
    total: Counter[str] = Counter()
    for batch in range(-(-given.count // BATCH)):
        with tempfile.TemporaryDirectory() as folder:
            came, wrong = run(given.kind, given.seed + batch, BATCH, Path(folder))
        total.update(came)
        for line in wrong:
            print(f"seed {given.seed + batch}: {line}", flush=True)
    print(json.dumps(total))
    return 1 if total["wrong"] else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main())
    serve(lambda: None, _read_all)
