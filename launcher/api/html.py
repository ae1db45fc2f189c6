"""Plans, runs and samples as a notebook shows them. What strangers wrote is in them: all of it is escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from functools import reduce
from html import escape

from launcher.api.next_steps import in_python
from launcher.domain.plan import Plan as MadePlan
from launcher.domain.run import Run as KnownRun
from launcher.domain.run_picture import RunPicture
from launcher.recipes import recipe_of, recipe_of_run
from launcher.recipes.base import Shown
from launcher.services.sharing.curve_svg import curve_svg
from pod_image.contract.curve import Curve, Point
from pod_image.contract.figures import counted, dollars, dollars_per_hour, duration, roughly
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.media import media_type
from pod_image.contract.outcomes import Phase
from pod_image.contract.plain import plain_line

_BOX = "font-family:sans-serif;max-width:46em;line-height:1.5"
_MARKS = {"done": "✓", "now": "●", "failed": "✗", "waiting": "○"}
_WARNINGS = 5
_POINTS = 150
"""Of a curve, twice as many at the most: a display that is drawn again each second stays small."""


def plan_html(made: MadePlan) -> str:
    """What it would do and cost, and what was found."""
    offer = made.offer
    rows = [
        ("Runs", recipe_of(made.settings).summary(made.settings, resume=made.resume)),
        ("Results", f"{made.settings.results}, folder {made.run_id}"),
        ("GPU", f"{offer.gpu_name}, {dollars_per_hour(offer.price_per_hour_usd)}"),
    ]
    if made.dataset is not None:
        rows.insert(1, ("Dataset", f"{made.dataset.repo}, {counted(made.dataset.clips, 'clip')}"))
    if made.estimate is not None:
        expected = f"{roughly(made.estimate.hours)}, {dollars(made.estimate.cost_usd)}"
        rows.append(("Expected", expected))
    rows.append(("At most", dollars(made.worst_case_usd)))
    return _box(f"Plan for {made.run_id}", _table(rows), _findings(made.findings))


def run_html(known: KnownRun, told: RunPicture) -> str:
    """How it is, as far as it is known here: nobody is asked."""
    shown = recipe_of_run(known.settings_json).shown
    state = known.end_sentence or known.state.value
    head = f"{known.run_id} in {known.results_repo}: {state}"
    return _box(
        head,
        _phases(told, shown),
        _curve(told, shown),
        _table(_figures(known, told)),
        _list(plain_line(warning.message) for warning in told.warnings[-_WARNINGS:]),
    )


def sample_html(caption: str, path: str, content: bytes | None) -> str:
    """Something to hear or see in the page itself; a kind that a browser might run is only named."""
    kind = media_type(path)
    said = f"<figcaption>{escape(plain_line(caption))}</figcaption>"
    if content is None or not kind:
        return f"<figure>{said}{escape(plain_line(path))}</figure>"
    family = kind.partition("/")[0]
    if family == "text":
        text = escape(content.decode("utf-8", "replace"))
        return f"<figure>{said}<pre>{text}</pre></figure>"
    source = f'src="data:{kind};base64,{base64.b64encode(content).decode()}"'
    if family == "image":
        return f'<figure>{said}<img {source} alt="" style="max-width:100%"></figure>'
    return f'<figure>{said}<{family} controls preload="none" {source}></{family}></figure>'


def _phases(told: RunPicture, shown: Shown) -> str:
    if told.phase is None:
        return ""
    parts = []
    for phase in Phase:
        state = told.phases[phase]
        if state.state == "waiting" and phase not in shown.phases and phase is not Phase.DELIVER:
            continue
        seconds = f" {duration(state.seconds)}" if state.seconds else ""
        parts.append(f"{_MARKS.get(state.state, '○')} {phase.value}{seconds}")
    return f"<div>{escape('   '.join(parts))}</div>"


def _curve(told: RunPicture, shown: Shown) -> str:
    """The loss that people watch where the recipe names one, else the first."""
    name = shown.main_loss if shown.main_loss in told.curves else next(iter(told.curves), "")
    return curve_html(plain_line(name), told.curves[name].shown()) if name else ""


def curve_html(title: str, points: Sequence[Point]) -> str:
    """A curve with what it shows above it, "" where there is none to draw."""
    drawn = _thinned(points)
    curve = curve_svg(title, drawn)
    return f"<div>{escape(title)} {drawn[-1][1]:.4g}{curve}</div>" if curve else ""


def _thinned(points: Sequence[Point]) -> list[Point]:
    curve = reduce(lambda curve, point: curve.with_point(*point), points, Curve(_POINTS))
    return curve.shown()


def _figures(known: KnownRun, told: RunPicture) -> list[tuple[str, str]]:
    rows = []
    step = told.step
    if step is not None:
        total = f" of {step.total_steps:,}" if step.total_steps else ""
        rows.append(("Step", f"{step.step:,}{total}"))
        if step.seconds_left is not None and told.ended is None:
            rows.append(("Left", duration(step.seconds_left)))
    if known.gpu_name:
        rows.append(("GPU", f"{known.gpu_name}, {dollars_per_hour(known.price_per_hour_usd)}"))
    cost = told.cost_usd if told.cost_usd is not None else known.cost_usd
    rows.append(("Cost", f"{dollars(cost)}, at most {dollars(known.most_usd)}"))
    if known.detail and known.end_reason is not None:
        rows.append(("Why", plain_line(known.detail)))
    return rows


def _findings(findings: Iterable[Finding]) -> str:
    ordered = sorted(findings, key=lambda finding: finding.severity.rank)
    return _list(
        f"{finding.severity.value}: {in_python(finding.message)} {in_python(finding.hint)}".strip()
        for finding in ordered
        if finding.severity is not Severity.NOTE
    )


def _box(head: str, *parts: str) -> str:
    return f'<div style="{_BOX}"><b>{escape(plain_line(head))}</b>{"".join(parts)}</div>'


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = (
        f'<tr><th style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(plain_line(said))}</td></tr>'
        for name, said in rows
    )
    return f"<table>{''.join(cells)}</table>"


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""
