"""Runs as lines below each other, the same from every command that lists them."""

from __future__ import annotations

from launcher.cli.terminal.command_line import name_of
from launcher.cli.terminal.layout import lasted, table, usd
from launcher.cli.terminal.run_time import lasted_seconds
from launcher.domain.delivery import missing_text
from launcher.domain.run import Run

_WIDEST_LABEL = 24
"""`launcher label RUN` says all of it."""


def runs_table(found: list[Run], tag: str = "") -> str:
    """What there is to see of them at a glance; names and tags where any has some."""
    if not found and tag:
        return f"No run has the tag {tag}. `launcher label RUN --tag {tag}` gives it to one."
    if not found:
        start = "`launcher deploy` starts one"
        return (
            f"No runs yet. {start}, and `launcher runs --refresh` finds those of other computers."
        )
    head = ["RUN", "STATE", "GPU", "TIME", "COST", "STARTED", "RESULTS"]
    rows = [
        [
            name_of(run),
            _state(run),
            run.gpu_name or "-",
            lasted(lasted_seconds(run)),
            usd(run.known_cost_usd),
            run.planned_at.astimezone().strftime("%d %b %H:%M"),
            run.results_repo,
        ]
        for run in found
    ]
    labelled = [
        (title, [_short(text) for text in texts])
        for title, texts in (
            ("NAME", [run.labels.name for run in found]),
            ("TAGS", [", ".join(run.labels.tags) for run in found]),
        )
        if any(texts)
    ]
    for title, texts in reversed(labelled):
        head.insert(1, title)
        for row, text in zip(rows, texts, strict=True):
            row.insert(1, text)
    return table(head, rows, right=(len(labelled) + 3, len(labelled) + 4))


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST_LABEL else f"{text[: _WIDEST_LABEL - 1]}…"


def _state(run: Run) -> str:
    state = run.end_reason.value if run.end_reason else run.state.value
    return ", ".join(part for part in (state, missing_text(run.not_delivered)) if part)
