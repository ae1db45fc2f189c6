"""What `launcher queue add` and `launcher queue run` do."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import typer

from launcher.cli.documents.queue import QueueAdded, QueueStep, entry_facts
from launcher.cli.following import end_on_signals
from launcher.cli.kept_queue import document_of, opened_queue
from launcher.cli.notifying import with_addresses
from launcher.cli.options import Asked
from launcher.cli.request import composed_from
from launcher.cli.session import PLACE_ALONE, find, find_for, run, with_secrets
from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.plan_view import plan_text
from launcher.cli.terminal.queue_view import queue_text, totals_text
from launcher.domain.labels import LabelName
from launcher.domain.queued import EntryState, QueueEntry
from launcher.domain.run import Run
from launcher.errors import Interrupted, InvalidRequest, RunFailed
from launcher.services.common.place_key import need_place_key, place_key
from launcher.services.common.places import place_of
from launcher.services.common.run_secrets import named_secrets
from launcher.services.common.run_tokens import needs_hub
from launcher.services.common.workbench import Workbench
from launcher.services.queue.adding import Added, HowToQueue, add
from launcher.services.queue.queued_run import QueuedRun
from launcher.services.queue.runner import QueueRunner
from launcher.stores.queue import QueueStore
from launcher.stores.secrets import HUB_KEYS, KeyringStore, Keys, find_named
from pod_image.contract.figures import counted, dollars


def add_run(asked: Asked, output: Output, how: HowToQueue, labels: Mapping[LabelName, str]) -> None:
    """Check the run as `deploy` would, and keep it. Raises what `deploy` would raise of it."""
    if asked.notify:
        raise InvalidRequest(
            "Runs of the queue notify only the stored addresses.",
            hint="Keep yours with launcher notify set, or launcher keys set notify.",
        )
    composed = composed_from(asked)
    queued = QueuedRun(
        composed,
        resume=asked.resume,
        forced=asked.forced,
        may_pod_tell=asked.may_pod_tell,
        is_silent=asked.is_silent,
        labels={name: text for name, text in labels.items() if text},
    )
    keys = with_secrets(find_for(composed.settings), composed.settings, is_needed=False)
    keys = with_addresses(keys, (), is_off=queued.is_silent)
    with opened_queue() as store:
        added = run(keys, lambda bench: add(bench, store, queued, keys, how))
        document = _added_document(store, added)
        output.answer(document, lambda: _added_text(added), quiet=str(added.entry.number))


def _added_document(store: QueueStore, added: Added) -> QueueAdded:
    waits = {each["entry"]: each["waits_for"] for each in document_of(store)["entries"]}
    offer = added.plan.offer if added.plan is not None else None
    waits_for = waits.get(added.entry.number)
    shown = {} if waits_for is None else {added.entry.number: waits_for}
    return {
        "schema": "queue.added",
        "version": 1,
        **entry_facts(added.entry, store.tries(), shown),
        "position": added.position,
        "gpu": offer.gpu_name if offer is not None else "",
        "price_per_hour_usd": offer.price_per_hour_usd if offer is not None else None,
    }


def _added_text(added: Added) -> str:
    entry = added.entry
    parts = [plan_text(added.plan)] if added.plan is not None else [in_terminal(added.waits_for)]
    place = "next" if added.position == 1 else f"number {added.position} in line"
    parts.append(
        f"Entry {entry.number} waits, {place}. One pod of it costs {dollars(entry.agreed_usd)} at most.\n"
        f"  Start what waits: {command_line('queue', 'run')}\n"
        f"  See it: {command_line('queue', 'list')}"
    )
    return "\n\n".join(parts)


@dataclass(frozen=True)
class Agreement:
    """What the person says to `queue run`; None leaves what was said before."""

    budget_usd: float | None = None
    at_most: int | None = None
    counts_from_now: bool = False
    is_agreed: bool = False
    stays: bool = False


def run_queue(output: Output, agreement: Agreement) -> None:
    """Work on the queue until nothing is left to do. Raises RunFailed where a run of it failed meanwhile, Interrupted
    where the person leaves; InvalidRequest without a budget, or where nobody can be asked; typer.Exit on "no".
    """
    with opened_queue() as store:
        _agree(store, agreement, output)
        waiting = [each for each in store.entries() if not each.state.is_over]
        keys = _keys(waiting, stays=agreement.stays)
        end_on_signals()
        over = {each.number for each in store.entries() if each.state.is_over}
        try:
            run(keys, lambda bench: _work(bench, store, keys, output, stays=agreement.stays))
        finally:
            document = document_of(store)
            output.answer(document, lambda: queue_text(document), quiet="")
        _raise_if_failed([each for each in store.entries() if each.number not in over])


def _agree(store: QueueStore, agreement: Agreement, output: Output) -> None:
    """Nothing is kept before the person has said yes."""
    before = store.terms()
    budget = before.budget_usd if agreement.budget_usd is None else agreement.budget_usd
    if budget is None:
        raise InvalidRequest(
            "The queue has no budget yet, so nothing was started.",
            hint="Set the most that all its runs may cost together, in dollars: --budget 10.",
        )
    if not 0 < budget < float("inf"):
        raise InvalidRequest("A budget must be more than 0.", hint="Such as --budget 10.")
    at_most = before.at_most if agreement.at_most is None else agreement.at_most
    waiting = [each for each in store.entries() if each.state is EntryState.WAITING]
    if not agreement.is_agreed and (waiting or agreement.stays):
        if not sys.stdin.isatty():
            raise InvalidRequest(
                "Nothing was started, because there is no terminal to ask for confirmation.",
                hint="Add --yes to start without being asked; launcher queue list shows what waits.",
            )
        most = sum(each.agreed_usd for each in waiting)
        question = (
            f"{counted(len(waiting), 'run')} may cost {dollars(most)} together. Start them, for {dollars(budget)} at "
            f"most and at most {counted(at_most, 'pod')} at a time?"
        )
        if not typer.confirm(question, default=False, err=True):
            output.talk("Nothing was started.")
            raise typer.Exit(1)
    if agreement.counts_from_now:
        store.count_from_now()
    store.agree(budget_usd=budget, at_most=at_most)
    output.talk(totals_text(document_of(store)))


def _keys(waiting: list[QueueEntry], *, stays: bool) -> Keys:
    """Those that the entries take, asked for where a person sits; those of any run while it waits for whatever comes,
    and with nothing to do none."""
    if not waiting:
        return find((*PLACE_ALONE, *HUB_KEYS)) if stays else find(optional=HUB_KEYS)
    queued = [each for entry in waiting if (each := _readable(entry)) is not None]
    own = [place_key(place_of(each.settings)) for each in queued]
    tokens = HUB_KEYS if any(needs_hub(each.settings) for each in queued) else ()
    needed = dict.fromkeys(name for name in (*own, *tokens) if name)
    keys = find(tuple(needed), optional=HUB_KEYS, any_place=False)
    for each in queued:
        keys = with_secrets(keys, each.settings, is_needed=True)
    return keys


def _readable(entry: QueueEntry) -> QueuedRun | None:
    try:
        return QueuedRun.read(entry.document)
    except InvalidRequest:
        return None  # its turn says why


async def _work(
    bench: Workbench, store: QueueStore, keys: Keys, output: Output, *, stays: bool
) -> None:
    def keys_of(queued: QueuedRun) -> Keys:
        """With what was added since the command began."""
        need_place_key(keys, place_of(queued.settings))
        found = find_named(keys, named_secrets(queued.settings), os.environ, KeyringStore())
        return with_addresses(found, (), is_off=queued.is_silent)

    def tell(number: int, text: str, told: Run | None) -> None:
        entry = next((each for each in store.entries() if each.number == number), None)
        if entry is None:
            return  # it was removed a moment ago
        run_id = told.run_id if told is not None else entry.run_id
        step: QueueStep = {
            "schema": "queue.step",
            "version": 1,
            "entry": number,
            "state": entry.state,
            "run_id": run_id,
            "detail": text,
        }
        if output.as_json:
            output.event(step)
        else:
            output.talk(f"{number}: {text}")

    runner = QueueRunner(bench, store, keys_of, tell)
    try:
        await runner.work(stays=stays)
    except asyncio.CancelledError as exc:
        raise _left(store) from exc


def _left(store: QueueStore) -> Interrupted:
    live = [each for each in store.entries() if each.state is EntryState.RUNNING]
    runs = counted(len(live), "run of it continues", "runs of it continue")
    goes_on = f"; {runs} without this computer" if live else ""
    return Interrupted(
        f"The queue has stopped{goes_on}. Nothing of it is lost.",
        hint="Continue with launcher queue run; launcher runs shows what is live.",
    )


def _raise_if_failed(over: list[QueueEntry]) -> None:
    failed = [each for each in over if each.state is EntryState.FAILED]
    if failed:
        numbers = ", ".join(str(each.number) for each in failed)
        raise RunFailed(
            f"{counted(len(failed), 'run')} of the queue failed: {numbers}.",
            hint="launcher queue list says why.",
        )
