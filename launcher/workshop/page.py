"""A dataset report as one HTML file: no script, no request, light and dark, readable by a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from launcher.workshop.report import DatasetReport, Histogram, Word
from pod_image.contract.figures import size
from pod_image.contract.findings import Finding, Severity

_TEXT = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.NOTE: "Notes"}

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --paper: #fbfaf7; --card: #fff; --soft: #5b6472; --line: #d9d6ce;
  --bar: #3566a8; --good: #1e6b3a; --error: #b3261e; --warning: #8a5a00; --note: #45657f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e6e1; --paper: #16191e; --card: #1d2127; --soft: #a3acb9;
  --line: #363c45; --bar: #79a8e6; --good: #7fd19b; --error: #ff8a80; --warning: #f0c060; --note: #9cc0dd; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.verdict, .finding, figure { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; }
.verdict { border-left: .35rem solid; padding: .7rem 1rem; margin: 1rem 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: 1rem; padding: 0;
  list-style: none; }
.facts b { display: block; font-size: 1.2rem; overflow-wrap: anywhere; }
.facts span, .fix, .place, figcaption { color: var(--soft); }
.finding { padding: .7rem 1rem; margin: .6rem 0; overflow-wrap: anywhere; }
.finding p { margin: .2rem 0; } .finding ul { margin: .4rem 0; padding-left: 1.2rem; }
.finding h3 { font-size: 1rem; margin: 0; } .finding h3 span { font-weight: normal; color: var(--soft); }
summary { cursor: pointer; color: var(--soft); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.good { color: var(--good); } .error { color: var(--error); } .warning { color: var(--warning); }
.note { color: var(--note); } code { font-size: .9em; }
figure { margin: 0; padding: .7rem 1rem; } svg { width: 100%; height: auto; display: block; }
rect { fill: var(--bar); } svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 1rem; }
@media (max-width: 40rem) { body { margin: 1rem auto; } svg text { font-size: 15px; } .thin { display: none; } }
@media print { details > * { display: block; } }
"""

WIDTH, HEIGHT, AXIS = 480, 170, 24
MOST_RATES_SHOWN = 6
SHOWN_AT_ONCE = 3
"""Of each code; the rest opens on demand."""


def report_page(report: DatasetReport, word: Word = str) -> str:
    """The whole page, its hints as the edge words them. Everything that came from the dataset is escaped."""
    report = replace(report, findings=tuple(_in_words(each, word) for each in report.findings))
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(report.dataset)}: dataset report</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(report.dataset)}</h1>{_verdict(report)}{_facts(report)}"
        f"{''.join(_findings(report, severity) for severity in Severity)}"
        f'<h2>In figures</h2><div class="charts">{_charts(report)}</div>{_speakers(report)}{_sounds(report)}'
        "</main></body></html>\n"
    )


def _in_words(each: Finding, word: Word) -> Finding:
    return replace(each, message=word(each.message), hint=word(each.hint))


def _verdict(report: DatasetReport) -> str:
    errors, warnings = report.count(Severity.ERROR), report.count(Severity.WARNING)
    if errors:
        look, words = "error", f"<b>Not ready:</b> {errors:,} to fix before a run."
    elif warnings:
        look, words = "warning", f"<b>Usable</b>, with {warnings:,} to check."
    else:
        look, words = "good", "<b>Ready to train.</b>"
    return f'<p class="verdict {look}">{words}</p>'


def _facts(report: DatasetReport) -> str:
    about = "about " * report.seconds_are_estimated
    facts = [
        (f"{report.clips:,}", "clips"),
        (f"{about}{report.minutes:.1f}", "minutes"),
        (f"{len(report.speakers):,}", "speakers" if len(report.speakers) != 1 else "speaker"),
        (
            ", ".join(f"{rate:,}" for rate in sorted(report.rates_hz)[:MOST_RATES_SHOWN]) or "?",
            "Hz",
        ),
        (size(report.dataset_bytes), "to fetch"),
        (size(report.disk_needed_bytes), "disk on the pod"),
        (report.licence or "none stated", "licence"),
    ]
    items = "".join(f"<li><b>{escape(value)}</b><span>{name}</span></li>" for value, name in facts)
    revision = f"<p>Revision <code>{escape(report.revision)}</code></p>" if report.revision else ""
    return f'<ul class="facts">{items}</ul>{revision}'


def _findings(report: DatasetReport, severity: Severity) -> str:
    found = report.of_severity(severity)
    if not found:
        return ""
    codes = dict.fromkeys(each.code for each in found)
    groups = (_group(report, [each for each in found if each.code == code]) for code in codes)
    return f"<h2>{_TEXT[severity]}</h2>{''.join(groups)}"


