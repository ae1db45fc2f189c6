"""Where everything lies in the pod: voices, recordings, what was given beside, what is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pod_image.contract.paths import RunFolder
from pod_image.contract.whole_file import write_whole
from pod_image.recipes.wake_word.order import VOICES_FOLDER, Order
from pod_image.recipes.wake_word.surroundings import sound_files

STATE = "state"
"""What another pod needs to go on: the features of all clips, and how far the training is."""
MARK = "state.json"


class NothingGiven(Exception):
    """A repo that was given holds nothing of the kind that it was given for; says which."""


@dataclass(frozen=True)
class Places:
    work: Path
    voices: tuple[Path, ...]
    recordings: tuple[Path, ...] = ()
    backgrounds: tuple[Path, ...] = ()
    room_responses: tuple[Path, ...] = ()
    negative_features: tuple[Path, ...] = ()

    @classmethod
    def of(cls, order: Order, folder: RunFolder, environment: Mapping[str, str]) -> Places:
        """Raises NothingGiven."""
        at = 0
        given: dict[str, tuple[Path, ...]] = {}
        for name, count in (
            ("background sounds", order.backgrounds),
            ("rooms", order.room_responses),
            ("hours of other sound", order.negative_features),
        ):
            folders = [Path(environment[f"INPUT_{n}"]) for n in range(at, at + count)]
            at += count
            files = _arrays(folders) if name.startswith("hours") else sound_files(folders)
            if count and not files:
                kind = ".npy files" if name.startswith("hours") else "recordings"
                raise NothingGiven(f"What was given for {name} holds no {kind}.")
            given[name] = files
        recordings = sound_files([folder.dataset]) if order.has_recordings else ()
        if order.has_recordings and not recordings:
            raise NothingGiven("The dataset holds no recordings of the wake word.")
        voices = tuple(folder.base / VOICES_FOLDER / voice for voice in order.voices)
        return cls(
            folder.prepared,
            voices,
            recordings,
            given["background sounds"],
            given["rooms"],
            given["hours of other sound"],
        )

    @property
    def out(self) -> Path:
        return self.work / "out"

    @property
    def samples(self) -> Path:
        return self.out / "samples"

    @property
    def state(self) -> Path:
        return self.work / STATE

    @property
    def parts(self) -> Path:
        return self.state / "parts"

    @property
    def training(self) -> Path:
        return self.state / "training.pt"

    def mark(self, window: int) -> None:
        """Say that the state is whole: each file in it is, from here on."""
        self.state.mkdir(parents=True, exist_ok=True)
        write_whole(self.state / MARK, json.dumps({"window": window}))

    def marked_window(self) -> int | None:
        """The window that the clips of an earlier life were made for."""
        try:
            return int(json.loads((self.state / MARK).read_bytes())["window"])
        except (OSError, ValueError, LookupError, TypeError):
            return None


def _arrays(folders: list[Path]) -> tuple[Path, ...]:
    found = (path for folder in folders for path in folder.rglob("*.npy"))
    return tuple(sorted(path for path in found if path.is_file()))
