"""The run that is set up on the Train page, into the queue: checked, its highest cost shown, and kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from launcher.domain.queued import MOST_TRIES, MOST_TRIES_ALLOWED
from launcher.errors import LauncherError
from launcher.services.queue.adding import Added, HowToQueue, add
from launcher.services.queue.queued_run import QueuedRun
from launcher.ui.frame import Shell, show_error
from launcher.ui.next_steps import on_page
from launcher.ui.set_up_run import run_set_up
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Button, box, button, details, link, para, say, waiting
from launcher.ui.widgets.inputs import Field
from launcher.ui.widgets.typed_numbers import number, whole
from pod_image.contract.figures import dollars


class AddDialog:
    """`added` hears of each entry that was added."""

    def __init__(self, shell: Shell, added: Callable[[], None]) -> None:
        self._shell, self._added = shell, added
        self._dialog = Dialog("Add a run to the queue")
        with self._dialog.body:
            para("This is the run that you have set up on the Train page.")
            link("See or change it on the Train page", "/train")
            self._priority = Field(
                "queue-priority", "Priority", kind="number", value="0", hint="Higher ones go first."
            )
            self._price = Field(
                "queue-price",
                "Highest price",
                kind="number",
                unit="dollars an hour",
                hint="Optional: it waits until a GPU that fits costs no more.",
            )
            with details("If the provider fails", marker="queue-more"):
                self._tries = Field(
                    "queue-tries",
                    "Pods to try",
                    kind="number",
                    value=str(MOST_TRIES),
                    hint="How many pods to try when the provider fails: no machine, a bad host, a lost pod.",
                )
            self._place = box("div")
        with self._dialog.actions:
            button("Close", self._dialog.hide)
            self._go = Button("Check and add", self._add, kind="primary").mark("add")

    def show(self) -> None:
        self._place.clear()
        self._dialog.show()

    async def _add(self) -> None:
        self._go.lock("The check is under way.")
        self._place.clear()
        with self._place:
            waiting("Checking it…", rows=1)
        try:
            added = await self._checked()
        except LauncherError as error:
            self._say(partial(show_error, error))
        else:
            self._say(partial(_told, added))
            self._shell.announce(f"Entry {added.entry.number} waits.")
            self._added()
        finally:
            self._go.lock(None)

    def _say(self, draw: Callable[[], None]) -> None:
        self._place.clear()
        with self._place:
            draw()

    async def _checked(self) -> Added:
        site = self._shell.site
        run = run_set_up(site, self._shell.tab)
        session = await self._shell.session()
        queued = QueuedRun(run.composed, resume=run.draft.resume, forced=run.forced)
        return await add(session.bench, site.queue.store, queued, session.keys, self._how())

    def _how(self) -> HowToQueue:
        return HowToQueue(
            priority=int(number(self._priority.value, "Priority") or 0),
            max_price_usd=number(self._price.value, "Highest price"),
            most_tries=whole(self._tries.value, "Pods to try", MOST_TRIES_ALLOWED) or MOST_TRIES,
        )


def _told(added: Added) -> None:
    entry = added.entry
    place = "next" if added.position == 1 else f"number {added.position} in line"
    most = f"One pod of it costs {dollars(entry.agreed_usd)} at most."
    waits = f" {on_page(added.waits_for)}" if added.waits_for else ""
    say("good", f"Entry {entry.number} waits, {place}", f"{most}{waits}")
