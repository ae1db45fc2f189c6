"""A time limit around transfers by hf_xet, which have stalled for ever on some hosts."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Stalled(Exception):
    """A xet transfer did not end within its time."""


def within(seconds: float, transfer: Callable[[], None], name: str) -> None:
    """Run a transfer in a thread of its own for at most `seconds` of real time.

    Raises what the transfer raised, or Stalled. A stalled transfer is told to end; should it not
    listen, its thread is left behind: it holds no lock of ours and never commits anything. Real
    time, because it is hf_xet's own threads that are watched.
    """
    failures: list[BaseException] = []

    def run() -> None:
        try:
            transfer()
        except BaseException as exc:
            failures.append(exc)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        from huggingface_hub.utils._xet import abort_xet_session

        abort_xet_session()  # type: ignore[no-untyped-call]
        raise Stalled(f"{name} did not end within {seconds:.0f} s")
    if failures:
        raise failures[0]
