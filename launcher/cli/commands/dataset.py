"""`launcher dataset`: look over a dataset before money is spent on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from launcher.cli.flags import JsonOption, QuietOption, group_app
from launcher.cli.layout import pairs, paragraph
from launcher.cli.output import Output, style
from launcher.cli.session import find
from launcher.cli.session import run as at_bench
from launcher.errors import InvalidRequest
from launcher.services.context import Workbench
from launcher.stores.secrets import KeyName
from launcher.workshop.check import CheckSettings, check_dataset
from launcher.workshop.hub_source import open_repo
from launcher.workshop.page import report_page
from launcher.workshop.report import DatasetReport
from pod_image.contract.settings import Quality
from pod_image.dataset import DatasetError, Finding, FolderSource, Severity

app = group_app("Look over a dataset before money is spent on it.")
_LOOKS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "dim"}


@app.callback()
def dataset() -> None:
    """Datasets: clips with transcripts, in a folder here or in a dataset repo."""


@app.command()
def check(
    source: Annotated[
        str, typer.Argument(help="A folder here, or a dataset repo such as me/my-clips.")
    ],
    revision: Annotated[str, typer.Option(help="Branch, tag or commit of the repo.")] = "main",
    language: Annotated[str, typer.Option(help="Language and region of the texts.")] = "en_US",
    quality: Annotated[Quality, typer.Option(help="Size of the voice it is for.")] = Quality.MEDIUM,
    speakers: Annotated[int, typer.Option(min=0, help="How many; 0 takes any number.")] = 1,
    deep: Annotated[bool, typer.Option("--deep", help="Listen to every clip.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write the report as one HTML page, with histograms.")
    ] = None,
    force: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="An error that is accepted.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find what would spoil a training: absent files, wrong texts, odd audio. Nothing is changed."""
    settings = CheckSettings(
        language=language,
        sample_rate_hz=quality.sample_rate_hz,
        speakers=speakers or None,
        deep=deep,
    )
    output = Output(as_json=as_json, quiet=quiet)
    found = _checked(source, revision, settings)
    if report is not None:
        report.write_text(report_page(found), "utf-8")
        output.talk(f"The report is in {report}")
    output.answer(found.to_json(), lambda: _text(found), quiet="")
    blocking = found.blocking(force or ())
    if blocking:
        raise InvalidRequest(
            f"{len(blocking)} error(s) in {found.dataset}.",
            hint="Mend them, or accept one with --force CODE.",
        )


def _checked(source: str, revision: str, settings: CheckSettings) -> DatasetReport:
    folder = Path(source).expanduser()
    if folder.exists():
        return at_bench(find(), lambda bench: _check_folder(folder, settings))
    if source.count("/") != 1 or source.startswith((".", "~", "/")):
        raise InvalidRequest(
            f"There is no folder {source}.",
            hint="A repo is written owner/name, such as me/my-clips.",
        )
    keys = find((KeyName.HF_DATASET,))
    return at_bench(keys, lambda bench: _check_repo(bench, source, revision, settings))


async def _check_folder(folder: Path, settings: CheckSettings) -> DatasetReport:
    try:
        return await check_dataset(FolderSource(folder), settings)
    except DatasetError as exc:
        raise InvalidRequest(exc.message, hint=exc.hint) from exc


async def _check_repo(
    bench: Workbench, repo: str, revision: str, settings: CheckSettings
) -> DatasetReport:
    hub = bench.hub.dataset
    source = await bench.hub.run(open_repo, hub, repo, revision)
    try:
        return await check_dataset(source, settings, revision=source.commit)
    except DatasetError as exc:
        raise InvalidRequest(exc.message, hint=exc.hint) from exc


def _text(found: DatasetReport) -> str:
    rates = ", ".join(f"{rate:,} Hz ({count})" for rate, count in sorted(found.rates_hz.items()))
    about = "about " if found.seconds_are_estimated else ""
    rows = [
        ("Dataset", found.dataset + (f" at {found.revision[:8]}" if found.revision else "")),
        ("Clips", f"{found.clips:,} of {found.rows:,} lines, {about}{found.minutes:.1f} minutes"),
        ("Audio", rates or "unknown"),
        ("Speakers", ", ".join(each.name or "one" for each in found.speakers) or "one"),
        ("Licence", found.licence or "not named"),
    ]
    parts = [pairs(rows)]
    parts += [_finding(each) for each in found.findings]
    if not found.findings:
        parts.append("Nothing to complain about.")
    return "\n".join(parts)


def _finding(each: Finding) -> str:
    word = each.severity.value
    place = f"{each.place}: " if each.place else ""
    text = paragraph(f"{word} [{each.code.value}]: {place}{each.message}", hanging=2)
    return style(word, _LOOKS[each.severity]) + text[len(word) :] + f"\n{paragraph(each.fix, 2)}"
