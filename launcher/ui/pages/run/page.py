"""One run: how it goes, what it costs, what it sounds like, on one screen; and the ways to end it."""

from __future__ import annotations

from contextlib import suppress

from fastapi import FastAPI
from nicegui import ui

from launcher.domain.run import Run, RunState
from launcher.domain.run_view import RunView
from launcher.errors import LauncherError
from launcher.ui.frame import Shell, in_background, page
from launcher.ui.pages.run.at_address import follow_repo, open_at
from launcher.ui.pages.run.delivered_now import DeliveredNow
from launcher.ui.pages.run.head import RunHead
from launcher.ui.pages.run.live import draw_live
from launcher.ui.pages.run.over import RunOver
from launcher.ui.pages.run.sharing import ShareButton
from launcher.ui.pages.run.tabs import NOW, Refresh, draw_detail, is_detail, tabs_of
from launcher.ui.pages.run.tensorboard import open_tensorboard
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import attributes, box, button_link, empty_state, link
from launcher.ui.widgets.media import register_media
from pod_image.contract.results_address import is_folder


def register(site: Site, outer: FastAPI) -> None:
    register_media(site, outer)
    page(site, "/runs/{nonce}", "Run", _build, current="/runs")
    page(site, "/tensorboard/{nonce}", "TensorBoard", open_tensorboard, current="/runs")
    page(site, "/run/{owner}/{name}/{run_id}", "Run", _at_address, current="/runs")


async def _at_address(shell: Shell, owner: str, name: str, run_id: str) -> None:
    """A run by its results repo, as it is typed everywhere."""
    await open_at(shell, f"{owner}/{name}/{run_id}")


async def _build(shell: Shell, nonce: str, tab: str = NOW, ask: str = "") -> None:
    run = shell.site.history.by_nonce(nonce)
    if run is None:
        with empty_state("This run does not exist", "It may have been deleted from the history."):
            button_link("All runs", "/runs", primary=True)
        return
    shell.title(run.title)
    tab = tab if is_detail(tab) else NOW
    with shell.beside_heading:
        _parts(run, tab)
        ShareButton(shell, run)
    view = await shell.site.live.open_view(run)
    in_background(_catch_up(shell, run), "what others followed")
    follow = await follow_repo(shell, run, view)
    with box("div", "run-page"):
        refresh = await _draw(shell, run, view, tab, ask)

    def look() -> None:
        now = shell.site.history.by_nonce(run.nonce)
        if now is not None:
            follow(now)
            refresh(now)

    ui.timer(0.5, look)


async def _draw(shell: Shell, run: Run, view: RunView, tab: str, ask: str) -> Refresh:
    delivered = DeliveredNow(shell, run)
    over = RunOver(shell, run, view, delivered) if tab == NOW else None
    head = RunHead(shell, run, view)
    if ask == "remove" and run.state is not RunState.ENDED:
        head.actions.ask_remove()
    if over is None:
        below = await draw_detail(shell, run, view, tab)
    else:
        below = draw_live(shell, run, view, delivered)

    def refresh(now: Run) -> None:
        if over is not None:
            over.refresh(now)
        head.refresh(now)
        below(now)

    return refresh


async def _catch_up(shell: Shell, run: Run) -> None:
    """What this program did not follow itself of a run that is over: the terminal, or another computer, did."""
    session = await shell.session()
    may_read = session.keys.hf_upload is not None or is_folder(run.results_repo)
    if run.is_from_repo or run.state is not RunState.ENDED or not may_read:
        return
    with suppress(LauncherError):  # what is known here is shown all the same
        await shell.site.live.complete_view(session.bench, run)


def _parts(run: Run, current: str) -> None:
    with box("nav", "parts", aria_label="Sections of this run"):
        for key, title in tabs_of(run).items():
            anchor = link(title, f"/runs/{run.nonce}?tab={key}")
            attributes(anchor, aria_current="page" if key == current else None)
