"""Queue: runs that wait for a GPU, a price, or their turn; what they may cost together; and working on them here."""

from __future__ import annotations

from nicegui import ui

from launcher.domain.queued import MOST_PODS, Account, EntryState, Terms, next_turn
from launcher.errors import InvalidRequest, LauncherError
from launcher.providers.registry import is_known, place_named
from launcher.ui.frame import Shell, page, show_error
from launcher.ui.pages.queue.adding import AddDialog
from launcher.ui.pages.queue.entries import Entries
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import (
    Button,
    box,
    button,
    card,
    empty_state,
    facts,
    hint,
    para,
    say,
)
from launcher.ui.widgets.inputs import Field
from launcher.ui.widgets.typed_numbers import number, whole
from pod_image.contract.figures import counted, dollars

LEAD = "Runs that wait for a GPU, a price, or their turn under one budget."


def register(site: Site) -> None:
    page(site, "/queue", "Queue", _build, lead=LEAD, current="/runs")


async def _build(shell: Shell) -> None:
    _QueuePage(shell).draw()


class _QueuePage:
    def __init__(self, shell: Shell) -> None:
        self._shell, self._queue = shell, shell.site.queue
        self._drawn: object = None
        self._told_trouble = ""

    def draw(self) -> None:
        self._add = AddDialog(self._shell, self._refresh)
        with card("Budget"):
            self._totals = box("div")
            self._terms()
            self._said = box("div")
        with card("Runs"):
            button("Add a run from the Train page…", self._add.show, symbol="plus").mark(
                "queue-add"
            )
            self._place = box("div", "stack-small").mark("queue")
        self._entries = Entries(self._shell, self._place, self._refresh)
        self._refresh()
        with self._shell.client.content:
            ui.timer(1.0, self._refresh)

    def _terms(self) -> None:
        terms = self._queue.store.terms()
        budget = "" if terms.budget_usd is None else f"{terms.budget_usd:g}"
        with box("div", "row tools"):
            self._budget = Field(
                "queue-budget",
                "Budget",
                kind="number",
                value=budget,
                unit="dollars",
            )
            self._at_most = Field(
                "queue-at-most",
                "Pods at a time",
                kind="number",
                value=str(terms.at_most),
            )
            self._go = Button("Start the queue", self._start, kind="primary").mark("queue-start")
            self._pause = Button("Pause", self._toggle_pause).mark("queue-pause")
        hint(
            "The budget is the most that all runs of the queue may cost together. The queue works while this tab is "
            "open. Runs with a pod that can end itself continue without it; the others wait, and nothing is lost."
        )

    async def _start(self) -> None:
        self._said.clear()
        if self._queue.is_working:
            self._queue.stop()
            self._refresh()
            return
        try:
            self._agree()
            session = await self._shell.session()
            self._need_a_key()
            self._queue.start(self._shell.tab, session)
            self._told_trouble = ""
        except LauncherError as error:
            with self._said:
                show_error(error)
        self._refresh()

    def _agree(self) -> None:
        """Raises InvalidRequest for what is no budget, and no number of pods."""
        budget = number(self._budget.value, "Budget")
        at_most = whole(self._at_most.value, "Pods at a time", MOST_PODS)
        if budget is None or not 0 < budget < float("inf"):
            raise InvalidRequest(
                "The queue needs a budget.", hint="Enter the most that all its runs may cost."
            )
        if at_most is None:
            raise InvalidRequest(f"Pods at a time: enter a number from 1 to {MOST_PODS}.")
        self._queue.store.agree(budget_usd=budget, at_most=at_most)

    def _need_a_key(self) -> None:
        """Raises InvalidRequest where nothing that waits could start with the keys of this tab."""
        site, tab = self._shell.site, self._shell.tab
        waiting = [each for each in self._queue.store.entries() if each.state is EntryState.WAITING]
        places = {each.place: place_named(each.place) for each in waiting if is_known(each.place)}
        if not places or any(site.can_rent(tab, place) for place in places.values()):
            return
        titles = ", ".join(place.title for place in places.values())
        raise InvalidRequest(
            f"Nothing that waits can start: there is no key yet for {titles}.",
            hint="Enter it on the Keys page.",
        )

    def _toggle_pause(self) -> None:
        store = self._queue.store
        store.pause(is_paused=not store.terms().is_paused)
        self._refresh()

    def _refresh(self) -> None:
        store, now = self._queue.store, self._shell.site.clock.now()
        entries, tries, terms = store.entries(), store.tries(), store.terms()
        account = Account.of(tries)
        waits = next_turn(entries, terms, account, now).waits
        state = (self._queue.is_working, self._queue.is_finishing, self._queue.trouble)
        shape = (entries, terms, account, dict(waits), state, dict(self._queue.said))
        if shape == self._drawn:
            return
        self._drawn = shape
        self._show_totals(terms, account)
        self._show_state(terms)
        if entries:
            self._entries.show(entries, tries, waits)
            return
        self._place.clear()
        with self._place, empty_state("Nothing waits", "Set a run up on the Train page first."):
            para("Then come back and add it here, as often as you like.")

    def _show_totals(self, terms: Terms, account: Account) -> None:
        left = None if terms.budget_usd is None else max(0.0, terms.budget_usd - account.taken_usd)
        pods = f" for {counted(account.pods, 'pod')}" if account.pods else ""
        self._totals.clear()
        with self._totals:
            facts(
                [
                    ("Spent", dollars(account.spent_usd)),
                    ("Set aside", f"{dollars(account.reserved_usd)}{pods}"),
                    ("Left of the budget", "no budget yet" if left is None else dollars(left)),
                ]
            )

    def _show_state(self, terms: Terms) -> None:
        words = "Start the queue"
        if self._queue.is_working:
            words = (
                "Finishing what is being launched"
                if self._queue.is_finishing
                else "Stop starting runs"
            )
        self._go.label.text = words
        self._go.lock("It ends by itself." if self._queue.is_finishing else None)
        self._pause.label.text = "Resume" if terms.is_paused else "Pause"
        if self._queue.trouble and self._queue.trouble != self._told_trouble:
            self._told_trouble = self._queue.trouble
            self._said.clear()
            with self._said:
                say("bad", "The queue stopped working here", self._queue.trouble)
