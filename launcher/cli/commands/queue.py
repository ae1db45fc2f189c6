"""`launcher queue`: runs that wait for a GPU, a price, or their turn under one budget."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli import offering
from launcher.cli.flags import JsonOption, QuietOption, YesOption, group_app
from launcher.cli.options import Asked, asks_for_a_run
from launcher.domain.queued import MOST_PODS, MOST_TRIES, MOST_TRIES_ALLOWED

app = group_app("Runs that wait for a GPU, a price, or their turn under one budget.")

EntryArgument = Annotated[
    int,
    typer.Argument(
        metavar="NO",
        help="Number of the entry, from launcher queue list.",
        autocompletion=offering.queue_entries,
    ),
]
MaybeEntry = Annotated[
    int | None,
    typer.Argument(
        metavar="NO",
        help="One entry by its number. Default: the whole queue.",
        autocompletion=offering.queue_entries,
    ),
]


@app.command()
@asks_for_a_run
def add(
    asked: Asked,
    priority: Annotated[
        int,
        typer.Option(
            help="Higher priorities start first; equal ones in the order they were added."
        ),
    ] = 0,
    max_price: Annotated[
        float | None,
        typer.Option(
            metavar="USD", help="Wait until a GPU that fits costs at most this much an hour."
        ),
    ] = None,
    tries: Annotated[
        int,
        typer.Option(
            min=1,
            max=MOST_TRIES_ALLOWED,
            help="Number of pods to try when the provider fails: no machine, a bad host, a lost pod.",
        ),
    ] = MOST_TRIES,
    name: Annotated[
        str, typer.Option(metavar="TEXT", help="Name of the run; launcher label changes it.")
    ] = "",
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Tag for the run; repeatable.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check a run as deploy would, show what it can cost, and let it wait. Nothing is rented.

    It takes the same options as deploy. launcher queue run starts what waits.
    """
    from launcher.cli.queueing import add_run
    from launcher.cli.terminal.output import Output
    from launcher.domain.labels import LabelName
    from launcher.services.queue.adding import HowToQueue

    labels = {LabelName.NAME: name, LabelName.TAGS: ",".join(tag or ())}
    how = HowToQueue(priority=priority, max_price_usd=max_price, most_tries=tries)
    add_run(asked, Output(as_json=as_json, quiet=quiet), how, labels)


@app.command("list")
def list_entries(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show what waits, what runs and what has ended, in order."""
    from launcher.cli.kept_queue import document_of, opened_queue
    from launcher.cli.terminal.output import Output
    from launcher.cli.terminal.queue_view import queue_text

    with opened_queue() as store:
        document = document_of(store)
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: queue_text(document),
        quiet="\n".join(str(each["entry"]) for each in document["entries"]),
    )


@app.command()
def run(
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="USD",
            help="The most that all runs of the queue may cost together. Saved for the next time.",
        ),
    ] = None,
    at_most: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_PODS, help="Pods at a time, 1 at first. Saved for the next time."
        ),
    ] = None,
    count_from_now: Annotated[
        bool,
        typer.Option(
            "--count-from-now", help="Do not count what earlier runs cost against the budget."
        ),
    ] = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep waiting for new runs when nothing is left to do.")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Start waiting runs as soon as possible, follow them, and retry those that failed because of the provider.

    What is spent and what the live pods can still cost never exceed the budget. Ctrl-C stops working on the queue:
    runs with a pod that can end itself continue, and nothing is lost. It may run in several terminals.

    With --json each thing that happens is one line; the last is the queue.
    """
    from launcher.cli.queueing import Agreement, run_queue
    from launcher.cli.terminal.output import Output

    agreement = Agreement(
        budget_usd=budget,
        at_most=at_most,
        counts_from_now=count_from_now,
        is_agreed=yes,
        stays=stay,
    )
    run_queue(Output(as_json=as_json, quiet=quiet, streams=True), agreement)


@app.command()
def pause(
    entry: MaybeEntry = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Start no more runs, or hold one entry. Runs with a pod continue."""
    _set_paused(entry, as_json=as_json, quiet=quiet, is_paused=True)


@app.command()
def resume(
    entry: MaybeEntry = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Let the queue, or one entry, start again."""
    _set_paused(entry, as_json=as_json, quiet=quiet, is_paused=False)


@app.command()
def move(
    entry: EntryArgument,
    priority: Annotated[int, typer.Option(help="Higher ones go first.")],
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Move an entry before or after others."""
    from launcher.cli.kept_queue import changed
    from launcher.cli.terminal.output import Output

    output = Output(as_json=as_json, quiet=quiet)
    changed(output, lambda store: store.prioritise(entry, priority))


@app.command()
def remove(entry: EntryArgument, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Remove an entry from the queue. What it has cost still counts against the budget.

    An entry with a pod is not removed: launcher stop or launcher abort ends its run first.
    """
    from launcher.cli.kept_queue import changed
    from launcher.cli.terminal.output import Output

    changed(Output(as_json=as_json, quiet=quiet), lambda store: store.remove(entry))


def _set_paused(entry: int | None, *, as_json: bool, quiet: bool, is_paused: bool) -> None:
    from launcher.cli.kept_queue import changed
    from launcher.cli.terminal.output import Output

    output = Output(as_json=as_json, quiet=quiet)
    changed(output, lambda store: store.pause(entry, is_paused=is_paused))
