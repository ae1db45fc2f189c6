"""Paths of the person's computer anywhere in a trainer's settings: of what came along with it, or in the way."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from launcher.recipes.found import Found, listed
from launcher.recipes.local_paths import found_in, is_placed, name_of
from pod_image.contract.brought import CONFIGURATION

_PLACE = f"${{WORK_DIR}}/{CONFIGURATION}/"
_LOCAL = re.compile(r"(?:[/\\~]|\.{1,2}[/\\]|[A-Za-z]:[\\/])")
_FILES = re.compile(
    r".+\.(?:png|jpe?g|webp|bmp|safetensors|pt|pth|ckpt|bin|json|txt|csv|ya?ml)$", re.IGNORECASE
)
_IN_PROMPT = re.compile(r"(--ctrl_img(?:_\d)?\s+)(\S+)")


@dataclass
class LocalFiles:
    """`given`: what came along, by its names. `words`: settings whose values are words for a model, or names."""

    given: Mapping[str, bytes]
    found: Found
    words: Collection[str]
    taken: dict[str, bytes] = field(default_factory=dict)
    """What of it is used, by its names."""
    _left: list[str] = field(default_factory=list)

    def is_local(self, text: str) -> bool:
        """Names on the Hub have an owner before them: owner/name, owner/name/file.safetensors."""
        return bool(_LOCAL.match(text)) or (bool(_FILES.fullmatch(text)) and text.count("/") < 2)

    def placed(self, values: Mapping[str, Any], but: Collection[str] = ()) -> dict[str, Any]:
        """With a place on the pod for each path that came along; the parts of these names were placed before."""
        made = {
            name: value if name in but else self._walk(value, (name,))
            for name, value in values.items()
        }
        left, self._left = self._left, []
        if left:
            self.found.error(
                "local_path",
                f"{listed(left)} names something on this computer; the pod does not have it.",
                "Put the file into a folder with the configuration, and give that folder as the configuration.",
            )
        return made

    def _walk(self, value: Any, place: tuple[str, ...]) -> Any:
        match value:
            case dict():
                return {name: self._walk(each, (*place, str(name))) for name, each in value.items()}
            case list():
                return [
                    self._walk(each, (*place[:-1], f"{place[-1]}[{n}]"))
                    for n, each in enumerate(value)
                ]
            case str() if value:
                return self._text(value, place)
        return value

    def _text(self, text: str, place: Sequence[str]) -> str:
        self._take_placed(text)
        name = re.sub(r"\[\d+\]$", "", place[-1])
        if name in ("prompt", "prompts"):
            return _IN_PROMPT.sub(lambda told: told[1] + self._path(told[2], place), text)
        if name in self.words or not self.is_local(text):
            return text
        return self._path(text, place)

    def _take_placed(self, text: str) -> None:
        """A file that was placed before, by us, goes along again."""
        name = text.removeprefix(_PLACE)
        if name != text and name in self.given:
            self.taken[name] = self.given[name]

    def _path(self, path: str, place: Sequence[str]) -> str:
        if is_placed(path):
            return path
        brought = found_in(list(self.given), path)
        if brought is None:
            self._left.append(f"{'.'.join(place)} ({name_of(path)})")
            return path
        self.taken[brought] = self.given[brought]
        return f"{_PLACE}{brought}"
