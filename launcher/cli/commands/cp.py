"""`launcher cp`: a file or folder of a run's work folder, here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from launcher.cli import offering
from launcher.cli.documents.made import Copy
from launcher.cli.flags import JsonOption, QuietOption, YesOption, command_app
from launcher.cli.session import run_at
from launcher.cli.terminal.output import Output
from launcher.errors import InvalidRequest
from launcher.services.common.workbench import Workbench
from launcher.services.following.copying import Copied, checked_path, copy_from_pod
from launcher.services.following.find_run import find_run
from launcher.services.following.instructions import Sent, Way
from launcher.stores.secrets import KeyName
from pod_image.contract.figures import counted, size

app = command_app()


@app.command()
def cp(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN:PATH",
            help="What to copy, such as run-01:out/model.bin; relative to the run's work folder.",
            autocompletion=offering.run_paths,
        ),
    ],
    to: Annotated[Path, typer.Argument(metavar="TO", help="Folder to copy to, or a new name.")],
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Copy a file or a folder from a running pod to this computer.

    The pod uploads it into the results repo, below copies/ of the run, and it is downloaded from there and compared
    with the listed size and SHA-256. That also works with providers that cannot run commands in a pod. Links,
    files of keys and paths that lead out of the work folder are refused. For what a run delivers anyway, use launcher
    results.
    """
    output = Output(as_json=as_json, quiet=quiet)
    key, colon, path = source.rpartition(":")
    if not colon:
        raise InvalidRequest(
            f"{source!r} names no run.",
            hint="Write RUN:PATH, such as run-01:out/model.bin. Files are only copied from a run to here.",
        )
    checked_path(path)  # before any key is asked for

    def on_sent(sent: Sent) -> None:
        if sent.way is Way.FILE:
            output.talk("Left for the pod in the results repo; it looks there every 30 s.")

    async def work(bench: Workbench) -> Copied:
        run = await find_run(bench, key)
        return await copy_from_pod(bench, run, path, to, replaces=yes, on_sent=on_sent)

    copied = run_at(key, work, (KeyName.HF_UPLOAD,))
    document: Copy = {
        "schema": "cp",
        "version": 1,
        "run_id": copied.run.run_id,
        "path": path,
        "files": list(copied.files),
        "size_bytes": copied.size_bytes,
        "commit": copied.commit,
        "detail": copied.detail,
    }
    output.answer(document, lambda: _text(copied), quiet="\n".join(map(str, copied.files)))


def _text(copied: Copied) -> str:
    where = copied.files[0] if len(copied.files) == 1 else copied.files[0].parent
    amount = f"{counted(len(copied.files), 'file')}, {size(copied.size_bytes)}"
    _, left_out, what = copied.detail.partition("; ")
    return f"{amount}, checked: {where}" + (f"\n  {what}" if left_out else "")
