"""The dataset card: front matter that the Hub reads, and a few sentences for people; keeps what others wrote."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import Any

from pod_image.contract.figures import counted, recorded

BEGIN, END = "<!-- launcher: begin -->", "<!-- launcher: end -->"
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_OURS = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END) + r"\n?", re.DOTALL)
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(frozen=True)
class CardFacts:
    """What the card says. `licence` None leaves what the card has."""

    title: str
    language: str
    licence: str | None
    clips: int
    minutes: float
    speakers: tuple[str, ...]
    sample_rate_hz: int
    shards: bool


def render_card(present: str | None, facts: CardFacts) -> str:
    """The card's text, from the present one (None: absent). Foreign keys and foreign words stay."""
    front, body = _parts(present or "")
    front["language"] = [facts.language.partition("_")[0].lower()]
    if facts.licence is not None:
        front["license"] = facts.licence
    front.setdefault("pretty_name", facts.title)
    front.setdefault("task_categories", ["text-to-speech"])
    front["size_categories"] = [size_category(facts.clips)]
    yaml = importlib.import_module("yaml")
    header = yaml.safe_dump(front, sort_keys=False, allow_unicode=True).strip()
    ours = f"{BEGIN}\n{_text(facts)}\n{END}\n"
    if _OURS.search(body):
        body = _OURS.sub(lambda _: ours, body, count=1)
    else:
        body = f"{body.strip() or f'# {facts.title}'}\n\n{ours}"
    return f"---\n{header}\n---\n\n{body.lstrip()}"


def size_category(clips: int) -> str:
    return next((name for most, name in _SIZES if clips < most), "n>1M")


def _parts(card: str) -> tuple[dict[str, Any], str]:
    match = _FRONT_MATTER.match(card)
    if match is None:
        return {}, card
    yaml = importlib.import_module("yaml")
    try:
        front = yaml.safe_load(match[1])
    except yaml.YAMLError:
        front = None
    return (dict(front) if isinstance(front, dict) else {}), card[match.end() :]


def _text(facts: CardFacts) -> str:
    who = f"{len(facts.speakers)} speakers" if len(facts.speakers) > 1 else "one speaker"
    where = (
        "The clips are in `clips-*.zip`, their texts in `metadata.csv`"
        if facts.shards
        else "The clips are in `wavs/`, their texts in `metadata.csv`"
    )
    columns = "file, speaker and text" if facts.speakers else "file and text"
    return (
        f"{counted(facts.clips, 'clip')} ({recorded(facts.minutes)}) of {who} in {facts.language}, "
        f"{facts.sample_rate_hz:,} Hz mono.\n"
        f"{where}: {columns}, separated by `|`."
    )
