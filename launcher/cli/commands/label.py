"""`launcher label`: what a person calls a run."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.documents.runs import Label, run_facts
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, command_app
from launcher.cli.session import run_at
from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.layout import pairs
from launcher.cli.terminal.output import Output
from launcher.domain.labels import LabelName, with_tags
from launcher.domain.run import Run
from launcher.errors import HubError, NotConfigured
from launcher.services.common.workbench import Workbench
from launcher.services.following.find_run import find_run
from launcher.services.labelling import Sending, Sent, label, send_labels, unreadable
from pod_image.contract.plain import plain_lines

app = command_app()


@app.command(name="label")
def label_run(
    run: RunArgument = "",
    name: Annotated[str | None, typer.Option(help="New name; an empty one removes it.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Tag to add; repeatable.")
    ] = None,
    untag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Tag to remove; repeatable.")
    ] = None,
    notes: Annotated[str | None, typer.Option(help="Notes; they replace the current ones.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Give a run a name, tags and notes, or see which it has.

    They are saved on this computer at once, and as labels.json next to the run's results, where
    every computer that reads the repo finds them. Anyone who can read the repo sees them.
    """

    async def work(bench: Workbench) -> tuple[Run, Sent]:
        found = await find_run(bench, run)
        typed = {} if name is None else {LabelName.NAME: name}
        if notes is not None:
            typed[LabelName.NOTES] = notes
        if tag or untag:
            typed[LabelName.TAGS] = with_tags(found.labels, tag or (), untag or ())
        return await _kept(bench, label(bench, found, typed) if typed else found)

    known, sent = run_at(run, work)
    Output(as_json=as_json, quiet=quiet).answer(
        _document(known, sent), lambda: _text(known, sent), quiet=known.title
    )


async def _kept(bench: Workbench, run: Run) -> tuple[Run, Sent]:
    """The run as it is called once its repo was told, where that can be now."""
    try:
        sent = await send_labels(bench, run)
    except (HubError, NotConfigured):
        sent = Sent(Sending.LATER, run.labels)
    return bench.runs.by_nonce(run.nonce) or run, sent


def _document(run: Run, sent: Sent) -> Label:
    return {
        "schema": "label",
        "version": 1,
        **run_facts(run),
        "sending": sent.sending.value,
        "overruled": [{"label": each.name.value, "text": each.text} for each in sent.overruled],
    }


def _text(run: Run, sent: Sent) -> str:
    labels = run.labels
    notes = plain_lines(labels.notes)
    rows = [
        ("Run", run.address),
        ("Name", labels.name or "-"),
        ("Tags", ", ".join(labels.tags) or "-"),
        ("Notes", notes or "-"),
    ]
    said = [pairs(rows)]
    if labels.of:
        said.append(unreadable(run) if sent.sending is Sending.UNREADABLE else _WHERE[sent.sending])
    said += [
        f"Another computer changed the {each.name} too. Kept behind it: {each.text}"
        for each in sent.overruled
    ]
    return "\n\n".join(said)


_WHERE = {
    Sending.THERE: "Every computer that reads the results shows this.",
    Sending.LATER: "Kept on this computer; it is written beside the results a little later, with "
    f"{command_line('runs', '--refresh')} or while the web form is open.",
    Sending.NOTHING_DELIVERED: "Saved on this computer only: the run has not delivered anything yet.",
    Sending.NO_TOKEN: "Kept on this computer; the results repo gets it once there is a Hugging Face token.",
}
