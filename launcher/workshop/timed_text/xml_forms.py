"""ELAN's annotations, TTML and YouTube's XML. Documents that declare entities are refused: they grow without end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from launcher.workshop.timed_text.clock import seconds_of
from launcher.workshop.timed_text.cue import Piece, Tier, TimedTextFault

_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_CLOCK_WITH_FRAMES = re.compile(r"(\d+):(\d+):(\d+):(\d+)(?:\.\d+)?")
_COUNTED = re.compile(r"(\d+(?:\.\d+)?)([ft])")

Element = ElementTree.Element


def parsed(raw: bytes) -> Element:
    """The root of a document. TimedTextFault for one that is damaged or declares entities."""
    if _ENTITY.search(raw):
        raise TimedTextFault("declares entities, which programs that write captions never do")
    try:
        return ElementTree.fromstring(raw)
    except (ElementTree.ParseError, ValueError, LookupError) as exc:
        raise TimedTextFault("is XML that breaks off or is damaged") from exc


def read_elan(root: Element) -> list[Tier]:
    """Tiers in the file's order; annotations without times of their own take their parent's."""
    slots = _slots(root)
    spans: dict[str, tuple[float, float]] = {}
    parents: dict[str, str] = {}
    for each in root.iter("ALIGNABLE_ANNOTATION"):
        start = slots.get(each.get("TIME_SLOT_REF1", ""))
        end = slots.get(each.get("TIME_SLOT_REF2", ""))
        if start is not None and end is not None:
            spans[each.get("ANNOTATION_ID", "")] = (start, end)
    for each in root.iter("REF_ANNOTATION"):
        parents[each.get("ANNOTATION_ID", "")] = each.get("ANNOTATION_REF", "")
    return [
        Tier(
            tier.get("TIER_ID", ""),
            list(_annotations(tier, spans, parents)),
            tier.get("PARENT_REF"),
            tier.get("PARTICIPANT") or None,
        )
        for tier in root.iter("TIER")
    ]


def _annotations(
    tier: Element, spans: dict[str, tuple[float, float]], parents: dict[str, str]
) -> Iterator[Piece]:
    for each in [*tier.iter("ALIGNABLE_ANNOTATION"), *tier.iter("REF_ANNOTATION")]:
        at, seen = each.get("ANNOTATION_ID", ""), 0
        while at not in spans and at in parents and seen < len(parents):
            at, seen = parents[at], seen + 1
        text = each.findtext("ANNOTATION_VALUE") or ""
        if at in spans and text.strip():
            yield Piece(*spans[at], tuple(text.strip().split("\n")))


def _slots(root: Element) -> dict[str, float]:
    """Seconds of each time slot; slots without a time lie evenly between their neighbours, as ELAN shows them."""
    header = root.find("HEADER")
    unit = 1.0 if header is not None and header.get("TIME_UNITS") == "seconds" else 1e-3
    media = header.find("MEDIA_DESCRIPTOR") if header is not None else None
    origin = float(media.get("TIME_ORIGIN") or 0) * 1e-3 if media is not None else 0.0
    named = [
        (each.get("TIME_SLOT_ID", ""), each.get("TIME_VALUE")) for each in root.iter("TIME_SLOT")
    ]
    known = [(number, float(value) * unit) for number, (_, value) in enumerate(named) if value]
    slots: dict[str, float] = {}
    for number, (name, _) in enumerate(named):
        before = next((each for each in reversed(known) if each[0] <= number), None)
        after = next((each for each in known if each[0] >= number), None)
        if before is None or after is None:
            continue
        share = (number - before[0]) / (after[0] - before[0]) if after[0] > before[0] else 0.0
        slots[name] = before[1] + share * (after[1] - before[1]) + origin
    return slots


def read_ttml(root: Element) -> list[Piece]:
    """Paragraphs with their times; those of the elements around them are added, as TTML has it."""
    rates = {key.rpartition("}")[2]: value for key, value in root.attrib.items()}
    frames, ticks = float(rates.get("frameRate", 30)), float(rates.get("tickRate", 0) or 0)
    if multiplier := rates.get("frameRateMultiplier"):
        top, _, bottom = multiplier.replace(":", " ").partition(" ")
        frames *= float(top) / float(bottom or 1)
    clock = _Clock(frames, ticks or frames)
    names = {
        _attribute(each, "id"): "".join(each.itertext()).strip()
        for each in root.iter()
        if _tag(each) == "agent"
    }
    return list(_paragraphs(root, 0.0, clock, names))


class _Clock:
    def __init__(self, frames_per_second: float, ticks_per_second: float) -> None:
        self._frames, self._ticks = frames_per_second, ticks_per_second

    def seconds(self, value: str | None) -> float | None:
        if value is None:
            return None
        if framed := _CLOCK_WITH_FRAMES.fullmatch(value):
            hours, minutes, seconds, frames = map(int, framed.groups())
            return hours * 3600 + minutes * 60 + seconds + frames / self._frames
        if counted := _COUNTED.fullmatch(value):
            rate = self._frames if counted.group(2) == "f" else self._ticks
            return float(counted.group(1)) / rate
        return seconds_of(value)


def _paragraphs(
    element: Element, offset: float, clock: _Clock, names: dict[str, str]
) -> Iterator[Piece]:
    begin = clock.seconds(element.get("begin"))
    start = offset + (begin or 0.0)
    if _tag(element) == "p":
        yield from _paragraph(element, start, offset, clock, names)
        return
    for child in element:
        yield from _paragraphs(child, start, clock, names)


def _paragraph(
    element: Element, start: float, offset: float, clock: _Clock, names: dict[str, str]
) -> Iterator[Piece]:
    end, lasts = clock.seconds(element.get("end")), clock.seconds(element.get("dur"))
    agent = _attribute(element, "agent")
    if end is not None or lasts is not None:
        until = offset + end if end is not None else start + (lasts or 0.0)
        lines = tuple(" ".join(line.split()) for line in _text(element).split("\n"))
        yield Piece(start, until, lines, names.get(agent, agent) or None)
        return
    for span in element:
        if span.get("begin") and _tag(span) == "span":
            yield from _paragraph(
                span, start + (clock.seconds(span.get("begin")) or 0.0), start, clock, names
            )


def _text(element: Element) -> str:
    """What stands in it; a line break of its source is a blank, <br/> is a line break."""
    said = " ".join((element.text or "").split("\n"))
    for child in element:
        if _tag(child) == "br":
            said += "\n"
        elif _tag(child) != "metadata":
            said += _text(child)
        said += " ".join((child.tail or "").split("\n"))
    return said


def read_youtube_xml(root: Element) -> list[Piece]:
    """srv1 (text, start and dur in seconds) and srv3 (p, t and d in milliseconds)."""
    pieces = []
    for each in root.iter():
        said = "".join(each.itertext()).strip()
        is_srv3 = _tag(each) == "p"
        if not said or not (is_srv3 or _tag(each) == "text"):
            continue
        start = seconds_of(each.get("t" if is_srv3 else "start"))
        lasts = seconds_of(each.get("d" if is_srv3 else "dur")) or 0.0
        unit = 1e-3 if is_srv3 or root.get("format") == "2" else 1.0
        if start is not None:
            pieces.append(Piece(start * unit, (start + lasts) * unit, tuple(said.split("\n"))))
    return pieces


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _attribute(element: Element, name: str) -> str:
    return next((v for key, v in element.attrib.items() if key.rpartition("}")[2] == name), "")
