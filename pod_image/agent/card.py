"""The model card at the root of the results repo: one section for each run, whoever wrote the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml  # comes with huggingface_hub, without types

from pod_image.contract.paths import ResultsFolder
from pod_image.recipes.base import CardSection

_TITLE = "# Results"
_FRONT = re.compile(r"\A---\s*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_LISTS = ("tags", "language", "datasets", "base_model")
"""Front matter that grows with each run; other keys keep the first value they were given."""


def render_card(present: str | None, run_id: str, section: CardSection) -> str:
    """The card with this run's section in it, new or replaced; all else stays as it was."""
    front, body = split_front_matter(present or "")
    # A comment in a file's name or a command could end the section, or pretend to be another run's.
    markdown = section.markdown.strip().replace("<!--", "<! --")
    front = merged_front_matter(front, section.front_matter)
    body = _with_section(body.strip() or _TITLE, run_id, markdown)
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True) if front else ""
    return f"---\n{head}---\n\n{body}\n" if head else f"{body}\n"


def split_front_matter(card: str) -> tuple[dict[str, Any], str]:
    """The card's metadata and its text. Metadata that cannot be read stays in the text, unharmed."""
    match = _FRONT.match(card)
    if match is None:
        return {}, card
    try:
        front = yaml.safe_load(match.group(1))
    except yaml.YAMLError:
        return {}, card
    if not isinstance(front, dict):
        return {}, card[match.end() :]
    return front, card[match.end() :]


def merged_front_matter(present: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """What stands there, and what this run adds to it."""
    merged = dict(present)
    for key, value in added.items():
        if key in _LISTS and key in merged:
            merged[key] = _union(merged[key], value)
        else:
            merged.setdefault(key, value)
    return merged


def _union(present: Any, added: Any) -> list[Any]:
    return list(dict.fromkeys([*_as_list(present), *_as_list(added)]))


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _with_section(body: str, run_id: str, markdown: str) -> str:
    begin, end = f"<!-- run {run_id} -->", f"<!-- end of {run_id} -->"
    page = f"[Its page]({ResultsFolder(run_id).card}): state, curves, settings, files."
    text = f"{begin}\n## {run_id}\n\n{markdown}\n\n{page}\n{end}"
    present = re.compile(re.escape(begin) + r".*?" + re.escape(end), re.DOTALL)
    if present.search(body):
        return present.sub(lambda _: text, body, count=1)
    return f"{body}\n\n{text}"
