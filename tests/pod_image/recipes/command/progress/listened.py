"""A listener that is fed by hand, with the time that the test says."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pod_image.contract.bodies import Step
from pod_image.contract.progress_choice import progress_choice
from pod_image.recipes.command.progress.listening import Listener
from pod_image.recipes.command.progress.pieces import Pieces

RECORDED = Path(__file__).parent / "recorded"
Chunk = tuple[float, bytes]


@dataclass
class Heard:
    """What a listener made of an output."""

    steps: list[Step] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    @property
    def counts(self) -> list[int]:
        return [step.step for step in self.steps]

    def curve(self, name: str) -> dict[int, float]:
        return {step.step: step.losses[name] for step in self.steps if name in step.losses}

    @property
    def source(self) -> str:
        said = [line for line in self.log if line.startswith("Progress is read from ")]
        return said[-1].removeprefix("Progress is read from ").rstrip(".") if said else ""


class Hand:
    """Feeds a listener; `at` is its clock."""

    def __init__(self, folder: Path, way: str = "auto") -> None:
        self.at, self.heard = 0.0, Heard()
        self._pieces = Pieces()
        self.listener = Listener(
            progress_choice(way), folder, lambda: self.at, self.heard.steps.append, self.heard.log.append
        )  # fmt: skip

    def feed(self, data: bytes, *, is_last: bool = False) -> None:
        self.listener.take(self._pieces, data, is_last=is_last)
        self.listener.look()

    def finish(self) -> Heard:
        self.feed(b"", is_last=True)
        self.listener.finish()
        return self.heard


def listened(chunks: Iterable[Chunk] | bytes, folder: Path, way: str = "auto") -> Heard:
    """To the end. Bytes alone come 200 at a time, each a twentieth of a second after the last."""
    hand = Hand(folder, way)
    if isinstance(chunks, bytes):
        chunks = [(at / 4_000, chunks[at : at + 200]) for at in range(0, len(chunks), 200)]
    for hand.at, data in chunks:
        hand.feed(data)
    return hand.finish()


def recorded(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


def recorded_chunks(name: str) -> list[Chunk]:
    rows = [json.loads(line) for line in (RECORDED / name).read_text().splitlines()]
    return [(seconds, text.encode()) for seconds, pipe, text in rows if pipe != "EXIT"]
