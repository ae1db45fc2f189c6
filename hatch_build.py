"""The README as an index shows it: a link that leads on from this repo leads into it by its whole address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_RELATIVE = re.compile(
    r"(?P<picture>!?)(?P<words>\[[^\]]*\])\((?!https?://|#|mailto:)(?P<path>[^)\s]+)\)"
)
_REPO = "pod-launcher/launcher"


def for_an_index(text: str, version: str) -> str:
    def absolute(found: re.Match[str]) -> str:
        raw, page = "https://raw.githubusercontent.com", "https://github.com"
        there = (
            f"{raw}/{_REPO}/v{version}" if found["picture"] else f"{page}/{_REPO}/blob/v{version}"
        )
        return f"{found['picture']}{found['words']}({there}/{found['path']})"

    return _RELATIVE.sub(absolute, text)


class CustomMetadataHook(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": for_an_index(text, metadata["version"]),
        }
