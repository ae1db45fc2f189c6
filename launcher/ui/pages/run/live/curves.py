"""Every scalar that a run reports, overlaid: the loss and its validation at first, others by one click."""

from __future__ import annotations

from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import RunPicture
from launcher.domain.run_view import RunView
from launcher.recipes.base import Shown
from launcher.services.voices.misheard import with_misheard
from launcher.stores.heard_samples import HeardSamples
from launcher.ui.pages.run.misheard_words import heard_of
from launcher.ui.state.curves import Moments, plotted
from launcher.ui.state.preferences import Preferences
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import Text, box, card, heading, hint, link
from launcher.ui.widgets.inputs import Field, options
from launcher.ui.widgets.plot import Plot, PlotLine
from pod_image.contract.curve import Curve
from pod_image.contract.outcomes import Phase

SECONDS_BETWEEN = 2.0
MARKS_DRAWN = 60
HEIGHT = 220
"""In pixels: with it a window of 1280 by 800 shows all that tells how a run goes."""
NAMES_REMEMBERED = 100
GROUP = "run"
"""Plots that show their values at the same moment."""
_SMOOTHINGS = {"0": "no smoothing", "0.6": "a little", "0.8": "medium", "0.95": "strong"}
_AXES = {"step": "by step", "time": "by time"}
_SCALES = {"linear": "one scale", "log": "log scale", "own": "each its own"}


class Curves:
    """The card. What a person chooses of the picture holds for every run, and outlives the program."""

    def __init__(self, site: Site, run: Run, view: RunView, shown: Shown) -> None:
        self._site, self._view, self._shown = site, view, shown
        self._picture = view.picture
        self._heard: tuple[RunPicture, HeardSamples, RunPicture] | None = None
        self._drawn: object = None
        self._drawn_at = 0.0
        start = run.created_at or run.planned_at
        with card(classes="curves"):
            with box("div", "row"):
                heading(2, "Curves")
                self._last = Text("p", "", "figure small").mark("last-loss")
            with box("div", "row plot-controls") as self._controls:
                self._draw_controls()
                link("TensorBoard", f"/tensorboard/{run.nonce}", "btn", symbol="open", new_tab=True)
            self._nothing = hint("")
            self._plot = Plot(
                "the curves", on_toggle=self._toggle, group=GROUP, origin=start.timestamp(), height=HEIGHT,
                foot="Drag to look closer. The arrow keys read values.",
            ).mark("curves")  # fmt: skip
            self._how = hint(
                "The faint line is every measurement, the clear one is smoothed. A ring marks a checkpoint, a dot a "
                "sample. Listening tells more than a curve."
            )

    def _draw_controls(self) -> None:
        chosen = self._site.preferences
        for name, label, choices, value, hears in (
            ("curve-axis", "Across", _AXES, chosen.curve_axis, self._set_axis),
            ("smoothing", "Smoothing", _SMOOTHINGS, f"{chosen.curve_smoothing:g}", self._set_smoothing),
            ("curve-scale", "Scale", _SCALES, chosen.curve_scale, self._set_scale),
        ):  # fmt: skip
            Field(
                name, label, kind="select", value=value, options=options(choices), on_commit=hears
            )

    def refresh(self, run: Run) -> None:
        self._picture = picture = self._with_misheard(run)
        is_there = bool(picture.scalars)
        self._show(is_there=is_there)
        if not is_there:
            self._nothing.text = nothing_text(run, self._view, self._shown)
            return
        now = self._site.unix_seconds()
        key = (
            picture.curves,
            picture.scores,
            picture.checkpoints,
            picture.best,
            picture.samples,
            self._site.preferences,
        )
        # The last word of a run that is over is drawn as soon as it is read.
        is_over = run.state is RunState.ENDED
        is_soon = not is_over and 0 <= now - self._drawn_at < SECONDS_BETWEEN
        if key == self._drawn or is_soon:
            return
        self._drawn, self._drawn_at = key, now
        self._draw()

    def _with_misheard(self, run: Run) -> RunPicture:
        """The picture, with what was misheard in its samples as one score more."""
        told, kept = self._view.picture, self._site.heard_samples.of(run.nonce)
        if not kept.texts:
            return told
        if self._heard is None or self._heard[0] is not told or self._heard[1] is not kept:
            heard = heard_of(self._site, run, told.samples)
            self._heard = (told, kept, with_misheard(told, heard))
        return self._heard[2]

    def _show(self, *, is_there: bool) -> None:
        for part in (self._controls, self._last, self._plot, self._how):
            part.set_visibility(is_there)
        self._nothing.set_visibility(not is_there)

    def _draw(self) -> None:
        chosen, scalars = self._site.preferences, self._picture.scalars
        first = self._shown.first_curve(list(scalars))
        if first:  # with the lines, so that both tell of one moment
            self._last.text = last_text(scalars[first], self._shown.curve_title(first))
        self._plot.show(
            lines_of(self._picture, self._shown, chosen),
            axis=chosen.curve_axis,
            smoothing=chosen.curve_smoothing,
            scale=chosen.curve_scale,
            marks=marks_of(self._picture, first),
        )

    def _toggle(self, key: str) -> None:
        line = next((each for each in self._plot.lines if each.key == key), None)
        if line is None:
            return
        chosen = self._site.preferences
        on = [each for each in chosen.curves_on if each != key]
        off = [each for each in chosen.curves_off if each != key]
        (off if line.is_on else on).append(key)
        self._prefer(
            curves_on=tuple(on[-NAMES_REMEMBERED:]), curves_off=tuple(off[-NAMES_REMEMBERED:])
        )

    def _set_axis(self, value: object) -> None:
        self._prefer(curve_axis=str(value))

    def _set_smoothing(self, value: object) -> None:
        self._prefer(curve_smoothing=float(str(value)))

    def _set_scale(self, value: object) -> None:
        self._prefer(curve_log_scale=value == "log", curve_own_scale=value == "own")

    def _prefer(self, **changes: object) -> None:
        self._site.prefer(**changes)
        self._draw()


