"""`launcher reap`: find and release pods of ours that nobody needs."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.documents.account import reap_document
from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.session import PLACE_ALONE, find
from launcher.cli.session import run as at_bench
from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.layout import either, usd
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.reap_view import reaped_text, what_to_do
from launcher.domain.pod import Pod
from launcher.domain.pod_ids import named_pod
from launcher.errors import ProviderUnavailable
from launcher.services.ending.reap import ReapReport
from launcher.services.ending.reap import reap as sweep
from pod_image.contract.figures import counted
from pod_image.contract.outcomes import EndReason

app = command_app()


@app.command()
def reap(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be done.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Release forgotten pods, and remove secrets that runs left behind.

    A pod is released if its run is over, its deadline has passed, you asked for its release here, or it never
    became ready and no launch here is waiting for it. The pods of a run on several nodes are released together, also
    if no program here watches it any more. Only pods that provably belong to this program are
    touched; no history is needed.
    """
    report = at_bench(
        find(PLACE_ALONE), lambda bench: sweep(bench, dry_run=dry_run), ends_pods=True
    )
    Output(as_json=as_json, quiet=quiet).answer(
        reap_document(report),
        lambda: _text(report),
        quiet="\n".join(gone.pod.id for gone in report.released),
    )
    left = [gone for gone in report.released if gone.trouble]
    if left:
        price = usd(sum(gone.pod.price_per_hour_usd for gone in left))
        raise ProviderUnavailable(
            f"{counted(len(left), 'pod')} may still be rented, for {price} an hour: "
            f"{', '.join(gone.pod.id for gone in left)}.",
            hint=what_to_do(*left),
        )


def _kept(pod: Pod) -> str:
    if not pod.is_cluster:
        return f"Pod {pod.id} is in use and stays."
    return (
        f"{named_pod(pod.id, begins=True)} ({usd(pod.price_per_hour_usd)} an hour) stays, and CANNOT release itself: "
        f"somebody has to watch it to its end. If nobody does, release it with {command_line('abort', pod.id)}."
    )


def _text(report: ReapReport) -> str:
    would = "would be " if report.is_dry_run else ""
    closed = "would be closed" if report.is_dry_run else "is closed"
    lines = []
    lines += [reaped_text(gone, is_dry_run=report.is_dry_run) for gone in report.released]
    lines += [_kept(pod) for pod in report.kept]
    lines += [
        f"{run.run_id} of {run.results_repo} {closed}: {run.detail or EndReason.LOST.sentence}"
        for run in report.settled
    ]
    lines += [f"{each.run.run_id} stays open: {each.why}" for each in report.left_open]
    if report.secrets_removed:
        lines.append(f"{counted(len(report.secrets_removed), 'leftover secret')} {would}removed.")
    if report.secrets_trouble:
        lines.append(f"There may be leftover secrets: {report.secrets_trouble}")
    if report.skipped:
        lines.append(f"Nothing was done: {report.skipped}")
    nothing = [f"No pods of this program are left on {either(report.places)}."]
    return "\n".join([*(lines or nothing), *report.unseen])
