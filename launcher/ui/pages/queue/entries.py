"""The entries of the queue as a table: what each waits for, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nicegui import ui

from launcher.domain.queued import EntryState, QueueEntry, Try, Waits
from launcher.errors import LauncherError
from launcher.ui.frame import Shell, show_error
from launcher.ui.widgets.elements import Text, badge, box, button, link, table
from pod_image.contract.figures import dollars

TONES = {
    EntryState.WAITING: "plain",
    EntryState.STARTING: "live",
    EntryState.RUNNING: "live",
    EntryState.DONE: "good",
    EntryState.FAILED: "bad",
}
_LIVES = {
    EntryState.STARTING: "A program is starting it.",
    EntryState.RUNNING: "Its pod was ready when it was last seen.",
}
"""What is said of one that another program works on."""
COLUMNS = ("No", "Run", "State", "What it waits for, or how it ended", "At most", "Cost", "")


class Entries:
    """`changed` is called after each change."""

    def __init__(self, shell: Shell, place: ui.element, changed: Callable[[], None]) -> None:
        self._shell, self._place, self._changed = shell, place, changed
        self._said: ui.element | None = None

    def show(
        self, entries: Sequence[QueueEntry], tries: Sequence[Try], waits: Mapping[int, Waits]
    ) -> None:
        self._place.clear()
        with self._place:
            self._said = box("div")
            with table("Runs of the queue", COLUMNS, numeric=(0, 4, 5)):
                for entry in entries:
                    own = [each for each in tries if each.entry == entry.number]
                    self._row(entry, own, waits.get(entry.number))

    def _row(self, entry: QueueEntry, tries: Sequence[Try], waits: Waits | None) -> None:
        cost = sum(each.cost_usd or 0.0 for each in tries)
        with box("tr"):
            Text("td", str(entry.number), "number")
            with box("td"):
                self._named(entry, tries)
            with box("td"):
                badge("paused" if entry.is_held else entry.state.value, TONES[entry.state])
            Text("td", why(entry, waits, self._shell.site.queue.said.get(entry.number, "")))
            Text("td", dollars(entry.agreed_usd), "number")
            Text("td", dollars(cost) if cost else "–", "number")
            with box("td"), box("div", "row"):
                self._buttons(entry)

    def _named(self, entry: QueueEntry, tries: Sequence[Try]) -> None:
        document = entry.document
        what = str(document.get("preset") or document.get("settings", {}).get("recipe", ""))
        nonce = next((each.nonce for each in reversed(tries) if each.nonce), "")
        if nonce and self._shell.site.history.by_nonce(nonce) is not None:
            link(entry.run_id or tries[-1].run_id, f"/runs/{nonce}")
        Text("p", f"{what}, {entry.results_repo}", "hint")
        if entry.priority:
            Text("p", f"priority {entry.priority}", "hint")

    def _buttons(self, entry: QueueEntry) -> None:
        number, store = entry.number, self._shell.site.queue.store
        if entry.state is EntryState.WAITING:
            first = self._doing(lambda: store.prioritise(number, entry.priority + 1))
            button("Sooner", first, kind="quiet", name=f"Entry {number} sooner").mark(
                f"sooner-{number}"
            )
            is_held = entry.is_held
            hold = self._doing(lambda: store.pause(number, is_paused=not is_held))
            words = "Resume" if is_held else "Pause"
            button(words, hold, kind="quiet", name=f"{words} entry {number}").mark(f"hold-{number}")
        if not entry.state.is_live:
            remove = self._doing(lambda: store.remove(number))
            button("Remove", remove, kind="quiet", name=f"Remove entry {number}").mark(
                f"remove-{number}"
            )

    def _doing(self, change: Callable[[], object]) -> Callable[[], None]:
        def do() -> None:
            try:
                change()
            except LauncherError as error:
                if self._said is not None:
                    with self._said:
                        show_error(error)
                return
            self._changed()

        return do


def why(entry: QueueEntry, waits: Waits | None, said: str) -> str:
    """What it waits for, or how it ended; what happens to a live one."""
    if entry.state.is_live:
        return said or _LIVES[entry.state]
    if waits is None or (entry.why and waits.passes):
        return entry.why
    return waits.sentence
