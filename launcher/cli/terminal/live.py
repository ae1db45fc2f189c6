"""The live display of a run: a few lines that redraw themselves on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

from launcher.cli.documents.following import launch_line, seen_line
from launcher.cli.terminal.layout import fit, lasted, usd, width
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.picture import Picture, phase_text, step_count, step_figures
from launcher.cli.terminal.plain_text import (
    guarded,
    plain_text,
    plain_text_line,
    unguarded,
    with_looks,
)
from launcher.cli.terminal.sparkline import sparkline
from launcher.domain.run import Run
from launcher.services.common.observations import EventSeen
from launcher.services.launching.progress import Progress
from pod_image.contract.bodies import Step
from pod_image.contract.figures import dollars_per_hour
from pod_image.contract.outcomes import Phase

SECONDS_BETWEEN_STEP_LINES = 10.0
"""Without a terminal a training is told in lines; one for each step would be a flood."""
LEAVING = "Ctrl-C: stop watching (before the pod is armed: release it)"


class Live:
    """`with Live(output) as live:` shows what `live.see` and `live.say` are told, until the block ends."""

    def __init__(
        self, output: Output, picture: Picture | None = None, leaving: str = LEAVING
    ) -> None:
        """`leaving` says what Ctrl-C does."""
        self.picture = picture or Picture()
        self._leaving = leaving
        self._output = output
        self._display: Any = None
        self._last_step_line = float("-inf")

    def __enter__(self) -> Self:
        if self._output.is_live:
            from rich.console import Console
            from rich.live import Live as RichLive

            console = Console(file=unguarded(sys.stderr), highlight=False, width=width())
            self._display = RichLive(
                get_renderable=self._frame, console=console, refresh_per_second=4, transient=True
            )
            self._display.__enter__()
            # What others print meanwhile goes through the display, which obeys what it is given.
            sys.stdout, sys.stderr = guarded(sys.stdout), guarded(sys.stderr)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._display is not None:
            self._display.__exit__(kind, problem, trace)
            self._display = None

    def follow(self, run: Run) -> None:
        """The run the display is about, as the history has it now."""
        self.picture.run = run

    def see(self, seen: object) -> None:
        """Show one observation."""
        line = self.picture.see(seen)
        if self._output.as_json:
            document = seen_line(seen)
            if document is not None:
                self._output.event(document)
            return
        if not line or (self._is_step(seen) and not self._is_time_for_step_line()):
            return
        if self._display is None or not self._is_step(seen):
            self.say(plain_text_line(line))

    def tell(self, progress: Progress) -> None:
        """Say a step of the launch."""
        self._output.event(launch_line(progress, self.picture.run))
        self.say(progress.text)

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._display is not None:
            self._show(plain_text(text))
        else:
            self._output.talk(text)

    def _show(self, text: str) -> None:
        self._display.console.print(with_looks(text), markup=False, emoji=False, soft_wrap=True)

    def _is_step(self, seen: object) -> bool:
        return isinstance(seen, EventSeen) and isinstance(seen.event.body, Step)

    def _is_time_for_step_line(self) -> bool:
        now = time.monotonic()
        if now - self._last_step_line < SECONDS_BETWEEN_STEP_LINES:
            return False
        self._last_step_line = now
        return True

    def _frame(self) -> Any:
        from rich.text import Text

        lines = frame(self.picture, self._leaving)
        return Text("\n".join(fit(plain_text_line(line), width()) for line in lines))


def frame(picture: Picture, leaving: str = LEAVING) -> list[str]:
    """The display's lines: phase, progress, speed, loss, money. Fits any width by being cut."""
    lines = [_phase_line(picture)]
    if picture.told.step is not None and picture.told.phase is Phase.TRAIN:
        lines += _train_lines(picture)
    lines.append(_money_line(picture))
    lines.append(leaving)
    return lines


def _phase_line(picture: Picture) -> str:
    phase = picture.told.phase
    if phase is None:
        status = f" ({picture.pod_status})" if picture.pod_status else ""
        return f"Waiting for the pod to start{status}"
    share = f" {picture.phase_share:.0%}" if picture.phase_share is not None else ""
    words = phase_text(phase, picture.shown)
    seconds = picture.phase_seconds
    since = f", for {lasted(seconds)}" if seconds is not None else ""
    return f"{phase.value}{share}: {words}{since}"


def _train_lines(picture: Picture) -> list[str]:
    step = picture.told.step
    assert step is not None
    line = step_count(step)
    if step.total_steps:
        share = min(max(step.step, 0), step.total_steps) / step.total_steps
        done = round(share * 30)
        line = "█" * done + "░" * (30 - done) + " " + line
    figures = "   ".join(step_figures(step, picture.shown, sparkline(picture.losses)))
    return [line, figures] if figures else [line]


def _money_line(picture: Picture) -> str:
    run = picture.run
    if run is None or not run.pod_id:
        return "nothing is rented yet"
    step = picture.told.step
    at_end = step.cost_at_end_usd if step else None
    forecast = f", about {usd(at_end)} at the end" if at_end else ""
    cap = f", never over {usd(run.most_usd)}" if run.most_usd else ""
    return f"{usd(picture.cost_usd)} so far{forecast}{cap} ({dollars_per_hour(run.price_per_hour_usd)})"
