"""The queue as a table, and what is said of it."""

from __future__ import annotations

from launcher.cli.documents.queue import Queue, QueueEntryFacts
from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.layout import paragraph, table, usd
from pod_image.contract.figures import counted, dollars

EMPTY = (
    "Nothing is in the queue. Add a run with launcher queue add, the same way as launcher deploy."
)


def queue_text(queue: Queue) -> str:
    if not queue["entries"]:
        return "\n\n".join([EMPTY, totals_text(queue)] if queue["spent_usd"] else [EMPTY])
    parts = [_table(queue), *_reasons(queue), totals_text(queue)]
    if queue["is_paused"]:
        parts.append(f"The queue is paused: {command_line('queue', 'resume')} lets it continue.")
    return "\n\n".join(parts)


def totals_text(queue: Queue) -> str:
    """Budget, what is gone of it, and what is set aside."""
    spent, reserved = dollars(queue["spent_usd"]), dollars(queue["reserved_usd"])
    pods = f"at most {counted(queue['at_most'], 'pod')} at a time"
    if queue["budget_usd"] is None:
        run = command_line("queue", "run", "--budget", "10")
        return f"No budget yet, so nothing starts: {run} gives it one, in dollars."
    budget = dollars(queue["budget_usd"])
    lives = f", up to {reserved} more by {counted(queue['pods'], 'pod')}" if queue["pods"] else ""
    return f"{spent} of {budget} spent{lives}; {pods}."


def _table(queue: Queue) -> str:
    headers = ("NO", "STATE", "RUN", "WHAT", "PROVIDER", "PRIORITY", "AT MOST", "COST")
    rows = [
        (
            str(each["entry"]),
            "paused" if each["is_paused"] else each["state"].value,
            each["run_id"] or "-",
            each["preset"] or each["recipe"],
            each["place"],
            str(each["priority"]),
            dollars(each["most_usd"]),
            usd(each["cost_usd"]) if each["cost_usd"] else "-",
        )
        for each in queue["entries"]
    ]
    return table(headers, rows, right=(0, 5, 6, 7))


def _reasons(queue: Queue) -> list[str]:
    lines = [
        paragraph(f"{each['entry']}: {why}", hanging=4)
        for each in queue["entries"]
        if (why := why_text(each))
    ]
    return ["\n".join(lines)] if lines else []


def why_text(entry: QueueEntryFacts) -> str:
    """What it waits for, or how it ended; what was said of it last goes before what holds of all."""
    waits = entry["waits_for"]
    if waits is None or (entry["detail"] and waits.passes):
        return entry["detail"]
    return waits.sentence
