"""What there is to hear and see while it trains: a row for each sentence or name, a column for each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.recipes import recipe_of_run
from launcher.services.voices.misheard import Misheard
from launcher.ui.frame import Shell
from launcher.ui.pages.run.delivered_now import DeliveredNow
from launcher.ui.pages.run.misheard_words import MisheardCard, heard_of, show_misheard
from launcher.ui.pages.run.samples_there import is_there, show_when_there
from launcher.ui.pages.run.use_voice import UseVoice, can_choose_voice
from launcher.ui.widgets.elements import (
    Text,
    attributes,
    box,
    button,
    card,
    empty_state,
    hint,
    para,
)
from launcher.ui.widgets.one_sample import player_name
from launcher.ui.widgets.sample_rows import SampleTable, sample_table, samples_in
from pod_image.contract.bodies import Sample
from pod_image.contract.events import Stamped

STEPS_SHOWN = 6


async def draw(shell: Shell, run: Run, view: RunView) -> Callable[[Run], None]:
    return _Samples(shell, run, view).refresh


class _Samples:
    """The table, and above it the card that has it listened to. Drawn anew only when something of it has changed: a
    person may be listening here.
    """

    def __init__(self, shell: Shell, run: Run, view: RunView) -> None:
        self._shell, self._run, self._view = shell, run, view
        self._delivered = DeliveredNow(shell, run)
        self._use = UseVoice(shell, run, self._delivered)
        self._shows_all = False
        self._looked_at: object = None
        self._drawn: object = None
        result = recipe_of_run(run.settings_json).shown.result
        speaks = result is not None and result.speaks
        self._misheard = MisheardCard(shell, run, self._to_hear) if speaks else None
        self._place = box("div", "stack")
        self.refresh(run)

    def refresh(self, run: Run) -> None:
        self._run = run
        if can_choose_voice(run):
            self._delivered.look_once(run)
        if self._misheard is not None:
            self._misheard.refresh(run)
        picture = self._view.picture
        kept = self._shell.site.heard_samples.of(run.nonce)
        counts = (len(picture.samples), len(picture.files), len(picture.checkpoints))
        seen = (*counts, run.state, kept, self._delivered.step_in_use, self._shows_all)
        if self._looked_at == seen:
            return
        self._looked_at = seen
        table = self._table()
        heard = heard_of(self._shell.site, run, samples_in(table))
        visible = (
            table, _parts_there(run, self._view, table), heard, run.state, self._delivered.step_in_use,
        )  # fmt: skip
        if self._drawn == visible:
            return
        self._drawn = visible
        self._place.clear()
        with self._place:
            self._draw(table, heard)

    def _table(self) -> SampleTable:
        newest = None if self._shows_all else STEPS_SHOWN
        return sample_table(list(self._view.picture.samples), newest)

    def _to_hear(self) -> list[Stamped[Sample]]:
        """Of the samples that are shown, those that can be fetched."""
        return [one for one in samples_in(self._table()) if is_there(self._run, self._view, one)]

    def _show_all(self) -> None:
        self._shows_all = True

    def _draw(self, table: SampleTable, heard: Mapping[int, Misheard]) -> None:
        if not table.rows and table.reference is None:
            with empty_state("No samples yet", "The first ones arrive with the first checkpoint."):
                pass
            return
        if table.reference is not None:
            with card("Original recording"):
                if table.reference.body.text:
                    para(f"“{table.reference.body.text}”")
                show_when_there(self._run, self._view, table.reference, "the original recording")
        if not table.rows:
            return
        is_spoken = _is_spoken(table)
        with card("Sentence" if is_spoken else "Output"):
            hint(
                "Later steps are further to the right."
                + (" Only one recording plays at a time." if is_spoken else "")
            )
            if table.left_out:
                button(f"Show {table.left_out} earlier steps too", self._show_all, kind="quiet")
            self._grid(table, heard)

    def _grid(self, table: SampleTable, heard: Mapping[int, Misheard]) -> None:
        is_spoken = _is_spoken(table)
        caption = "Samples by sentence and step" if is_spoken else "Samples by name and step"
        with (
            box(
                "div",
                "table-box",
                tabindex="0",
                role="region",
                aria_label=caption,
            ),
            box("table"),
        ):
            Text("caption", caption, "sr-only")
            with box("thead"), box("tr"):
                attributes(Text("th", "Sentence" if is_spoken else "Sample"), scope="col")
                for step in table.steps:
                    with box("th", scope="col"):
                        Text("span", f"Step {step:,}")
            with box("tbody"):
                for text, cells in table.rows:
                    self._row(text, cells, table, heard)
                if not is_spoken:
                    return
                with box("tr"):
                    Text("td", "All sentences of a step")
                    for step in table.steps:
                        with box("td"):
                            self._step_buttons(table, step)

    def _row(
        self,
        text: str,
        cells: Mapping[int, Stamped[Sample]],
        table: SampleTable,
        heard: Mapping[int, Misheard],
    ) -> None:
        with box("tr"):
            Text("td", f"“{text}”" if _is_spoken(table) else text)
            for step in table.steps:
                with box("td"):
                    sample = cells.get(step)
                    if sample is not None:
                        show_when_there(self._run, self._view, sample, f"“{text}” at step {step:,}")
                        show_misheard(heard.get(sample.seq))

    def _step_buttons(self, table: SampleTable, step: int) -> None:
        names = [
            player_name(self._run, cells[step])
            for _, cells in table.rows
            if step in cells and is_there(self._run, self._view, cells[step])
        ]
        with box("div", "cell-actions"):
            play = button(
                "Play all", kind="quiet", symbol="speak", name=f"Play all at step {step:,}"
            )
            names_js = ", ".join(f'"{name}"' for name in names)
            play.on(
                "click",
                js_handler=f"() => window.launcherPlayers.get('{names[0]}').sequence([{names_js}])"
                if names
                else "() => {}",
            )
            if not names:
                play.lock("They are still being uploaded.")
            is_kept = any(one.step == step for one in self._view.picture.checkpoints)
            if is_kept and can_choose_voice(self._run):
                self._use.draw(step, words="Use this checkpoint")


def _parts_there(run: Run, view: RunView, table: SampleTable) -> list[object]:
    """Which of the table's recordings can be played, and which of its steps have a checkpoint."""
    shown = [table.reference, *(one for _, cells in table.rows for one in cells.values())]
    kept = {one.step for one in view.picture.checkpoints}
    return [one is not None and is_there(run, view, one) for one in shown] + [
        step for step in table.steps if step in kept
    ]


def _is_spoken(table: SampleTable) -> bool:
    """Recordings can be played in a row; pictures and videos are looked at."""
    return all(
        one.body.media in (None, "audio") for _, cells in table.rows for one in cells.values()
    )