def _group(report: DatasetReport, alike: Sequence[Finding]) -> str:
    """All findings of one code: the first few, the rest behind a click, and what to do said once."""
    code = alike[0].code
    there = report.finding_counts[code]
    count = f" <span>{there:,} times</span>" if there > 1 else ""
    says_fix_once = len({each.hint for each in alike}) == 1
    items = [_occurrence(each, with_fix=not says_fix_once) for each in alike]
    first, rest = items[:SHOWN_AT_ONCE], items[SHOWN_AT_ONCE:]
    more = f"<ul>{''.join(rest)}</ul>" if rest else ""
    hidden = (
        f"<details><summary>{there - len(first):,} more</summary>{more}</details>" if more else ""
    )
    fix = f'<p class="fix">{escape(str(alike[0].hint))}</p>' if says_fix_once else ""
    return (
        f'<section class="finding"><h3><code class="{alike[0].severity}">{escape(code)}</code>{count}</h3>'
        f"<ul>{''.join(first)}</ul>{hidden}{fix}</section>"
    )


def _occurrence(each: Finding, *, with_fix: bool) -> str:
    place = f'<span class="place">{escape(each.place)}:</span> ' if each.place else ""
    fix = f' <span class="fix">{escape(str(each.hint))}</span>' if with_fix else ""
    return f"<li>{place}{escape(str(each.message))}{fix}</li>"


def _charts(report: DatasetReport) -> str:
    charts = [_chart(each) for each in report.histograms if any(each.counts)]
    if report.phonemes and report.phonemes.counts:
        names = [escape(symbol) for symbol in report.phonemes.counts]
        counts = list(report.phonemes.counts.values())
        charts.append(_bars("How often each sound occurs", names, names, counts, ""))
    rates = sorted(report.rates_hz)[:MOST_RATES_SHOWN]
    if len(rates) > 1:
        names = [f"{rate:,}" for rate in rates]
        charts.append(
            _bars("Sample rates", names, names, [report.rates_hz[rate] for rate in rates], "Hz")
        )
    return "".join(charts)


def _chart(each: Histogram) -> str:
    names = [f"{edge:g}" for edge in each.edges[:-1]]
    ranges = [f"{low:g} to {high:g}" for low, high in zip(each.edges, each.edges[1:], strict=False)]
    return _bars(each.title, names, ranges, list(each.counts), each.unit, at_edges=True)


def _bars(
    title: str,
    names: list[str],
    ranges: list[str],
    counts: list[int],
    unit: str,
    *,
    at_edges: bool = False,
) -> str:
    """A bar for each count; its name below its middle, or where it begins."""
    most, step = max(counts), WIDTH / len(counts)
    drawn = []
    for index, count in enumerate(counts):
        tall = (HEIGHT - 2 * AXIS) * count / most
        x, y = index * step, HEIGHT - AXIS - tall
        drawn.append(
            f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{max(1.0, step - 2):.1f}" height="{tall:.1f}">'
            f"<title>{ranges[index]} {escape(unit)}: {count:,}</title></rect>"
        )
        if count and len(counts) <= 20:
            drawn.append(
                f'<text x="{x + step / 2:.1f}" y="{y - 4:.1f}" text-anchor="middle">{count:,}</text>'
            )
        thin = ' class="thin"' if index % 2 and len(counts) > 8 else ""
        drawn.append(
            f'<text{thin} x="{x if at_edges else x + step / 2:.1f}" y="{HEIGHT - 8}" '
            f'text-anchor="{"start" if at_edges else "middle"}">{names[index]}</text>'
        )
    said = "; ".join(f"{r} {unit}: {n}" for r, n in zip(ranges, counts, strict=True) if n)
    return (
        f"<figure><figcaption>{escape(title)}{f' ({escape(unit)})' if unit else ''}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}: {escape(said)}">'
        f"{''.join(drawn)}</svg></figure>"
    )


def _speakers(report: DatasetReport) -> str:
    if len(report.speakers) < 2:
        return ""
    rows = "".join(
        f"<tr><td>{escape(each.name or 'without a name')}</td><td>{each.clips:,}</td><td>{each.minutes:.1f}</td></tr>"
        for each in report.speakers
    )
    head = '<tr><th scope="col">Speaker</th><th scope="col">Clips</th><th scope="col">Minutes</th></tr>'
    return f"<h2>Speakers</h2><table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _sounds(report: DatasetReport) -> str:
    sounds = report.phonemes
    if sounds is None or sounds.percent is None:
        return ""
    missing = (
        f" Missing: <code>{escape(' '.join(sounds.missing))}</code>." if sounds.missing else ""
    )
    rare = f" Rare: <code>{escape(' '.join(sounds.rare))}</code>." if sounds.rare else ""
    return (
        f"<h2>Sounds of {escape(report.language)}</h2><p>{sounds.percent:.0f} % of its sounds occur in "
        f"{sounds.texts:,} texts.{missing}{rare}</p>"
    )
