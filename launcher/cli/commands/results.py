"""`launcher results`: what a run made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from launcher.api.desk import Desk
from launcher.api.finding import found
from launcher.cli.documents.made import Results, ResultsDownload
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, command_app
from launcher.cli.session import named_version, run_at
from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.layout import table
from launcher.cli.terminal.output import Output
from launcher.domain.run import Run
from launcher.services.common.workbench import Workbench
from launcher.services.following.delivered_files import Downloaded
from launcher.stores.secrets import KeyName
from pod_image.contract.figures import counted, size
from pod_image.hub import RemoteFile

app = command_app()


@app.command()
def results(
    run: RunArgument = "",
    download: Annotated[
        bool, typer.Option("--download", "-d", help="Download the files and check each one.")
    ] = False,
    to: Annotated[Path | None, typer.Option(help="Folder to download to.")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Only these files, such as 'voice/**'; repeatable."),
    ] = None,
    revision: Annotated[
        str,
        typer.Option(
            metavar="TAG",
            help="Version: run-01, run-01.2 or any commit. Default: the newest.",
        ),
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List what a run has delivered, or download it."""
    output = Output(as_json=as_json, quiet=quiet)
    version = revision or named_version(run)
    if download or to is not None or only:
        patterns = tuple(only or ("**",))
        got = run_at(
            run, lambda bench: _download(bench, run, to, patterns, version), (KeyName.HF_UPLOAD,)
        )
        output.answer(
            _downloaded(got),
            lambda: f"{_amount(len(got.files), got.size_bytes)}, downloaded to {got.folder}",
            quiet=str(got.folder),
        )
        return
    known, files, versions = run_at(
        run, lambda bench: _list(bench, run, version), (KeyName.HF_UPLOAD,)
    )
    document: Results = {
        "schema": "results",
        "version": 1,
        "run_id": known.run_id,
        "results_repo": known.results_repo,
        "revision": version or None,
        "versions": versions,
        "files": [
            {"path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256}
            for file in files
        ],
    }
    output.answer(
        document,
        lambda: _listing(known, files, version, versions),
        quiet="\n".join(file.path for file in files),
    )


async def _download(
    bench: Workbench, key: str, to: Path | None, patterns: tuple[str, ...], version: str
) -> Downloaded:
    run = await found(Desk.at(bench), key)
    return await run.results.aio(to=to, only=patterns, revision=version)


async def _list(
    bench: Workbench, key: str, version: str
) -> tuple[Run, list[RemoteFile], list[str]]:
    run = await found(Desk.at(bench), key)
    files = await run.files.aio(revision=version)
    return run.known, files, [] if version or not files else await run.versions.aio()


def _downloaded(got: Downloaded) -> ResultsDownload:
    return {
        "schema": "results.download",
        "version": 1,
        "folder": got.folder,
        "files": list(got.files),
        "size_bytes": got.size_bytes,
        "commit": got.commit,
    }


def _amount(files: int, size_bytes: int) -> str:
    return f"{counted(files, 'file')}, {size(size_bytes)}"


def _listing(run: Run, files: list[RemoteFile], version: str, versions: list[str]) -> str:
    if not files and version:
        return f"{run.results_repo} has no folder {run.run_id} at {version}."
    if not files:
        return f"{run.run_id} has delivered nothing to {run.results_repo} yet."
    rows = [(size(file.size_bytes), file.path) for file in files]
    amount = _amount(len(files), sum(file.size_bytes for file in files))
    at = f" at {version}" if version else ""
    of_version = ("--revision", version) if version else ()
    fetch = command_line("results", run.address, *of_version, "--download")
    lines = [
        table(("SIZE", "FILE"), rows, right=(0,)),
        f"{amount}, in {run.results_repo}{at}. Download them: {fetch}",
    ]
    if versions:
        example = command_line("results", run.address, "--revision", versions[0])
        lines.append(f"Versions: {', '.join(versions)}. To see one: {example}")
    return "\n".join(lines)
