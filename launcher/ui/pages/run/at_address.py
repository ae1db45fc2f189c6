"""A run by its results repo alone, at `/run/OWNER/NAME/RUN`: no account's key is needed, and of a public repo none."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from launcher.domain.run import Run, RunState
from launcher.domain.run_address import RunAddress
from launcher.domain.run_view import RunView
from launcher.errors import LauncherError
from launcher.services.common.observations import EventSeen
from launcher.services.following.attached import read_run
from launcher.services.following.find_run import find_run
from launcher.ui.frame import Shell, show_error
from launcher.ui.widgets.elements import button_link, waiting


async def open_at(shell: Shell, address: str) -> None:
    """Look the run up, and go to its page."""
    waiting("Looking for the run…")
    session = await shell.session()
    try:
        run = await find_run(session.bench, address)
    except LauncherError as error:
        shell.content.clear()
        with shell.content:
            show_error(error)
            button_link("Enter a Hugging Face token", "/keys", symbol="key")
        return
    ui.navigate.to(f"/runs/{run.nonce}")


async def follow_repo(shell: Shell, run: Run, view: RunView) -> Callable[[Run], None]:
    """Bring a run that its repo tells of into its view: once where it is over, else for as long as a page is open.

    What is returned is called again and again. It does nothing for a run that this computer follows by its pod.
    """
    if not run.is_from_repo:
        return lambda _: None
    session, live = await shell.session(), shell.site.live
    if run.state is RunState.ENDED and view.picture.last_seq < run.last_seq:
        try:
            told = await read_run(session.bench, RunAddress(run.results_repo, run.run_id))
        except LauncherError as error:
            show_error(error)
        else:
            for event in told.events if told.run.nonce == run.nonce else ():
                live.feed(run, EventSeen(event))

    def follow(now: Run) -> None:
        if now.state is not RunState.ENDED:
            live.watch_with(session, now)

    follow(run)
    return follow
