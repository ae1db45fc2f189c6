"""A wake word from its first clip to its file: `python -m pod_image.recipes.wake_word`, started as a command."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from pod_image.contract.hinted_error import HintedError
from pod_image.contract.paths import RunFolder
from pod_image.recipes.wake_word.examples import UnusableFeatures
from pod_image.recipes.wake_word.order import VARIABLE, Order
from pod_image.recipes.wake_word.places import NothingGiven, Places
from pod_image.recipes.wake_word.speaker import UnusableVoice
from pod_image.recipes.wake_word.story import Story
from pod_image.recipes.wake_word.surroundings import UnreadableSound
from pod_image.recipes.wake_word.their_code import NotInstalled, reach_packages

UNDERSTOOD = (NothingGiven, UnreadableSound, UnusableFeatures, UnusableVoice, HintedError)


def main() -> int:
    order = Order.model_validate_json(os.environ[VARIABLE])
    reach_packages()
    stop = Stop()
    try:
        places = Places.of(order, RunFolder(Path.cwd().parent), os.environ)
        Story(order, places, say, stop.is_asked).tell()
    except UNDERSTOOD as exc:
        print(exc, flush=True)
        return 1
    except NotInstalled as exc:
        print(f"The package {exc} is not installed here: its line above says why.", flush=True)
        return 1
    return 0


class Stop:
    """The friendly signal: what there is becomes a model."""

    def __init__(self) -> None:
        self._asked = False
        signal.signal(signal.SIGINT, self._hear)

    def _hear(self, number: int, frame: object) -> None:
        self._asked = True

    def is_asked(self) -> bool:
        return self._asked


def say(progress: Mapping[str, float]) -> None:
    """A line that is read as progress."""
    rounded = {
        name: value if isinstance(value, int) else round(value, 5)
        for name, value in progress.items()
    }
    print(json.dumps(rounded), flush=True)


if __name__ == "__main__":
    sys.exit(main())
