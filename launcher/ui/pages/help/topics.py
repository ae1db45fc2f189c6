"""The help texts: files with headings, as pages with anchors that every "?" can point at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from launcher.forms.fields import FormField, fields

HELP_FOLDER = Path(__file__).parent / "texts"
_HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Topic:
    """One page of help. `text` is Markdown of our own."""

    name: str
    title: str
    text: str

    @property
    def sections(self) -> list[tuple[str, str, str]]:
        """(anchor, heading, text below it), from the second heading on."""
        found = list(_HEADING.finditer(self.text))
        if not found:
            return []
        ends = [match.start() for match in found[1:]] + [len(self.text)]
        return [
            (anchor(match[2]), match[2], self.text[match.end() : end].strip())
            for match, end in zip(found, ends, strict=True)
        ][1:]


def anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", heading.casefold()).strip("-")


@lru_cache(maxsize=1)
def topics() -> dict[str, Topic]:
    """All topics in the order they are read; the settings' one is made from their declarations."""
    found = {}
    for path in sorted(HELP_FOLDER.glob("*.md")):
        text = path.read_text("utf-8")
        name = path.stem.split("-", 1)[1]
        first = _HEADING.search(text)
        found[name] = Topic(name, first[2] if first else name, text)
    found["settings"] = Topic("settings", "Every setting", "")
    return found


def settings_sections() -> list[tuple[str, str, str, str]]:
    """(anchor, label, group, help) of every setting."""
    return [
        (one.name.replace("_", "-"), one.label, group, _setting_text(one))
        for group, members in fields()
        for one in members
    ]


def text_at(topic: str, place: str) -> list[str]:
    """The paragraphs at an anchor of a topic, without Markdown; none where there is no such place."""
    if topic == "settings":
        return [text for at, _, _, text in settings_sections() if at == place]
    found = topics().get(topic)
    texts = [text for at, _, text in found.sections if at == place] if found else []
    return [_plain(part) for text in texts for part in text.split("\n\n")]


def _setting_text(field: FormField) -> str:
    parts = [field.help]
    if field.limits:
        unit = f" {field.unit}" if field.unit else ""
        parts.append(f"Range: {field.limits}{unit}.")
    if field.choices:
        parts.append(f"One of: {', '.join(field.choices)}.")
    default = field.default
    if default not in ("", []):
        shown = "; ".join(default) if isinstance(default, list) else default
        words = f"{shown:.10g}" if isinstance(shown, float) else str(shown)
        parts.append(f"Default: {words.removesuffix('.')}.")
    return " ".join(parts)


@dataclass(frozen=True)
class Hit:
    """A place that answers a search."""

    title: str
    href: str
    excerpt: str


def search(words: str) -> list[Hit]:
    """Sections that hold every word, headings first."""
    wanted = words.casefold().split()
    if not wanted:
        return []
    hits: list[tuple[int, Hit]] = []
    for topic in topics().values():
        for place, heading, text in topic.sections:
            body = f"{topic.title} {heading} {text}".casefold()
            if all(word in body for word in wanted):
                in_heading = all(word in heading.casefold() for word in wanted)
                hit = Hit(
                    f"{topic.title}: {heading}",
                    f"/help?topic={topic.name}#{place}",
                    _excerpt(text, wanted),
                )
                hits.append((0 if in_heading else 1, hit))
    for place, label, group, text in settings_sections():
        if all(word in f"{label} {group} {text}".casefold() for word in wanted):
            in_label = all(word in label.casefold() for word in wanted)
            hits.append(
                (
                    0 if in_label else 2,
                    Hit(f"Setting: {label}", f"/help?topic=settings#{place}", text[:160]),
                )
            )
    return [hit for _, hit in sorted(hits, key=lambda pair: pair[0])]


def _excerpt(text: str, wanted: list[str]) -> str:
    plain = _plain(text)
    at = max(0, plain.casefold().find(wanted[0]) - 60)
    return ("…" if at else "") + " ".join(plain[at : at + 160].split())


def _plain(text: str) -> str:
    return re.sub(r"[*`#>\[\]|]", "", text)
