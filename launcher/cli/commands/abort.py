"""`launcher abort`: release the pod at once."""

from __future__ import annotations

import sys

import typer

from launcher.api.desk import Desk
from launcher.api.finding import found
from launcher.api.run import Run as HeldRun
from launcher.cli.documents.runs import Abort, run_facts
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, YesOption, command_app
from launcher.cli.session import PLACE_ALONE, find_for_run
from launcher.cli.session import run as at_bench
from launcher.cli.terminal.layout import usd
from launcher.cli.terminal.output import Output
from launcher.domain.pod_ids import named_pod
from launcher.domain.run import Run
from launcher.errors import InvalidRequest
from launcher.services.common.workbench import Workbench
from pod_image.contract.outcomes import EndReason

app = command_app()


@app.command()
def abort(
    run: RunArgument = "",
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Cancel a run: release its pod at once. What is not uploaded yet is lost; `stop` delivers it first."""
    if not yes and not sys.stdin.isatty():
        raise InvalidRequest(
            "Nothing was aborted, because there is no terminal to ask for confirmation.",
            hint="Add --yes. To deliver the results first: launcher stop.",
        )
    keys = find_for_run(run, PLACE_ALONE)
    ended = at_bench(keys, lambda bench: _abort(bench, run, yes=yes), ends_pods=True)
    output = Output(as_json=as_json, quiet=quiet)
    if ended is None:
        output.talk("Nothing was aborted.")
        raise typer.Exit(1)
    document: Abort = {"schema": "abort", "version": 1, **run_facts(ended)}
    output.answer(document, lambda: _text(ended), quiet="")


def _text(ended: Run) -> str:
    cost = f"{ended.run_id} cost {usd(ended.cost_usd)}."
    if ended.pod_id and ended.end_reason in (None, EndReason.ABORTED):
        return f"{named_pod(ended.pod_id, begins=True)} is released; {cost}"
    gone = f" {named_pod(ended.pod_id, begins=True)} is gone;" if ended.pod_id else ""
    return f"It had ended before. {ended.end_sentence}{gone} {cost}"


async def _abort(bench: Workbench, key: str, *, yes: bool) -> Run | None:
    run = await found(Desk.at(bench), key)
    # A run that its repo alone tells of has no pod here: that is said, and nothing is asked.
    if not yes and not run.known.is_from_repo and not _agreed(run):
        return None
    return (await run.abort.aio()).known


def _agreed(run: HeldRun) -> bool:
    pod = named_pod(run.pod_id) if run.pod_id else "the pod"
    question = f"Release {pod} of {run.run_id} now? What is not uploaded is lost."
    return bool(typer.confirm(question, default=False, err=True))