def lines_of(picture: RunPicture, shown: Shown, chosen: Preferences) -> list[PlotLine]:
    """The one that people watch, then the other scalars as they came, then the scores of checkpoints."""
    scalars = picture.scalars
    first = shown.first_curve(list(scalars))
    names = sorted(scalars, key=lambda name: name != first)
    return [_line(name, shown.curve_title(name), scalars[name], first, chosen) for name in names]


def _line(name: str, title: str, curve: Curve, first: str, chosen: Preferences) -> PlotLine:
    is_on = _is_on(name, first, chosen)
    last = f"{curve.last[1]:.4g}" if curve.last is not None else ""
    return PlotLine(name, title, plotted(curve) if is_on else (), last, is_on)


def _is_on(name: str, first: str, chosen: Preferences) -> bool:
    if name in chosen.curves_on:
        return True
    return name not in chosen.curves_off and (name == first or is_validation_of(name, first))


def is_validation_of(name: str, first: str) -> bool:
    """Whether it is the same measure on what was held back, by the names that trainers give it."""
    plain = name.casefold().replace("/", "_")
    loss = first.casefold().replace("/", "_").removeprefix("train_")
    return plain in {f"{held_back}_{loss}" for held_back in ("validation", "val", "eval", "test")}


def marks_of(picture: RunPicture, first: str) -> list[tuple[str, int, float]]:
    """What stands on the first line: (what it is, its step, when), the newest ones; none after the line's end."""
    moments = Moments(picture.scalars.get(first, Curve()))
    saved = {made.step for made in picture.checkpoints}
    best = {picture.best.step} if picture.best is not None else set[int]()
    spoken = {each.body.step for each in picture.samples if each.body.kind != "reference"}
    return [
        (kind, step, at)
        for kind, steps in (("saved", saved), ("best", best), ("sample", spoken))
        for step in sorted(steps)[-MARKS_DRAWN:]
        if (at := moments.of(step)) is not None
    ]


def last_text(curve: Curve, title: str) -> str:
    """Such as "Sound (mel): 0.42 at step 6,000, -69 % since the start"."""
    assert curve.last is not None
    step, value = curve.last
    since = ""
    if curve.first_value:
        since = f", {100 * (value / curve.first_value - 1):+.0f} % since the start"
    return f"{title}: {value:.4g} at step {step:,.0f}{since}"


def nothing_text(run: Run, view: RunView, shown: Shown) -> str:
    """Why there is no curve, and when one comes."""
    phase = view.picture.phase
    if run.state is RunState.ENDED:
        return (
            "This run reported no figures that could be drawn, or this computer did not see them."
        )
    if phase is None or phase in (Phase.BOOT, Phase.FETCH):
        return "The curves begin with the first step. Before it the machine starts and gets ready: two to ten minutes."
    if phase is Phase.PREPARE:
        return "The first step comes when everything is prepared: after about a minute, later for a large dataset."
    if phase is Phase.TRAIN and not shown.main_loss:
        return (
            "Nothing that can be drawn was reported yet. Progress bars, lines such as “loss: 0.5” and the files that "
            "trainers write are read; everything else it prints is in the log below."
        )
    return "The first figures come with the first steps."
