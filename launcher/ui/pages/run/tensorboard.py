"""The page that a run's TensorBoard button opens: it brings the event files, starts TensorBoard, and goes there."""

from __future__ import annotations

import json

from nicegui import ui

from launcher.errors import LauncherError
from launcher.services.common.workbench import Workbench
from launcher.ui.frame import Shell, show_error
from launcher.ui.next_steps import on_page
from launcher.ui.widgets.elements import (
    box,
    button_link,
    empty_state,
    hint,
    link,
    waiting,
)


async def open_tensorboard(shell: Shell, nonce: str) -> None:
    """In a separate tab, which holds no keys: whoever may read results in this program reads them here."""
    run = shell.site.history.by_nonce(nonce)
    if run is None:
        with empty_state("No such run", "It may have been deleted from the history."):
            button_link("All runs", "/runs", primary=True)
        return
    shell.title(f"TensorBoard on {run.run_id}")
    place = box("div", "stack")
    with place:
        waiting("Bringing the run's event files, and starting TensorBoard on them…")
        hint(
            "Each file is checked. TensorBoard reads this copy and nothing else, in a process of its own, and ends "
            "with this program."
        )
    own = await shell.session()

    def bench_now() -> Workbench | None:
        reader = shell.site.sessions.any_reader
        return reader.bench if reader is not None else None

    bench = own.bench if own.keys.hf_upload is not None else bench_now() or own.bench
    try:
        url = await shell.site.tensorboards.open(bench, run, bench_now)
    except LauncherError as error:
        place.clear()
        with place:
            show_error(error)
            button_link(f"Back to {run.run_id}", f"/runs/{run.nonce}", symbol="runs")
        shell.announce(on_page(error.message))
        return
    place.clear()
    with place:
        link(f"TensorBoard on {run.run_id}", url, "btn btn-primary")
    # In place of this page: going back from TensorBoard does not start it anew.
    ui.run_javascript(f"window.location.replace({json.dumps(url)})")
