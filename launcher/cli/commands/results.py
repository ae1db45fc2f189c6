"""`launcher results`: what a run made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from launcher.cli.documents.made import Results, ResultsDownload
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, command_app
from launcher.cli.session import run_at
from launcher.cli.terminal.layout import table
from launcher.cli.terminal.output import Output
from launcher.domain.run import Run
from launcher.services.common.workbench import Workbench
from launcher.services.following.delivered_files import Downloaded, download_results, list_results
from launcher.services.following.find_run import find_run
from launcher.stores.secrets import KeyName
from pod_image.contract.figures import size
from pod_image.hub import RemoteFile

app = command_app()


@app.command()
def results(
    run: RunArgument = "",
    download: Annotated[
        bool, typer.Option("--download", "-d", help="Bring the files here, each checked.")
    ] = False,
    to: Annotated[Path | None, typer.Option(help="Folder to bring them to.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Such as 'voice/**'; repeatable.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List what a run has delivered, or bring it here."""
    output = Output(as_json=as_json, quiet=quiet)
    if download or to is not None or only:
        patterns = tuple(only or ("**",))
        got = run_at(run, lambda bench: _download(bench, run, to, patterns), (KeyName.HF_UPLOAD,))
        output.answer(
            _downloaded(got),
            lambda: f"{len(got.files)} files, {size(got.size_bytes)}, are in {got.folder}",
            quiet=str(got.folder),
        )
        return
    found, files = run_at(run, lambda bench: _list(bench, run), (KeyName.HF_UPLOAD,))
    document: Results = {
        "schema": "results",
        "version": 1,
        "run_id": found.run_id,
        "results_repo": found.results_repo,
        "files": [
            {"path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256}
            for file in files
        ],
    }
    output.answer(
        document,
        lambda: _listing(found, files),
        quiet="\n".join(file.path for file in files),
    )


async def _download(
    bench: Workbench, key: str, to: Path | None, patterns: tuple[str, ...]
) -> Downloaded:
    return await download_results(bench, await find_run(bench, key), to, patterns)


async def _list(bench: Workbench, key: str) -> tuple[Run, list[RemoteFile]]:
    run = await find_run(bench, key)
    return run, await list_results(bench, run)


def _downloaded(got: Downloaded) -> ResultsDownload:
    return {
        "schema": "results.download",
        "version": 1,
        "folder": got.folder,
        "files": list(got.files),
        "size_bytes": got.size_bytes,
        "commit": got.commit,
    }


def _listing(run: Run, files: list[RemoteFile]) -> str:
    if not files:
        return f"{run.run_id} has delivered nothing to {run.results_repo} yet."
    rows = [(size(file.size_bytes), file.path) for file in files]
    total = sum(file.size_bytes for file in files)
    return (
        table(("SIZE", "FILE"), rows, right=(0,))
        + f"\n{len(files)} files, {size(total)}, in {run.results_repo}. Bring them here: --download"
    )
