"""What is known of the chosen dataset, looked at in the background as soon as it is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import background_tasks, context

from launcher.domain.plan import DatasetSummary
from launcher.errors import LauncherError
from launcher.recipes import recipe_of
from launcher.ui.frame import Shell
from launcher.ui.next_steps import on_page
from launcher.ui.widgets.elements import box, hint, notice, para, say, waiting
from pod_image.contract.datasets import ChosenDataset, chosen_datasets
from pod_image.contract.figures import counted, recorded
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.settings import RunSettings

SHOWN = 5


class DatasetNote:
    """`summary` is what is known now; `learned` is called when that has become more."""

    def __init__(self, shell: Shell, learned: Callable[[], None]) -> None:
        self._shell, self._learned = shell, learned
        self._asked: tuple[ChosenDataset, ...] = ()
        self._is_looked_into = True
        self.summary: DatasetSummary | None = None
        self._place = box("div", "stack-small").mark("dataset-note")

    def ask(self, settings: RunSettings) -> bool:
        """Look at the datasets, once for each choice, where the recipe wants that. Whether it is another one."""
        chosen = chosen_datasets(settings)
        is_looked_into = recipe_of(settings).speech_wanted(settings) is not None
        is_other = chosen != self._asked
        if not is_other and is_looked_into == self._is_looked_into:
            return False
        self._asked, self._is_looked_into = chosen, is_looked_into
        known = self._shell.site.market.known_datasets(chosen)
        self.summary = known.summary if known and is_looked_into else None
        self._place.clear()
        with self._place:
            if chosen and is_looked_into:
                waiting("Looking at the dataset…", rows=0)
                background_tasks.create(self._look(chosen), context=context.client)
            elif chosen:
                hint(
                    "The pod gets all files at one commit, unchanged; their content is not checked."
                )
        return is_other

    async def _look(self, chosen: tuple[ChosenDataset, ...]) -> None:
        session = await self._shell.session()
        try:
            seen = await self._shell.site.market.datasets(session.bench, chosen)
        except LauncherError as error:
            if self._is_still_asked(chosen):
                self._place.clear()
                with self._place:
                    say("warning", on_page(error.message), on_page(error.hint))
            return
        if not self._is_still_asked(chosen):
            return
        self.summary = seen.summary
        self._place.clear()
        with self._place:
            _show(seen.summary, [one for one in seen.findings if one.severity is Severity.ERROR])
        self._learned()

    def _is_still_asked(self, chosen: tuple[ChosenDataset, ...]) -> bool:
        return chosen == self._asked and self._is_looked_into


def _show(found: DatasetSummary, errors: Sequence[Finding]) -> None:
    if not errors:
        minutes = f", {recorded(found.minutes)}" if found.minutes else ""
        say("good", f"{found.repo}: {counted(found.clips, 'clip')}{minutes}")
        return
    with notice("bad", f"{found.repo} cannot be used for training yet"):
        for one in errors[:SHOWN]:
            para(on_page(one.message))
        if len(errors) > SHOWN:
            hint(f"And {len(errors) - SHOWN} more.")
        hint("“Check everything” lists them all and lets you ignore known ones.")
