"""The table of GPUs on the Train page: those that fit by total cost, the others folded away with the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import background_tasks, context

from launcher.domain.choice import matches
from launcher.domain.offer import Stock
from launcher.domain.plan import DatasetSummary
from launcher.domain.run import Run
from launcher.errors import LauncherError
from launcher.providers.place import Place
from launcher.services.common.places import place_of
from launcher.ui.frame import Shell
from launcher.ui.next_steps import on_page
from launcher.ui.pages.train.form import Choice
from launcher.ui.pages.train.pricing import GpuRow, gpu_rows
from launcher.ui.state.offers import Prices
from launcher.ui.text import per_hour, when
from launcher.ui.widgets.elements import (
    Text,
    attributes,
    badge,
    box,
    button,
    button_link,
    details,
    hint,
    notice,
    table,
    waiting,
)
from pod_image.contract.figures import dollars, roughly
from pod_image.contract.settings import RunSettings

ROWS_SHOWN = 6
STOCK_TONES = {
    Stock.HIGH: "good",
    Stock.MEDIUM: "plain",
    Stock.NOT_TOLD: "plain",
    Stock.LOW: "warning",
    Stock.NONE: "bad",
}


def _market_of(settings: RunSettings) -> tuple[str, int]:
    """What prices depend on: the place and the number of GPUs."""
    return place_of(settings).name, settings.gpu_count


class GpuTable:
    """Choosing a line sets the GPU types of the choice; "cheapest that fits" leaves them empty."""

    def __init__(
        self,
        shell: Shell,
        choice: Choice,
        changed: Callable[[], None],
        priced: Callable[[], None],
    ) -> None:
        """`changed`: another GPU was chosen; `priced`: there are new prices."""
        self._shell, self._choice, self._changed, self._priced = shell, choice, changed, priced
        self._market = shell.site.market
        self._error: LauncherError | None = None
        self._asking = False
        self._asked_for: tuple[str, int] | None = None
        """Place and number of GPUs."""
        self._place = box("div", "stack-small").mark("gpus")
        self._drawn: object = None
        self._figures: list[tuple[Text, Text]] = []

    def _ask_beside(self, *, anew: bool = False) -> None:
        """Ask for prices in the background; `priced` is called when there are new ones."""
        self._asking = True
        self._asked_for = _market_of(self._choice.composed.settings)
        work = self._ask(anew)
        background_tasks.create(work, context=context.client)

    def refresh(
        self, settings: RunSettings, dataset: DatasetSummary | None, history: Sequence[Run]
    ) -> None:
        prices = self._market.known_prices(*_market_of(settings))
        if _market_of(settings) != self._asked_for:
            self._error = None
            self._ask_beside()
        rows = gpu_rows(settings, dataset, prices.offers, history) if prices else []
        shape = (
            prices and prices.at,
            self._error,
            self._asking and prices is None,
            tuple(settings.gpu_types),
            [(row.offer, row.blocked, row.is_recommended) for row in rows],
        )
        if shape == self._drawn:
            self._update(rows)
        else:
            self._drawn = shape
            self._redraw(prices, rows, settings.gpu_types)

    def _update(self, rows: list[GpuRow]) -> None:
        """Times and totals alone, in the lines that are there: a table drawn anew takes a tenth of a second."""
        fitting = [row for row in rows if not row.blocked]
        for (hours, total), row in zip(self._figures, fitting, strict=True):
            hours.text, total.text = _figures(row)

    def _redraw(self, prices: Prices | None, rows: list[GpuRow], wanted: Sequence[str]) -> None:
        self._place.clear()
        self._figures.clear()
        with self._place:
            if self._error is not None:
                self._show_error(self._error)
            if prices is not None:
                self._draw(prices, rows, wanted)
            elif self._error is None:
                asking = f"Asking {self._where.title} for prices…"
                waiting(asking if self._asking else "No prices yet", rows=3)

    @property
    def _where(self) -> Place:
        return place_of(self._choice.composed.settings)

    async def _ask(self, anew: bool) -> None:
        session = await self._shell.session()
        settings = self._choice.composed.settings
        try:
            bench = session.bench.at(place_of(settings).name)
            await self._market.prices(bench, settings.gpu_count, anew=anew)
            self._error = None
        except LauncherError as error:
            self._error = error
        finally:
            self._asking = False
        self._priced()

    def _show_error(self, error: LauncherError) -> None:
        site = self._shell.site
        if not site.can_rent(self._shell.tab, self._where):
            title = self._where.title
            with notice(
                "note", f"Prices need the {title} key", f"{title} shows prices only to its users."
            ):
                button_link("Enter the key", "/keys", symbol="key")
            return
        with notice("bad", on_page(error.message), on_page(error.hint)):
            button("Try again", self._again, symbol="refresh")

    def _again(self) -> None:
        self._ask_beside(anew=True)

    def _draw(self, prices: Prices, rows: list[GpuRow], wanted: Sequence[str]) -> None:
        fitting = [row for row in rows if not row.blocked]
        blocked = [row for row in rows if row.blocked]
        now = self._shell.site.clock.now()
        with box("div", "row spread"):
            hint(f"Prices of {self._where.title}, {when(prices.at, now)}.")
            button("Refresh", self._again, kind="quiet", symbol="refresh")
        if fitting:
            self._table(fitting[:ROWS_SHOWN], "Available GPUs", wanted, is_first=True)
        else:
            with notice("warning", "No GPU fits now", "See the reasons below."):
                button("Refresh", self._again, symbol="refresh")
        if fitting[ROWS_SHOWN:]:
            with details(f"{len(fitting) - ROWS_SHOWN} more that fit"):
                self._table(fitting[ROWS_SHOWN:], "More Available GPUs", wanted)
        if blocked:
            with details(f"{len(blocked)} that do not fit or are not available"):
                self._blocked_table(blocked)

    def _table(
        self, rows: list[GpuRow], caption: str, wanted: Sequence[str], *, is_first: bool = False
    ) -> None:
        columns = ("GPU", "Memory", "Price", "Time", "Total", "Free", "Tier")
        with table(caption, columns, numeric=(1, 2, 3, 4)):
            if is_first:
                self._cheapest_row(len(columns), chosen=not wanted)
            for row in rows:
                self._row(row, wanted)

    def _cheapest_row(self, columns: int, *, chosen: bool) -> None:
        with (
            box("tr", "picked" if chosen else ""),
            box("td", colspan=str(columns)),
            box("label", "row"),
        ):
            self._radio("", chosen)
            Text("strong", "The cheapest one that fits")

    def _row(self, row: GpuRow, wanted: Sequence[str]) -> None:
        offer = row.offer
        chosen = any(matches(name, offer) for name in wanted)
        with box("tr", "picked" if chosen else ""):
            with box("td"), box("label", "row"):
                self._radio(offer.gpu_name, chosen, f"{offer.gpu_name} {offer.cloud}")
                Text("span", offer.gpu_name)
                if row.is_recommended:
                    badge("cheapest", "live")
            Text("td", f"{offer.memory_gb} GB", "number")
            Text("td", per_hour(offer.price_per_hour_usd), "number")
            hours, total = _figures(row)
            self._figures.append((Text("td", hours, "number"), Text("td", total, "number")))
            with box("td"):
                badge(offer.stock.text, STOCK_TONES[offer.stock])
            Text("td", offer.cloud.value)

    def _radio(self, gpu: str, chosen: bool, name: str = "The cheapest that fits") -> None:
        radio = box("input", type="radio", name="gpu", value=name, aria_label=name)
        attributes(radio, checked="" if chosen else None)
        radio.mark(f"gpu-{gpu or 'cheapest'}")
        radio.on("change", lambda: self._take(gpu))

    def _take(self, gpu: str) -> None:
        self._choice.put("gpu_types", [gpu] if gpu else [])
        self._changed()

    def _blocked_table(self, rows: list[GpuRow]) -> None:
        with table("GPUs that do not fit", ("GPU", "Tier", "Price", "Why not"), numeric=(2,)):
            for row in rows:
                with box("tr"):
                    Text("td", row.offer.gpu_name)
                    Text("td", row.offer.cloud.value)
                    Text("td", per_hour(row.offer.price_per_hour_usd), "number")
                    Text("td", row.blocked)


def _figures(row: GpuRow) -> tuple[str, str]:
    """Time and total of a line, in words."""
    return (
        roughly(row.hours) if row.hours else "–",
        dollars(row.total_usd) if row.total_usd is not None else "–",
    )
