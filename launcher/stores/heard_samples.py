"""What a recogniser heard in the samples of runs: kept across restarts, so that nothing is heard twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pod_image.contract.whole_file import write_whole

MOST_BYTES = 16 << 20
MOST_SAMPLES = 2_000
"""Of one run, the newest: as many as are known of a run."""
LONGEST_TEXT = 4_000


@dataclass(frozen=True)
class HeardSamples:
    """Of one run. `texts` by a sample's key; all by one model in one language, so that they can be compared."""

    model: str = ""
    language: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)


NOTHING = HeardSamples()


def sample_key(seq: int, path: str) -> str:
    """A path alone would not do: a step that is trained again says its sentences anew."""
    return f"{seq} {path}"


class HeardSampleStore:
    """One file for each run. May be written from other threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, HeardSamples] = {}
        self._lock = threading.Lock()

    def of(self, nonce: str) -> HeardSamples:
        """What is kept of the run; the same object until there is more."""
        known = self._known.get(nonce)
        if known is None:
            known = self._known[nonce] = self._read(nonce)
        return known

    def note(self, nonce: str, model: str, language: str, texts: Mapping[str, str]) -> None:
        """Keep these beside those of the same model and language; others make room."""
        with self._lock:
            before = self.of(nonce)
            is_alike = (before.model, before.language) == (model, language)
            every = {**(before.texts if is_alike else {}), **texts}
            newest = {key: text[:LONGEST_TEXT] for key, text in list(every.items())[-MOST_SAMPLES:]}
            self._known[nonce] = HeardSamples(model, language, newest)
            document = {"model": model, "language": language, "texts": newest}
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
            write_whole(self._path(nonce), text, is_private=True, is_shared=True)

    def forget(self, nonce: str) -> None:
        """Of a run that is deleted from the history."""
        with self._lock:
            self._known.pop(nonce, None)
            self._path(nonce).unlink(missing_ok=True)

    def _path(self, nonce: str) -> Path:
        return self._folder / f"{nonce}.json"

    def _read(self, nonce: str) -> HeardSamples:
        """Nothing where there is none, or none that can be read: it can be heard again."""
        try:
            with self._path(nonce).open("rb") as file:
                document: Any = json.loads(file.read(MOST_BYTES))
            texts = {str(key): str(text) for key, text in document["texts"].items()}
            return HeardSamples(str(document["model"]), str(document["language"]), texts)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return NOTHING
