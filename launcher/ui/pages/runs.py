"""Runs: the history, with receipts, a filter, the month's total; comparing and deleting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from nicegui import ui

from launcher.domain.run import Run, RunState
from launcher.domain.run_address import run_address
from launcher.errors import InvalidRequest, LauncherError
from launcher.services.following.look_around import LookedAround, attach, look_around
from launcher.services.following.receipts import costs
from launcher.ui.frame import Shell, page, show_error
from launcher.ui.next_steps import on_page
from launcher.ui.state.rented_row import rented
from launcher.ui.state.site import Site
from launcher.ui.text import when
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import (
    Button,
    Text,
    attributes,
    box,
    button,
    button_link,
    card,
    empty_state,
    facts,
    hint,
    link,
    para,
    say,
    table,
)
from launcher.ui.widgets.inputs import Field, options
from launcher.ui.widgets.run_state import state_badge, state_text
from pod_image.contract.figures import counted, dollars, duration

FILTERS = {"": "All", "live": "Going on", "good": "Results delivered", "bad": "Ended otherwise"}


def register(site: Site) -> None:
    page(site, "/runs", "Runs", _build, lead="Every training run this computer knows of.")


async def _build(shell: Shell) -> None:
    _RunsPage(shell).draw()


def matches(run: Run, search: str, kind: str) -> bool:
    """Whether a run is of that kind and holds every word of the search."""
    is_good = run.end_reason is not None and run.end_reason.is_success
    if kind == "live" and run.state is RunState.ENDED:
        return False
    if kind == "good" and not is_good:
        return False
    if kind == "bad" and (run.state is not RunState.ENDED or is_good):
        return False
    text = " ".join(
        (run.run_id, run.results_repo, run.preset, run.gpu_name, state_text(run)[0])
    ).casefold()
    return all(word in text for word in search.casefold().split())


def of_month(runs: list[Run], now: datetime) -> list[Run]:
    """The runs that were planned in the month of `now`, on this computer's calendar."""
    here = now.astimezone()
    return [
        run
        for run in runs
        if (at := run.planned_at.astimezone()).year == here.year and at.month == here.month
    ]


def cost_text(run: Run, now: datetime) -> str:
    """What is billed, else what was metered; of a run that goes on what it has cost by now."""
    if run.billed_usd is not None:
        return dollars(run.billed_usd)
    if run.state is RunState.ENDED:
        return dollars(run.cost_usd)
    if run.is_from_repo:
        return f"{dollars(run.cost_usd)} so far" if run.cost_usd is not None else "–"
    return f"{dollars(rented(run, now, is_watched=True).cost_usd)} so far" if run.pod_id else "–"


