"""Datasets in words for a terminal: a report, what was made, the ones kept here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.layout import pairs, paragraph, table
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import LOOKS, style
from launcher.cli.terminal.plain_text import plain_text_line
from launcher.domain.usual_preset import USUAL_PRESET
from launcher.workshop.editing.trash import LeftOut
from launcher.workshop.library import Shown, Summary
from launcher.workshop.make import Made
from launcher.workshop.push import Pushed
from launcher.workshop.report import DatasetReport
from pod_image.contract.figures import counted, recorded, size
from pod_image.contract.findings import Finding

FINDINGS_OF_A_CODE = 5
"""More of one kind are counted; `--json` and the report page list up to fifty."""
SKIPPED_NAMED = 20
SPEAKERS_NAMED = 12


def report_text(found: DatasetReport) -> str:
    """The whole report: a summary, then every finding with its place and remedy."""
    rates = ", ".join(
        f"{rate:,} Hz ({count:,})" for rate, count in sorted(found.rates_hz.items())[:6]
    )
    about = "about " if found.seconds_are_estimated else ""
    rows = [
        ("Dataset", found.dataset + (f" at {found.revision[:8]}" if found.revision else "")),
        ("Clips", f"{found.clips:,} of {found.rows:,} lines, {about}{recorded(found.minutes)}"),
        ("Audio", rates or "unknown"),
        ("Speakers", _speakers(found)),
        ("Phonemes", _sounds(found)),
        ("Disk", f"{size(found.disk_needed_bytes)} on the pod"),
        ("Licence", found.licence or "not given"),
    ]
    parts = [pairs(rows), *_findings(found.findings, found.finding_counts)]
    if not found.findings:
        parts.append("No problems found.")
    return "\n".join(parts)


def _speakers(found: DatasetReport) -> str:
    named = [f"{each.name} ({each.clips:,})" for each in found.speakers if each.name]
    if len(named) > SPEAKERS_NAMED:
        named = [*named[:SPEAKERS_NAMED], f"and {len(named) - SPEAKERS_NAMED} more"]
    return ", ".join(named) or "one"


def _sounds(found: DatasetReport) -> str:
    heard = found.phonemes
    if heard is None:
        return "not checked"
    if heard.percent is None:
        return f"{len(heard.counts)} different phonemes in {heard.texts:,} transcripts"
    return (
        f"{heard.percent:.0f} % of the phonemes of {found.language}, in {heard.texts:,} transcripts"
    )


def _findings(found: Sequence[Finding], counts: Mapping[str, int]) -> list[str]:
    lines = []
    shown: Counter[str] = Counter()
    for each in found:
        shown[each.code] += 1
        if shown[each.code] <= FINDINGS_OF_A_CODE:
            lines.append(finding_text(each))
        left = counts[each.code] - FINDINGS_OF_A_CODE
        if shown[each.code] == FINDINGS_OF_A_CODE and left > 0:
            lines.append(f"  and {left:,} more [{each.code}]")
    return lines


def finding_text(each: Finding) -> str:
    """One finding: how grave, where, what, and the remedy."""
    word = each.severity.value
    place = f"{plain_text_line(each.place)}: " if each.place else ""
    message = plain_text_line(in_terminal(each.message))
    text = paragraph(f"{word} [{each.code}]: {place}{message}", hanging=2)
    return (
        style(word, LOOKS[each.severity])
        + text[len(word) :]
        + f"\n{paragraph(in_terminal(each.hint), 2)}"
    )


def made_text(made: Made) -> str:
    """What was added, what was left out and why, and what is to be done next."""
    lines = [
        f"{counted(made.added_clips, 'clip')} added, {recorded(made.added_minutes)}; "
        f"{made.folder} has {counted(made.clips, 'clip')}"
    ]
    if made.already_there:
        lines.append(
            f"Made before and left as they are: {counted(made.already_there, 'recording')}."
        )
    lines += [
        paragraph(plain_text_line(f"{each.name} was left out: {each.reason}"), hanging=2)
        for each in made.skipped[:SKIPPED_NAMED]
    ]
    if len(made.skipped) > SKIPPED_NAMED:
        lines.append(f"and {len(made.skipped) - SKIPPED_NAMED:,} more were left out")
    lines += _findings(made.findings, Counter(each.code for each in made.findings))
    if made.untyped:
        lines.append(
            paragraph(
                f"{counted(made.untyped, 'clip')} without a text yet: type it with launcher dataset edit, in the web "
                "form or in metadata.csv.",
                hanging=2,
            )
        )
    return "\n".join(lines)


def pushed_text(pushed: Pushed) -> str:
    what = f"{counted(pushed.clips, 'clip')}, {recorded(pushed.minutes)}, {size(pushed.size_bytes)}"
    news = "in" if pushed.made_commit else "already in"
    repos = ("--dataset-repo", pushed.repo_id, "--results-repo", f"{pushed.repo_id}-voice")
    train = command_line("deploy", "--preset", USUAL_PRESET, *repos)
    return f"{what} {news} {pushed.repo_id}\n  {pushed.url}\n  Train with it: {train}"


def list_text(found: Sequence[Summary]) -> str:
    if not found:
        return "There are no datasets on this computer yet. Make one: launcher dataset make --out NAME RECORDINGS"
    rows = [
        (
            each.name,
            f"{each.clips:,}",
            f"{each.minutes:.1f}",
            f"{each.untyped:,}" if each.untyped else "-",
            size(each.size_bytes),
            local_time(each.updated_at),
        )
        for each in found
    ]
    damaged = [f"{each.name}: {each.damage}" for each in found if each.damage]
    listed = table(
        ("NAME", "CLIPS", "MINUTES", "NO TRANSCRIPT", "SIZE", "CHANGED"), rows, right=(1, 2, 3, 4)
    )
    return "\n".join([listed, *damaged])


def shown_text(shown: Shown) -> str:
    found = shown.summary
    rows = [
        ("Folder", str(found.folder)),
        (
            "Clips",
            f"{found.clips:,}, {recorded(found.minutes)}; {found.untyped:,} without transcript",
        ),
        ("Size", size(found.size_bytes)),
        ("Made", local_time(found.created_at) if found.created_at else "not here"),
        ("Changed", local_time(found.updated_at)),
    ]
    has_speakers = any(clip.speaker for clip in shown.clips)
    clips = [
        (
            clip.file,
            "absent" if clip.seconds is None else f"{clip.seconds:.1f}",
            *([clip.speaker or "-"] if has_speakers else []),
            clip.text or "(no transcript yet)",
        )
        for clip in shown.clips
    ]
    headers = ("FILE", "SECONDS", *(["SPEAKER"] if has_speakers else []), "TEXT")
    return f"{pairs(rows)}\n\n{table(headers, clips, right=(1,))}"


def left_out_text(found: Sequence[LeftOut]) -> str:
    if not found:
        return "No clips were removed."
    rows = [
        (one.line.file, local_time(one.at), one.line.text or "(no transcript yet)") for one in found
    ]
    return table(("FILE", "REMOVED", "TEXT"), rows)


def local_time(unix_seconds: float) -> str:
    return datetime.fromtimestamp(unix_seconds).astimezone().strftime("%Y-%m-%d %H:%M")
