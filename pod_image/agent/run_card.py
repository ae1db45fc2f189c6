"""A run's own page in the results repo, `<run_id>/README.md`: on a phone it is what its page is at home.

Of any recipe. No dataset's name is in it: a repo is shown to more people than the datasets behind it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pod_image.agent.course import Course
from pod_image.contract.bodies import Sample
from pod_image.contract.curve import Curve
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.figures import counted, dollars, dollars_per_hour, duration, size, with_unit
from pod_image.contract.knobs import Knob, Scope
from pod_image.contract.media import media_of
from pod_image.contract.paths import ResultsFolder
from pod_image.contract.plain import plain_line
from pod_image.contract.record import RunRecord
from pod_image.contract.results_address import is_folder
from pod_image.contract.settings import SETTINGS, RunSettings

FILES_LISTED = 60
A_DATASET = "(a dataset)"
_LONGEST_TEXT = 300
_MARKS = re.compile(r"([\\`*_{}\[\]|~#$]|^[-+]|(?<=^\d)[.)](?= ))")


@dataclass(frozen=True)
class Place:
    """Where the files of a run are: a repo at a Hub, or a folder, where the page lies beside them."""

    hub_url: str
    repo: str
    folder: ResultsFolder

    def file(self, below: str) -> str:
        """The whole address: the Hub plays a sound from no other, and a page in a folder has no other."""
        if is_folder(self.repo):
            return quote(below)
        return f"{self.hub_url}/{self.repo}/resolve/main/{quote(self.folder.path(below))}"

    def page(self, below: str) -> str:
        if is_folder(self.repo):
            return quote(below)
        return f"{self.hub_url}/{self.repo}/blob/main/{quote(self.folder.path(below))}"

    @property
    def tree(self) -> str:
        if is_folder(self.repo):
            return "."
        return f"{self.hub_url}/{self.repo}/tree/main/{quote(self.folder.run_id)}"


@dataclass(frozen=True)
class RunCard:
    """What the page is made of. `files` are in the repo, or in the very commit that brings the page."""

    record: RunRecord
    course: Course
    settings: RunSettings
    place: Place
    written_at: datetime
    files: Mapping[str, int]
    """Their sizes in bytes, by path in the repo."""
    names: tuple[str, ...] = field(init=False)
    """Of datasets; longest first, so that none is left in part."""

    def __post_init__(self) -> None:
        chosen = {name for one in chosen_datasets(self.settings) for name in (one.repo, one.name)}
        object.__setattr__(self, "names", tuple(sorted(chosen, key=len, reverse=True)))

    def markdown(self, *, has_picture: bool) -> str:
        """`has_picture`: the curves are drawn beside it."""
        parts = (
            [f"# {self.record.run_id}", "", self._headline()],
            _table(self._state_rows()),
            self._sounds(),
            self._curves(has_picture=has_picture),
            self._phases(),
            self._settings(),
            self._folder(),
        )
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"

    def _headline(self) -> str:
        record, step = self.record, self.course.step
        if record.state == "ended":
            reason = record.end_reason
            words = reason.sentence if reason else "The run is over."
            return f"**{_escaped(words)}** {self._text(record.detail)}".strip()
        left = step.seconds_left if step is not None else None
        soon = f", about {duration(left)} left" if left is not None else ""
        when = _moment(self.written_at)
        return f"**It ran at {when}.** {self._how_far() or 'No step yet'}{soon}."

    def _how_far(self) -> str:
        step = self.course.step
        steps = self.record.steps or (step.step if step else 0)
        if not steps:
            return ""
        total = step.total_steps if step is not None else None
        share = f" of {total:,} ({min(1.0, steps / total):.0%})" if total else ""
        return f"Step {steps:,}{share}"

    def _state_rows(self) -> list[tuple[str, str]]:
        record = self.record
        is_over = record.state == "ended"
        rows = [("How far", self._how_far()), ("Loss", _from_to(record))]
        if record.checkpoint is not None:
            rows.append(("Newest checkpoint", f"step {record.checkpoint.step:,}"))
        if self.course.best is not None:
            rows.append(("Best checkpoint", f"step {self.course.best.step:,}"))
        rows += [
            ("Cost" if is_over else "Cost so far", self._cost()),
            ("GPU", self._gpu()),
            ("Began", _moment(record.created_at)),
            ("Ended", _moment(record.ended_at)),
        ]
        if not is_over:
            rows.append(("Ends itself by", f"{_moment(record.deadline)}, whatever this page says"))
        if is_over and record.not_delivered:
            rows.append(("Not delivered", counted(len(record.not_delivered), "file")))
        hint = str(record.hint)
        if is_over and hint and not (record.end_reason and record.end_reason.is_success):
            rows.append(("What to do", self._text(hint)))
        when = _moment(self.written_at)
        newer = "" if is_over else "; the next delivery brings a newer one"
        return [*rows, ("Written", f"{when}{newer}")]

    def _cost(self) -> str:
        record, step = self.record, self.course.step
        parts = [dollars(record.cost_usd)]
        if record.state != "ended" and step is not None and step.cost_at_end_usd:
            parts.append(f"about {dollars(step.cost_at_end_usd)} at the end")
        by_hours = (record.price_per_hour_usd or math.inf) * self.settings.max_hours
        most = f"at most {dollars(min(self.settings.max_cost_usd, by_hours))}"
        return _escaped(", ".join([*parts, most]))

    def _gpu(self) -> str:
        record = self.record
        if not record.gpu:
            return ""
        many = f"{record.gpu_count} × " if record.gpu_count > 1 else ""
        price = record.price_per_hour_usd
        rate = f", {dollars_per_hour(price)}" if price is not None else ""
        return _escaped(f"{many}{record.gpu}{rate}")

    def _sounds(self) -> list[str]:
        samples = [one for one in self.course.samples if self._is_there(one)]
        reference = self.course.reference
        lines: list[str] = []
        if samples:
            lines += [f"## Samples of step {samples[0].step:,}", ""]
            lines += [self._sample(one) for one in samples]
        if reference is not None and self._is_there(reference):
            lines += ["", "The recording they should sound like:", "", self._sample(reference)]
        return lines

    def _is_there(self, sample: Sample) -> bool:
        return self.place.folder.path(sample.path) in self.files

    def _sample(self, sample: Sample) -> str:
        address = self.place.file(sample.path)
        words = self._text(sample.text) or _escaped(sample.path.rpartition("/")[2])
        match sample.media or media_of(sample.path):
            case "image":
                return f'- {words}<br><img src="{address}" alt="Sample">'
            case "video":
                return f'- {words}<br><video controls src="{address}"></video>'
            case "text":
                return f"- [{words}]({self.place.page(sample.path)})"
        return f'- {words}<br><audio controls src="{address}"></audio>'

    def _curves(self, *, has_picture: bool) -> list[str]:
        rows = [
            (_escaped(name), *_figures(curve))
            for name, curve in self.course.curves.items()
            if curve.shown()
        ]
        if not rows:
            return []
        lines = ["## Curves", ""]
        if has_picture:
            lines += [f"![Each loss by step]({self.place.file(ResultsFolder.CURVES)})", ""]
        head = ["| Loss | First | Lowest | Now |", "|---|---:|---:|---:|"]
        return [*lines, *head, *(f"| {' | '.join(row)} |" for row in rows)]

    def _phases(self) -> list[str]:
        rows = [(part.name.value, duration(part.seconds)) for part in self.record.phases]
        return ["## Where the time went", "", *_table(rows)] if rows else []

    def _settings(self) -> list[str]:
        rows = [
            (_escaped(SETTINGS[name].knob.label), value)
            for name, given in self.record.settings.items()
            if name in SETTINGS and _is_shown(SETTINGS[name].knob)
            if (value := self._value(given, SETTINGS[name].knob.unit))
        ]
        if not rows:
            return []
        head = f"<details><summary>{counted(len(rows), 'setting')}</summary>"
        return ["## Settings", "", head, "", *_table(rows), "", "</details>"]

    def _value(self, given: Any, unit: str) -> str:
        if given in ("", [], (), None):
            return ""
        if isinstance(given, list | tuple):
            return f"{self._text(' '.join(map(str, given)))} {unit}".strip()
        return self._text(with_unit(given, unit))

    def _folder(self) -> list[str]:
        files = sorted(self.files.items())
        lines = ["## In this folder", ""]
        for path, size_bytes in files[:FILES_LISTED]:
            below = path.removeprefix(self.place.folder.path(""))
            lines.append(f"- [{_escaped(below)}]({self.place.page(below)}), {size(size_bytes)}")
        if len(files) > FILES_LISTED:
            more = counted(len(files) - FILES_LISTED, "more file")
            lines.append(f"- and {more}: [all of them]({self.place.tree})")
        return lines if files else []

    def _text(self, text: str) -> str:
        """What others wrote, on one line, as what it is, without a dataset's name."""
        words = " ".join(plain_line(text).split())
        for name in self.names:
            words = words.replace(name, A_DATASET)
        return _escaped(words if len(words) <= _LONGEST_TEXT else f"{words[:_LONGEST_TEXT]}…")


def _is_shown(knob: Knob) -> bool:
    """Nothing that names a dataset, a file of the person's computer or a secret."""
    tells = knob.scope is Scope.RUN or knob.is_local or knob.is_hub_address or knob.names_secrets
    return not tells


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    shown = [f"| {name} | {value} |" for name, value in rows if value]
    return ["| | |", "|---|---|", *shown] if shown else []


def _escaped(text: str) -> str:
    """Text that is no markup, wherever it stands: in a line, a table, a link."""
    marked = _MARKS.sub(r"\\\1", text).replace("&", "&amp;")
    return marked.replace("<", "&lt;").replace(">", "&gt;")


def _from_to(record: RunRecord) -> str:
    if record.first_loss is None or record.last_loss is None:
        return ""
    when = "at the end" if record.state == "ended" else "now"
    return f"{record.first_loss:.4g} at first, {record.last_loss:.4g} {when}"


def _figures(curve: Curve) -> tuple[str, str, str]:
    points = curve.shown()
    step, lowest = min(points, key=lambda point: point[1])
    return f"{curve.first_value:.4g}", f"{lowest:.4g} at {step:,.0f}", f"{points[-1][1]:.4g}"


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M UTC")
