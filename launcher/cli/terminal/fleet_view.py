"""All that lives as a table: as wide as it is in a pipe, and cut to what fits where a terminal redraws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from launcher.cli.terminal.layout import cells, either, fit, lasted, usd
from launcher.cli.terminal.plain_text import plain_text_line
from launcher.services.live.fleet import Fleet, LiveRow
from pod_image.contract.figures import counted

TOTAL, TOTAL_FOUND = "all", "all found"
BY_PLACE = "*"
_HEAD = (
    "RUN",
    "PROVIDER",
    "GPU",
    "STATE",
    "STEP",
    "LEFT",
    "SPEED",
    "GPU USE",
    "A MINUTE",
    "SO FAR",
    "CAP",
)
_RIGHT = frozenset(("STEP", "LEFT", "SPEED", "GPU USE", "A MINUTE", "SO FAR", "CAP"))
_LEFT_OUT_FIRST = ("PROVIDER", "SPEED", "GPU", "CAP", "GPU USE", "LEFT", "STEP")
"""In a terminal that is too narrow for all."""
_GAP = 2
_WIDEST_NAME = 30


def fleet_text(fleet: Fleet, troubles: Mapping[str, str], looked_at: Sequence[str]) -> str:
    """Everything, uncut."""
    if not fleet.rows:
        return "\n".join([nothing_lives(looked_at), *_notes(fleet, troubles)])
    lines = _lines(_cells(fleet, troubles), _HEAD)
    return "\n".join([*lines, *_notes(fleet, troubles)])


def nothing_lives(looked_at: Sequence[str]) -> str:
    """Of the places that were looked at, and of no other."""
    if not looked_at:
        return "No provider could be checked, so it is not known what is live."
    return f"No run is live on {either(looked_at)}."


def fleet_frame(
    fleet: Fleet,
    troubles: Mapping[str, str],
    looked_at: Sequence[str],
    more: Sequence[str],
    columns: int,
    rows: int,
) -> list[str]:
    """The same for a terminal of that size; `more` are lines that stand at the bottom."""
    below = [*_notes(fleet, troubles), *more]
    if not fleet.rows:
        return _cut([nothing_lives(looked_at), *below], columns, rows)
    table = _cells(fleet, troubles)
    head = [*_HEAD]
    lines = _lines(table, head)
    for name in _LEFT_OUT_FIRST:
        if max(map(cells, lines)) <= columns:
            break
        head.remove(name)
        lines = _lines(table, head)
    room = max(3, rows - len(below))
    if len(lines) > room:
        # The head, as many rows as fit, and the totals.
        hidden = len(lines) - room + 1
        said = f"… and {hidden} more: launcher top --once lists them all"
        lines = [*lines[: room - 2], said, lines[-1]]
    return _cut([*lines, *below], columns, rows)


def left_running(fleet: Fleet, looked_at: Sequence[str]) -> str:
    """What is said when nobody looks any more."""
    rented = [row for row in fleet.rows if row.run.pod_id]
    if not rented:
        return nothing_lives(looked_at)
    continues = "continues" if len(rented) == 1 else "continue"
    watched = [row.run.title for row in rented if row.run.is_cluster]
    alone = "" if watched else " without this computer"
    said = (
        f"{counted(len(rented), 'pod')} {continues}{alone}: {_a_minute(fleet)}, "
        f"{usd(fleet.cost_usd)} so far, never over {usd(fleet.cap_usd)}."
    )
    if not watched:
        return said
    return (
        f"{said} A cluster cannot release itself; the program that started it must keep watching: "
        f"{', '.join(watched)}."
    )


def _notes(fleet: Fleet, troubles: Mapping[str, str]) -> list[str]:
    lines = []
    silent = fleet.silent
    if silent:
        names = ", ".join(row.run.title for row in silent[:5])
        rest = f" and {len(silent) - 5} more" if len(silent) > 5 else ""
        lines.append(f"Not heard from lately, so their figures may be old: {names}{rest}.")
    if any(row.is_measured_by_place for row in fleet.rows):
        lines.append(f"{BY_PLACE} GPU use as the provider measures it.")
    lines += [f"{row.run.title}: {row.problem}" for row in fleet.rows if row.problem]
    lines += [f"{place} could not be checked: {why}" for place, why in troubles.items()]
    return ["", *lines] if lines else []


def _cells(fleet: Fleet, troubles: Mapping[str, str]) -> list[dict[str, str]]:
    total = TOTAL_FOUND if troubles else TOTAL
    return [*(_row(row) for row in fleet.rows), _totals(fleet, total)]


def _row(row: LiveRow) -> dict[str, str]:
    run = row.run
    speed = row.steps_per_second
    return {
        "RUN": fit(plain_text_line(run.title), _WIDEST_NAME),
        "PROVIDER": row.place,
        "GPU": plain_text_line(run.gpu_name) or "-",
        "STATE": state_words(row),
        "STEP": step_words(row),
        "LEFT": lasted(row.seconds_left),
        "SPEED": f"{speed:.2f}/s" if speed else "-",
        "GPU USE": _use(row),
        "A MINUTE": usd(row.cost_per_minute_usd),
        "SO FAR": usd(row.cost_usd),
        "CAP": usd(row.cap_usd),
    }


def _use(row: LiveRow) -> str:
    if row.gpu_use_percent is None:
        return "-"
    return f"{row.gpu_use_percent:.0f}%{BY_PLACE if row.is_measured_by_place else ''}"


def _totals(fleet: Fleet, total: str) -> dict[str, str]:
    figures = {
        "RUN": total,
        "STATE": counted(len(fleet.rows), "run"),
        "A MINUTE": usd(fleet.cost_per_minute_usd),
        "SO FAR": usd(fleet.cost_usd),
        "CAP": usd(fleet.cap_usd),
    }
    return {name: figures.get(name, "") for name in _HEAD}


def state_words(row: LiveRow) -> str:
    """Its phase, once the pod has told one; the state of the run before."""
    return row.phase.value if row.phase is not None else row.run.state.value


def step_words(row: LiveRow) -> str:
    if row.step is None:
        return "-"
    return f"{row.step:,} of {row.total_steps:,}" if row.total_steps else f"{row.step:,}"


def _a_minute(fleet: Fleet) -> str:
    return f"{usd(fleet.cost_per_minute_usd)} a minute"


def _lines(table: Sequence[Mapping[str, str]], head: Sequence[str]) -> list[str]:
    rows = [{name: name for name in head}, *table]
    widths = {name: max(cells(row[name]) for row in rows) for name in head}
    return [(" " * _GAP).join(_padded(row, name, widths) for name in head).rstrip() for row in rows]


def _padded(row: Mapping[str, str], name: str, widths: Mapping[str, int]) -> str:
    gap = " " * (widths[name] - cells(row[name]))
    return gap + row[name] if name in _RIGHT else row[name] + gap


def _cut(lines: Sequence[str], columns: int, rows: int) -> list[str]:
    return [fit(plain_text_line(line), columns) for line in lines[:rows]]
