"""The course of a run as a person looks at it: its curves, and what it made last to hear or see. Fed by events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pod_image.contract.bodies import Body, CheckpointWritten, Sample, Step
from pod_image.contract.curve import Curve
from pod_image.contract.events import from_line

CURVES = 24
"""More losses than a picture has room for."""
POINTS = 300
SAMPLES = 24
"""Of one step: more than anybody listens to."""
_HEARD_KINDS = (Step, CheckpointWritten, Sample)
_MARKS = tuple(f'"event":"{kind.event}"' for kind in _HEARD_KINDS)


@dataclass
class Course:
    """However long a run is, it stays small."""

    curves: dict[str, Curve] = field(default_factory=dict)
    """Of each loss, the one that the recipe names first in front."""
    step: Step | None = None
    samples: tuple[Sample, ...] = ()
    """Of the newest step that has any."""
    reference: Sample | None = None
    best: CheckpointWritten | None = None
    """The newest checkpoint that was said to be the best so far."""

    def heard(self, body: Body) -> None:
        """Take in one event."""
        match body:
            case Step():
                self._stepped(body)
            case CheckpointWritten(is_best=True):
                self.best = body
            case Sample(kind="reference"):
                self.reference = self.reference or body  # the first of several
            case Sample():
                self._made(body)

    def read(self, lines: Iterable[str]) -> None:
        """Take in the events of an earlier life, as they were written down; other lines say nothing."""
        for line in lines:
            if any(mark in line for mark in _MARKS) and (event := from_line(line)) is not None:
                self.heard(event.body)

    def read_file(self, path: Path) -> None:
        """The same from a file. One that cannot be read says nothing."""
        try:
            with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
                self.read(lines)
        except OSError:
            return

    def _stepped(self, step: Step) -> None:
        self.step = step
        for name, value in step.losses.items():
            if name in self.curves or len(self.curves) < CURVES:
                known = self.curves.get(name, Curve(keep=POINTS))
                self.curves[name] = known.with_point(step.step, value)

    def _made(self, sample: Sample) -> None:
        is_newer = not self.samples or sample.step != self.samples[0].step
        kept = () if is_newer else self.samples
        if len(kept) < SAMPLES:
            self.samples = (*(one for one in kept if one.path != sample.path), sample)
