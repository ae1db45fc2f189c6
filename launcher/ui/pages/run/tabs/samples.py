"""What there is to hear and see while it trains: a row for each sentence or name, a column for each step."""

from __future__ import annotations

from collections.abc import Callable

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.errors import LauncherError
from launcher.services.voices.delivered import Voice, use_voice, voices_of_run
from launcher.ui.frame import Shell, show_error
from launcher.ui.pages.run.samples_there import is_there, show_when_there
from launcher.ui.widgets.elements import (
    Text,
    attributes,
    box,
    button,
    card,
    empty_state,
    hint,
    para,
    say,
)
from launcher.ui.widgets.one_sample import player_name
from launcher.ui.widgets.sample_rows import SampleTable, sample_table

STEPS_SHOWN = 6


async def draw(shell: Shell, run: Run, view: RunView) -> Callable[[Run], None]:
    place = box("div", "stack")
    looked_at: list[object] = []
    drawn: list[object] = []
    state = {"all": False}

    def show_all() -> None:
        state["all"] = True
        looked_at.clear()

    def refresh(now: Run) -> None:
        seen = (
            len(view.picture.samples),
            len(view.picture.files),
            len(view.picture.checkpoints),
            now.state,
        )
        if looked_at == [seen]:
            return
        looked_at[:] = [seen]
        table = sample_table(list(view.picture.samples), None if state["all"] else STEPS_SHOWN)
        visible = (table, _parts_there(now, view, table))
        if drawn == [visible]:  # a person may be listening here: nothing is drawn anew in vain
            return
        drawn[:] = [visible]
        place.clear()
        with place:
            _draw(shell, now, view, table, show_all)

    refresh(run)
    return refresh


def _draw(
    shell: Shell, run: Run, view: RunView, table: SampleTable, show_all: Callable[[], None]
) -> None:
    if not table.rows and table.reference is None:
        with empty_state("No samples yet", "The first ones arrive with the first checkpoint."):
            pass
        return
    if table.reference is not None:
        with card("Original recording"):
            if table.reference.body.text:
                para(f"“{table.reference.body.text}”")
            show_when_there(run, view, table.reference, "the original recording")
    if not table.rows:
        return
    is_spoken = _is_spoken(table)
    with card("Sentence" if is_spoken else "Output"):
        hint(
            "Later steps are further to the right."
            + (" Only one recording plays at a time." if is_spoken else "")
        )
        if table.left_out:
            button(f"Show {table.left_out} earlier steps too", show_all, kind="quiet")
        _grid(shell, run, view, table)


def _parts_there(run: Run, view: RunView, table: SampleTable) -> list[object]:
    """Which of the table's recordings can be played, and which of its steps have a checkpoint."""
    shown = [table.reference, *(one for _, cells in table.rows for one in cells.values())]
    kept = {one.step for one in view.picture.checkpoints}
    return [one is not None and is_there(run, view, one) for one in shown] + [
        step for step in table.steps if step in kept
    ]


def _grid(shell: Shell, run: Run, view: RunView, table: SampleTable) -> None:
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
                with box("tr"):
                    Text("td", f"“{text}”" if is_spoken else text)
                    for step in table.steps:
                        with box("td"):
                            sample = cells.get(step)
                            if sample is not None:
                                show_when_there(run, view, sample, f"“{text}” at step {step:,}")
            if not is_spoken:
                return
            with box("tr"):
                Text("td", "All sentences of a step")
                for step in table.steps:
                    with box("td"):
                        _step_buttons(shell, run, view, table, step)


def _step_buttons(shell: Shell, run: Run, view: RunView, table: SampleTable, step: int) -> None:
    names = [
        player_name(run, cells[step])
        for _, cells in table.rows
        if step in cells and is_there(run, view, cells[step])
    ]
    with box("div", "cell-actions"):
        play = button("Play all", kind="quiet", symbol="speak", name=f"Play all at step {step:,}")
        names_js = ", ".join(f'"{name}"' for name in names)
        play.on(
            "click",
            js_handler=f"() => window.launcherPlayers.get('{names[0]}').sequence([{names_js}])"
            if names
            else "() => {}",
        )
        if not names:
            play.lock("They are still being uploaded.")
        if any(one.step == step for one in view.picture.checkpoints):
            _use_button(shell, run, step)


def _use_button(shell: Shell, run: Run, step: int) -> None:
    place = box("div")

    async def use() -> None:
        place.clear()
        session = await shell.session()
        try:
            found: list[Voice] = await voices_of_run(session.bench, run)
            voice = next((one for one in found if one.step == step), None)
            if voice is None:
                with place:
                    say(
                        "note",
                        "This checkpoint has no voice file in the results repo.",
                        "You can hear the final voice under “Try the voice”.",
                    )
                return
            await use_voice(session.bench, run, voice)
        except LauncherError as error:
            with place:
                show_error(error)
            return
        with place:
            say("good", f"Step {step:,} is now the voice of {run.run_id}.")
        shell.announce(f"Step {step} is now the voice of {run.run_id}.")

    button("Use this checkpoint", use, kind="quiet", name=f"Use this checkpoint: step {step:,}")


def _is_spoken(table: SampleTable) -> bool:
    """Recordings can be played in a row; pictures and videos are looked at."""
    return all(
        one.body.media in (None, "audio") for _, cells in table.rows for one in cells.values()
    )
