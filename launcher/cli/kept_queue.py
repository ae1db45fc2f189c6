"""The queue of this computer: opened, shown, changed. Needs neither keys nor HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from launcher.cli.documents.queue import Queue, queue_document
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.queue_view import queue_text
from launcher.clock import SystemClock
from launcher.config import read_config
from launcher.stores.queue import QueueStore


@contextmanager
def opened_queue() -> Iterator[QueueStore]:
    """The queue of this computer. Raises NotConfigured where it cannot be opened."""
    config = read_config()
    config.make_folders()
    store = QueueStore(config.queue_path)
    try:
        yield store
    finally:
        store.close()


def document_of(store: QueueStore) -> Queue:
    return queue_document(store.entries(), store.tries(), store.terms(), SystemClock().now())


def changed(output: Output, change: Callable[[QueueStore], object]) -> None:
    """One change of the queue, and how it stands then."""
    with opened_queue() as store:
        change(store)
        document = document_of(store)
    output.answer(document, lambda: queue_text(document), quiet="")
