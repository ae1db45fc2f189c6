"""What a person took for the recording, clip by clip, in blind tests of a run's voice: kept across restarts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pod_image.contract.whole_file import write_whole

MOST_BYTES = 1 << 20
MOST_VOICES = 20
"""Of one run: another one counts once it is the run's voice."""


@dataclass(frozen=True)
class Tally:
    """`mistaken` of `heard` times the voice was taken for the recording."""

    mistaken: int
    heard: int

    @property
    def sentence(self) -> str:
        return f"You took the voice for the recording in {self.mistaken} of {self.heard}."


class ListeningAnswers:
    """One file for each run. `voice` tells the voices of a run apart, such as by their checksum."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, nonce: str, voice: str) -> dict[str, bool]:
        """By clip: whether the voice was taken for the recording. Empty where nothing was kept, or nothing usable."""
        return dict(self._all(nonce).get(voice, {}))

    def note(self, nonce: str, voice: str, clip: str, *, is_mistaken: bool) -> None:
        """The first answer of a clip stays: whoever was told once is not blind any more."""
        every = self._all(nonce)
        answers = every.pop(voice, {})
        answers.setdefault(clip, is_mistaken)
        every[voice] = answers
        newest = dict(list(every.items())[-MOST_VOICES:])
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write(nonce, newest)

    def forget(self, nonce: str, voice: str) -> None:
        """For hearing all of them anew."""
        every = self._all(nonce)
        if every.pop(voice, None) is not None:
            self._write(nonce, every)

    def _write(self, nonce: str, every: Mapping[str, Mapping[str, bool]]) -> None:
        text = json.dumps(every, indent=1) + "\n"
        write_whole(self._path(nonce), text, is_private=True, is_shared=True)

    def _path(self, nonce: str) -> Path:
        return self._folder / f"{nonce}.json"

    def _all(self, nonce: str) -> dict[str, dict[str, bool]]:
        try:
            with self._path(nonce).open("rb") as file:
                document = json.loads(file.read(MOST_BYTES))
            return {
                str(voice): {
                    str(clip): answer for clip, answer in answers.items() if answer in (True, False)
                }
                for voice, answers in document.items()
            }
        except (OSError, ValueError, AttributeError, RecursionError):
            return {}


def tally(answers: Mapping[str, bool]) -> Tally:
    return Tally(sum(answers.values()), len(answers))
