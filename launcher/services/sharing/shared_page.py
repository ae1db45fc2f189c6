"""A run as one HTML file that needs nothing else: to send, to keep, to open anywhere. Pure."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime

from launcher.domain.cost import cost_usd
from launcher.domain.run import RunState
from launcher.recipes import recipe_of_run
from launcher.services.sharing.choice import (
    Choice,
    private_words,
    shown_settings,
    unshown_settings,
    without,
)
from launcher.services.sharing.curve_svg import curve_svg
from launcher.services.sharing.markup import Markup, element
from launcher.services.sharing.page_style import POLICY, STYLE
from launcher.services.sharing.shared_run import SharedRun
from pod_image.contract.bodies import Sample
from pod_image.contract.figures import about, counted, dollars, dollars_per_hour, duration
from pod_image.contract.media import media_of, media_type
from pod_image.contract.outcomes import Phase
from pod_image.contract.plain import plain_line

MADE_BY = "Pod Launcher, a shared run"
"""By which a page of ours is known again: one may take the place of another."""
CURVES = 8
_TEXT_LETTERS = 20_000
_LINE_LETTERS = 500
_REMARKS = 20

Rows = Sequence[tuple[str, str]]


def shared_page(shared: SharedRun, choice: Choice) -> str:
    """The whole file. Whatever others said stands in it as text, without the names that are not to be sent."""
    page = _Page(shared, choice)
    return f"<!doctype html>\n{page.document()}\n"


class _Page:
    def __init__(self, shared: SharedRun, choice: Choice) -> None:
        self.shared, self.choice = shared, choice
        self.run, self.picture = shared.run, shared.picture
        self.words = private_words(shared.run, shared.home, choice)
        self.recipe = recipe_of_run(shared.run.settings_json)
        self.title = choice.title.strip() or shared.run.run_id

    def document(self) -> Markup:
        head = element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=POLICY),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="referrer", content="no-referrer"),
            element("meta", name="robots", content="noindex"),
            element("meta", name="generator", content=MADE_BY),
            element("title", self.title),
            element("style", Markup(STYLE)),
        )
        parts = [self._head(), self._notes(), self._samples(), self._curves(), self._time()]
        parts += [self._settings(), self._left_out()]
        return element("html", head, element("body", element("main", parts)), lang="en")

    def _head(self) -> Markup:
        run, step = self.run, self.picture.step
        is_over = run.state is RunState.ENDED
        otherwise = (
            "The run is over." if is_over else "It was still running when this page was made."
        )
        rows = [
            ("State", "ended" if is_over else "running"),
            ("Steps", self._steps()),
            ("Cost", self._cost()),
            ("Duration", duration(self._seconds(), unknown="")),
            ("GPU", self._gpu()),
            ("Began", _moment(run.created_at)),
            ("Ended", _moment(run.ended_at) if is_over else ""),
        ]
        if not is_over and step is not None and step.seconds_left is not None:
            rows.append(("Time left", duration(step.seconds_left)))
        return element(
            "header",
            element("h1", self.title),
            element("p", run.end_sentence or otherwise, class_="lead"),
            element("section", _facts(rows), aria_label="State"),
        )

    def _steps(self) -> str:
        step = self.picture.step
        if step is None:
            return ""
        return f"{step.step:,}" + (f" of {step.total_steps:,}" if step.total_steps else "")

    def _seconds(self) -> float | None:
        return self.run.lasted_seconds(self.shared.at)

    def _gpu(self) -> str:
        run = self.run
        price = dollars_per_hour(run.price_per_hour_usd) if run.price_per_hour_usd else ""
        return _listed(run.gpu_name, price)

    def _cost(self) -> str:
        run = self.run
        cost = dollars(run.known_cost_usd, unknown="")
        if not cost and run.price_per_hour_usd:
            cost = about(cost_usd(run.price_per_hour_usd, self._seconds() or 0.0))
        return _listed(cost, f"at most {dollars(run.most_usd)}" if run.most_usd else "")

    def _notes(self) -> Markup:
        if not self.choice.with_notes:
            return Markup()
        lines = self.shared.receipt.last_lines
        remarks = [one.message for one in self.picture.warnings[-_REMARKS:]]
        parts = [element("p", self._text(self.run.detail))] if self.run.detail else []
        if remarks:
            parts.append(element("ul", [element("li", self._text(one)) for one in remarks]))
        if lines:
            said = "\n".join(self._text(line) for line in lines)
            parts += [element("h3", "Last output"), element("pre", said)]
        return _section("Notes", parts)

    def _samples(self) -> Markup:
        shared = self.shared
        steps = sorted({one.step for one, _ in shared.samples}, reverse=True)
        parts: list[Markup] = []
        for step in steps:
            rows = [
                self._sample(one, content) for one, content in shared.samples if one.step == step
            ]
            parts += [element("h3", f"Step {step:,}"), element("ul", rows)]
        if shared.reference is not None:
            reference = element("ul", self._sample(*shared.reference))
            parts += [element("h3", "Original recording"), reference]
        if not parts:
            return Markup()
        left = shared.samples_made - len(shared.samples)
        if left > 0:
            parts.append(
                element("p", f"{counted(left, 'more sample')} not in this file.", class_="soft")
            )
        return _section("Samples", parts)

    def _sample(self, sample: Sample, content: bytes) -> Markup:
        words = self._text(sample.text) or f"Sample of step {sample.step:,}"
        source = f"data:{media_type(sample.path)};base64,{base64.b64encode(content).decode()}"
        match media_of(sample.path):
            case "image":
                shown = element("img", src=source, alt=words)
            case "video":
                shown = element(
                    "video", controls=True, preload="none", src=source, aria_label=words
                )
            case "text":
                said = content.decode("utf-8", "replace")[:_TEXT_LETTERS]
                shown = element("pre", without(self.words, said))
            case _:
                shown = element(
                    "audio", controls=True, preload="metadata", src=source, aria_label=words
                )
        return element("li", element("span", words), shown)

    def _curves(self) -> Markup:
        shown = self.recipe.shown
        parts: list[Markup] = []
        names = sorted(self.picture.curves, key=lambda name: name != shown.main_loss)
        for name in names:
            title = shown.loss_titles.get(name, name.replace("_", " ").capitalize())
            title = self._text(title)
            curve = curve_svg(title, self.picture.curves[name].shown())
            if curve:
                parts.append(element("figure", element("h3", title), curve))
            if len(parts) == CURVES:
                break
        return _section("Curves", parts)

    def _time(self) -> Markup:
        rows = [
            (
                phase.value.capitalize(),
                _listed(duration(state.seconds), self._cost_of(phase)),
            )
            for phase, state in self.picture.phases.items()
            if state.seconds is not None
        ]
        return _section("Where the time went", [_table(rows)] if rows else [])

    def _cost_of(self, phase: Phase) -> str:
        price, seconds = self.run.price_per_hour_usd, self.picture.phases[phase].seconds
        return dollars(cost_usd(price, seconds or 0.0)) if price else ""

    def _settings(self) -> Markup:
        rows = [
            (setting.knob.label, self._text(value))
            for setting, value in shown_settings(self.run.settings_json, self.choice)
        ]
        if not rows:
            return Markup()
        summary = element("summary", counted(len(rows), "setting"))
        return _section("Settings", [element("details", summary, _table(rows))])

    def _left_out(self) -> Markup:
        choice, parts = self.choice, []
        if not choice.with_dataset:
            parts.append("the names of datasets and repos")
        if not choice.with_notes:
            parts.append("the run's own messages")
        if not choice.with_reference and any(
            one.body.kind == "reference" for one in self.picture.samples
        ):
            parts.append("the original recording")
        unshown = unshown_settings(self.run.settings_json, choice)
        if unshown:
            parts.append(f"settings that contain text ({', '.join(unshown)})")
        left = f"Left out: {'; '.join(parts)}." if parts else "Nothing was left out."
        trouble = "Some samples are missing." if self.shared.trouble else ""
        made = f"Made with Pod Launcher at {_moment(self.shared.at)}; it does not change."
        return element(
            "footer",
            element("p", f"{left} {trouble}".strip(), class_="soft"),
            element("p", made, class_="soft"),
        )

    def _text(self, text: str) -> str:
        """What others said, on one line."""
        return without(self.words, " ".join(plain_line(text).split()))[:_LINE_LETTERS]


def _section(title: str, parts: Sequence[Markup]) -> Markup:
    return element("section", element("h2", title), parts) if parts else Markup()


def _facts(rows: Rows) -> Markup:
    shown = [
        element("div", element("dt", name), element("dd", value)) for name, value in rows if value
    ]
    return element("dl", shown)


def _table(rows: Rows) -> Markup:
    lines = [
        element("tr", element("th", name, scope="row"), element("td", value))
        for name, value in rows
    ]
    return element("table", element("tbody", lines))


def _listed(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
