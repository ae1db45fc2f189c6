"""What the base model is called in an adapter's files: on the pod a folder, everywhere else a repo at a commit."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from pod_image.contract.hub_inputs import hub_input

CARD, CONFIG = "README.md", "adapter_config.json"
_PATH = r"/[^\s\"']*"
_BASE = re.compile(rf"^(base_model:\s*(?:\n-\s*)?)[\"']?{_PATH}[\"']?$", re.MULTILINE)
_TAG = re.compile(rf"^(-\s*)[\"']?base_model:(\w+:)?{_PATH}[\"']?$", re.MULTILINE)
_FRONT = re.compile(r"\A---\s*\n.*?\n---[ \t]*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class BaseModel:
    """`commit` is empty where the settings name none."""

    repo: str
    commit: str = ""
    named_in: ClassVar[tuple[str, ...]] = (CARD, CONFIG)

    @classmethod
    def of(cls, written: str) -> BaseModel:
        """As the setting has it, at its commit; it may be empty."""
        found = hub_input(written) if written else None
        return cls(found.repo, found.revision) if found else cls("")

    def reworded(self, name: str, content: bytes) -> bytes:
        """The same with the repo for the folder; what names no folder, or cannot be read, stays as it is."""
        try:
            text = content.decode()
            changed = self._card(text) if name == CARD else self._config(text)
        except ValueError:
            return content
        return changed.encode()

    def _card(self, text: str) -> str:
        front = _FRONT.match(text)
        if front is None:
            return text
        head = _BASE.sub(rf"\g<1>{self.repo}", front[0])
        head = _TAG.sub(lambda tag: f"{tag[1]}base_model:{tag[2] or ''}{self.repo}", head)
        return head + text[front.end() :]

    def _config(self, text: str) -> str:
        config: Any = json.loads(text)
        if not isinstance(config, dict):
            return text
        named = config.get("base_model_name_or_path")
        if not isinstance(named, str) or not named.startswith("/"):
            return text
        config |= {"base_model_name_or_path": self.repo, "revision": self.commit or None}
        return json.dumps(config, indent=2, sort_keys=True)