class _RunsPage:
    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._search, self._kind = "", ""
        self._picked: list[str] = []
        self._doomed: Run | None = None

    def draw(self) -> None:
        runs = self._shell.site.history.runs()
        if not runs:
            with empty_state("No run yet", "A first try takes a few minutes and some cents."):
                button_link("Train a voice", "/train", primary=True, symbol="train")
            self._elsewhere()
            return
        self._totals(runs)
        with box("div", "row tools"):
            Field(
                "runs-search", "Search", on_commit=self._set_search, placeholder="name, repo, GPU…"
            )
            Field(
                "runs-kind",
                "Show",
                kind="select",
                value="",
                options=options(FILTERS),
                on_commit=self._set_kind,
            )
            self._compare = Button("Compare the two", self._go_compare, symbol="compare")
        self._count = hint("")
        self._place = box("div")
        self._elsewhere()
        self._dialog()
        self._redraw()

    def _elsewhere(self) -> None:
        with card("A run from another computer"):
            hint(
                "By its results repo, OWNER/NAME or OWNER/NAME/run-01, or the address of its page on Hugging Face. A "
                "public repo needs no key."
            )
            with box("div", "row tools"):
                self._address = Field(
                    "attach-address", "Repo or run", placeholder="me/voice/run-01"
                )
                button("Show it here", self._attach, symbol="plus").mark("attach")
                button("Look for runs of mine", self._look_around, symbol="refresh").mark("look")
            self._said = box("div")

    async def _attach(self) -> None:
        typed = str(self._address.value or "")
        address = run_address(typed, self._shell.site.config.hub_url)
        self._said.clear()
        try:
            if address is None:
                raise InvalidRequest(
                    "That names no results repo.", hint="Write OWNER/NAME or OWNER/NAME/run-01."
                )
            session = await self._shell.session()
            found = await attach(session.bench, address)
        except LauncherError as error:
            with self._said:
                show_error(error)
            return
        ui.navigate.to(f"/runs/{found[0].nonce}" if len(found) == 1 else "/runs")

    async def _look_around(self) -> None:
        self._said.clear()
        session = await self._shell.session()
        try:
            looked = await look_around(session.bench)
        except LauncherError as error:
            looked = LookedAround(troubles=(error.message,))
        if not looked.troubles:
            ui.navigate.to("/runs")
            return
        with self._said:
            for trouble in looked.troubles:
                say("warning", on_page(trouble))

    def _totals(self, runs: list[Run]) -> None:
        now = self._shell.site.clock.now()
        month, all_time = costs(of_month(runs, now)), costs(runs)
        with card():
            facts(
                [
                    ("This month", f"{dollars(month.metered_usd)}, {counted(month.runs, 'run')}"),
                    ("In all", f"{dollars(all_time.metered_usd)}, {counted(all_time.runs, 'run')}"),
                    ("Billed so far", dollars(all_time.billed_usd)),
                    ("Not billed yet", counted(all_time.unbilled_runs, "run")),
                ]
            )

    def _set_search(self, text: object) -> None:
        self._search = str(text or "")
        self._redraw()

    def _set_kind(self, kind: object) -> None:
        self._kind = str(kind or "")
        self._redraw()

    def _redraw(self) -> None:
        runs = [
            run for run in self._shell.site.history.runs() if matches(run, self._search, self._kind)
        ]
        self._count.text = counted(len(runs), "run")
        self._lock_compare()
        self._place.clear()
        with self._place:
            columns = ("", "Run", "State", "Started", "Preset", "GPU", "Time", "Cost", "")
            with table("Runs", columns, numeric=(6, 7)):
                for run in runs:
                    self._row(run)

    def _row(self, run: Run) -> None:
        now = self._shell.site.clock.now()
        with box("tr"):
            with box("td"):
                tick = box("input", type="checkbox", aria_label=f"Compare {run.run_id}")
                attributes(tick, checked="" if run.nonce in self._picked else None)
                tick.mark(f"pick-{run.nonce}")
                tick.on(
                    "change",
                    self._picker(run.nonce),
                    js_handler="(e) => emit(e.target.checked)",
                )
            with box("td"):
                link(run.run_id, f"/runs/{run.nonce}")
                hint(run.results_repo)
            with box("td"):
                state_badge(run)
            Text("td", when(run.planned_at, now))
            Text("td", run.preset or "none")
            Text("td", run.gpu_name)
            Text("td", duration(self._seconds(run)) if run.created_at else "–", "number")
            Text("td", cost_text(run, now), "number")
            with box("td"), box("div", "row"):
                button_link("Again", f"/train?again={run.nonce}").props["aria-label"] = (
                    f"Train {run.run_id} again"
                )
                remove = Button("Delete", self._asker(run), kind="quiet", symbol="trash")
                remove.props["aria-label"] = f"Delete {run.run_id} from the history"
                if run.state is not RunState.ENDED and not run.is_from_repo:
                    remove.lock("The run still goes on.")

    def _picker(self, nonce: str) -> Callable[[object], None]:
        def take(event: object) -> None:
            is_on = bool(getattr(event, "args", False))
            self._picked = [one for one in self._picked if one != nonce] + [nonce] * is_on
            self._lock_compare()

        return take

    def _lock_compare(self) -> None:
        ready = len(self._picked) == 2
        self._compare.lock(None if ready else "Tick two runs in the list first.")

    def _go_compare(self) -> None:
        ui.navigate.to(f"/compare?a={self._picked[0]}&b={self._picked[1]}")

    def _dialog(self) -> None:
        self._delete_dialog = Dialog("Delete this run from the history?")
        with self._delete_dialog.body:
            self._delete_text = para("")
        with self._delete_dialog.actions:
            button("Keep it", self._delete_dialog.hide)
            button("Delete the record", self._delete, kind="danger")

    def _asker(self, run: Run) -> Callable[[], None]:
        def ask() -> None:
            self._doomed = run
            self._delete_text.text = (
                f"{run.run_id} and its curves are forgotten on this computer. What it delivered to "
                f"{run.results_repo} stays there."
            )
            self._delete_dialog.show()

        return ask

    def _delete(self) -> None:
        if self._doomed is not None:
            self._shell.site.live.forget(self._doomed)
            self._shell.announce(f"{self._doomed.run_id} is deleted from the history.")
        self._delete_dialog.hide()
        self._redraw()

    def _seconds(self, run: Run) -> float | None:
        if run.created_at is None:
            return None
        return ((run.ended_at or self._shell.site.clock.now()) - run.created_at).total_seconds()
