"""The newest samples of a run beside those before, and the recording to compare with."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.recipes.base import Shown
from launcher.services.voices.misheard import Misheard
from launcher.ui.pages.run.misheard_words import heard_of, show_misheard
from launcher.ui.pages.run.samples_there import is_there, show_when_there
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import Text, box, button_link, card, heading, hint
from launcher.ui.widgets.sample_rows import SampleTable, sample_table, samples_in
from pod_image.contract.bodies import Sample
from pod_image.contract.events import Stamped
from pod_image.contract.figures import counted

STEPS_SHOWN = 2
"""The one before stays: whoever listens to it when a newer one comes still has it."""
ROWS_SHOWN = 2


class NewestSamples:
    """Drawn anew only when there is another one, or one of them has arrived: a person may be listening here."""

    def __init__(self, site: Site, run: Run, view: RunView, shown: Shown) -> None:
        self._site, self._view, self._shown = site, view, shown
        self._seen: object = None
        self._drawn: object = None
        with card(classes="newest-samples") as self._place:
            with box("div", "row spread"):
                heading(2, "Newest samples")
                self._all = button_link("All samples", f"/runs/{run.nonce}?tab=samples")
            self._rows = box("div", "stack-small")

    def refresh(self, run: Run) -> None:
        picture = self._view.picture
        kept = self._site.heard_samples.of(run.nonce)
        seen = (len(picture.samples), len(picture.files), picture.ended is not None, kept)
        if seen == self._seen:
            return
        self._seen = seen
        table = sample_table(list(picture.samples), STEPS_SHOWN)
        has_any = bool(table.rows) or table.reference is not None
        self._place.set_visibility(has_any or self._shown.has_samples)
        self._all.set_visibility(has_any)
        heard = heard_of(self._site, run, samples_in(table))
        visible = (table, _arrived(run, self._view, table), heard)
        if visible == self._drawn:
            return
        self._drawn = visible
        self._rows.clear()
        with self._rows:
            self._draw(run, table, heard)

    def _draw(self, run: Run, table: SampleTable, heard: Mapping[int, Misheard]) -> None:
        if not table.rows:
            hint(self._nothing_text())
        for text, cells in table.rows[:ROWS_SHOWN]:
            self._row(run, text, cells, table, heard)
        left_out = len(table.rows) - ROWS_SHOWN
        if left_out > 0:
            hint(f"{counted(left_out, 'more')} under All samples.")
        if table.reference is not None:
            with box("div", "sample-row"):
                Text("p", "Original recording", "sample-step")
                if table.reference.body.text:
                    Text("p", f"“{table.reference.body.text}”", "sample-words")
                show_when_there(run, self._view, table.reference, "the original recording")

    def _row(
        self,
        run: Run,
        text: str,
        cells: dict[int, Stamped[Sample]],
        table: SampleTable,
        heard: Mapping[int, Misheard],
    ) -> None:
        is_spoken = all(one.body.media in (None, "audio") for one in cells.values())
        with box("div", "sample-row"):
            Text("p", f"“{text}”" if is_spoken else text, "sample-words")
            with box("div", "sample-pair"):
                for step in reversed(table.steps):
                    if step not in cells:
                        continue
                    with box("div"):
                        Text("p", f"Step {step:,}", "sample-step")
                        show_when_there(run, self._view, cells[step], f"“{text}” at step {step:,}")
                        show_misheard(heard.get(cells[step].seq))

    def _nothing_text(self) -> str:
        if self._view.picture.ended is not None:
            return "This run made none."
        if self._shown.says_what_is_asked:
            return "The first ones come with the first checkpoint, or at once by “Sample now” while it trains."
        return "Sounds and pictures that it makes appear here as soon as they are delivered."


def _arrived(run: Run, view: RunView, table: SampleTable) -> list[bool]:
    shown = [table.reference, *(one for _, cells in table.rows for one in cells.values())]
    return [one is not None and is_there(run, view, one) for one in shown]
