"""The table of `docs/scale.md`, made of figures that a simulation has kept and of bounds that stand in the code."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launcher.providers.call_budget import CALLS_A_MINUTE
from launcher.providers.runpod.client import SECONDS_BETWEEN_STREAMS, STREAMS_AT_ONCE
from pod_image.contract.figures import duration
from tests.kit.checkout import ROOT

FIGURES = Path(__file__).with_name("fleet_figures.json")
"""Of the last run of `tests.simulation.fleet` that was kept, and of `tests.bench.fleet` on the same machine."""
PAGE = ROOT / "docs" / "scale.md"
COMMITS_OF_AN_ACCOUNT = 128
"""An hour, by what people report of the Hub."""
SIZES = (10, 1_000, 100_000)
_BLOCK = re.compile(r"(<!-- generated: scale -->\n)(.*?)(<!-- end of generated -->)", re.DOTALL)


def page_is_as_kept() -> bool:
    text = PAGE.read_text("utf-8")
    is_same = with_table(text, kept_figures()) == text
    if not is_same:
        print(
            "docs/scale.md is not what the kept figures say: --write",
            file=sys.stderr,
        )
    return is_same


def keep_figures(figures: Mapping[str, Any]) -> None:
    """Keep them, and write the page by them."""
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    PAGE.write_text(with_table(PAGE.read_text("utf-8"), figures), "utf-8")
    PAGE.write_text(with_table(PAGE.read_text("utf-8"), kept_figures()), "utf-8")


def kept_figures() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FIGURES.read_text("utf-8"))
    return found


def with_table(page: str, figures: Mapping[str, Any]) -> str:
    return _BLOCK.sub(lambda found: f"{found[1]}\n{table(figures)}\n\n{found[3]}", page)


def table(figures: Mapping[str, Any]) -> str:
    """A figure that was reckoned and not measured is set in italics."""
    head = ["", *(f"{size:,} runs" for size in SIZES), "What breaks"]
    rows = [
        ["Calls a minute, at most", *_calls(figures), f"nothing: at {CALLS_A_MINUTE} reads wait"],
        ["Until every log stream is open", *map(_opening, SIZES), "rows stay without figures"],
        ["Processor of the watcher", *_core(figures), "over one core"],
        ["Open streams and files", *_streams(figures), "the limit of open files, often 1,024"],
        ["Commits an hour", *_commits(figures), f"over {COMMITS_OF_AN_ACCOUNT} for an account"],
        ["History", *_history(figures, "megabytes", "MB"), "nothing"],
        ["First page of the Runs page", *_history(figures, "first_page_ms", "ms"), "nothing"],
        ["Reading all that live, each second", *_history(figures, "live_ms", "ms"), "over 1,000"],
        ["Events kept here, an hour", *_journals(figures), "the disk"],
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _calls(figures: Mapping[str, Any]) -> list[str]:
    """Above the largest size that was played nothing is said: lists of many pages do not grow in proportion."""
    played = {each["runs"]: each["most_calls_in_a_minute"] for each in figures["watched"]}
    largest = max(played)
    beyond = f"not played; {played[largest]} at {largest:,}"
    return [str(played.get(size, beyond)) for size in SIZES]


def _opening(size: int) -> str:
    seconds = max(0, size - STREAMS_AT_ONCE) * SECONDS_BETWEEN_STREAMS
    return f"*{duration(seconds)}*" if seconds else "at once"


def _core(figures: Mapping[str, Any]) -> list[str]:
    bench = figures["bench"]
    of_one = bench["core_share"] / bench["runs"]
    return [_reckoned(of_one * size * 100, "% of a core") for size in SIZES]


def _streams(figures: Mapping[str, Any]) -> list[str]:
    bench = figures["bench"]
    beside = bench["file_descriptors"] - bench["runs"]
    return [_reckoned(size + beside) for size in SIZES]


def _commits(figures: Mapping[str, Any]) -> list[str]:
    return [_reckoned(figures["commits_an_hour"] * size) for size in SIZES]


def _journals(figures: Mapping[str, Any]) -> list[str]:
    return [_reckoned(figures["journal_mb_an_hour"] * size, " MB") for size in SIZES]


def _history(figures: Mapping[str, Any], name: str, unit: str) -> list[str]:
    kept = {each["runs"]: each[name] for each in figures["kept"]}
    return [f"{kept[size]:,.1f} {unit}" for size in SIZES]


def _reckoned(value: float, unit: str = "") -> str:
    return f"*{value:,.0f}{unit}*" if value >= 10 else f"*{value:.1f}{unit}*"
