"""Running now, at every place: one row a run with what it does and costs, and the sums; kept up to date."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nicegui import ui

from launcher.services.live.fleet import Fleet, LiveRow, fleet_of
from launcher.ui.frame import Shell
from launcher.ui.widgets.elements import Text, attributes, box, card
from launcher.ui.widgets.run_state import phase_titles, state_text
from pod_image.contract.figures import counted, dollars, duration

LOOK_SECONDS = 2.0
UNTOLD = "–"
_COLUMNS = (
    ("Run", ""),
    ("Place", ""),
    ("GPU", ""),
    ("State", ""),
    ("Steps", "number"),
    ("Time left", "number"),
    ("Speed", "number"),
    ("GPU use", "number"),
    ("A minute", "number"),
    ("So far", "number"),
    ("Cap", "number"),
)


class Living:
    """Nothing is drawn while no run lives.

    A row is one element, not a dozen: a hundred of them change every two seconds.
    """

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._rows: dict[str, ui.html] = {}
        with card("Running now") as self._card:
            table = box("div", "table-box living-table", tabindex="0", role="region")
            attributes(table, aria_label="Running now")
            with table, box("table"):
                Text("caption", "Running now", "sr-only")
                with box("thead"), box("tr"):
                    for title, classes in _COLUMNS:
                        attributes(Text("th", title, classes), scope="col")
                self._body = box("tbody")
                with box("tfoot"):
                    self._sums = _row_element()
        self._look()
        ui.timer(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        fleet = fleet_of(self._shell.site.live, self._shell.site.clock.now())
        self._card.set_visibility(bool(fleet.rows))
        nonces = [row.run.nonce for row in fleet.rows]
        if nonces != [*self._rows]:
            self._body.clear()
            with self._body:
                self._rows = {nonce: _row_element() for nonce in nonces}
        for row in fleet.rows:
            _show(self._rows[row.run.nonce], _cells(row))
        _show(self._sums, _sums(fleet))


def _row_element() -> ui.html:
    return ui.html("", sanitize=False, tag="tr")


def _show(element: ui.html, cells: Sequence[str]) -> None:
    """`cells` are escaped. What is the same is not sent again."""
    html = "".join(
        f'<td class="{classes}">{cell}</td>'
        for cell, (_, classes) in zip(cells, _COLUMNS, strict=True)
    )
    if element.content != html:
        element.content = html


def _cells(row: LiveRow) -> list[str]:
    run = row.run
    name = f'<a class="run-title" href="/runs/{escape(run.nonce)}">{escape(run.title)}</a>'
    if row.problem:
        name += f'<p class="hint">{escape(row.problem)}</p>'
    speed, use = row.steps_per_second, row.gpu_use_percent
    texts = [
        row.place,
        run.gpu_name or UNTOLD,
        _state(row),
        _steps(row),
        duration(row.seconds_left, unknown=UNTOLD),
        f"{speed:.2f}/s" if speed else UNTOLD,
        f"{use:.0f}%" if use is not None else UNTOLD,
        dollars(row.cost_per_minute_usd, finest_usd=0.0001),
        dollars(row.cost_usd),
        dollars(row.cap_usd),
    ]
    return [name, *map(escape, texts)]


def _sums(fleet: Fleet) -> list[str]:
    money = [
        dollars(fleet.cost_per_minute_usd, finest_usd=0.0001),
        dollars(fleet.cost_usd),
        dollars(fleet.cap_usd),
    ]
    said = f"All, {counted(len(fleet.rows), 'run')}"
    return [said, *[""] * (len(_COLUMNS) - 1 - len(money)), *money]


def _state(row: LiveRow) -> str:
    if row.phase is None:
        return state_text(row.run)[0]
    return phase_titles(row.run).get(row.phase, row.phase.value)


def _steps(row: LiveRow) -> str:
    if row.step is None:
        return UNTOLD
    return f"{row.step:,} of {row.total_steps:,}" if row.total_steps else f"{row.step:,}"
