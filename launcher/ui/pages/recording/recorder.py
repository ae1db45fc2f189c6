"""The Python side of the recorder: what it is told once; takes go by requests of their own."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from launcher.workshop.fitness_findings import COMFORTABLE_SECONDS
from launcher.workshop.listening import (
    CLIPPED_RUN_SAMPLES,
    FULL_SCALE,
    LOUD_NOISE_DBFS,
    QUIET_DBFS,
)
from pod_image.dataset.fitness import LONGEST_SECONDS, SILENT_DBFS

WORKLET_PATH = "/assets/microphone_worklet.js"
LEAST_RATE_HZ = 22_050


class Recorder(ui.element, component="recorder.js"):
    """One reading, from the microphone to the folder."""

    def __init__(self, **told: Any) -> None:
        super().__init__()
        self.mark("recorder")
        self._props.update({**told, "worklet": WORKLET_PATH})


class SentencesFile(ui.element, component="sentences_file.js"):
    """Sends a text file of sentences; emits `taken` when they are those of the page."""

    def __init__(self, url: str, language: str) -> None:
        super().__init__()
        self._props.update({"url": url, "language": language})

    def tell_language(self, language: str) -> None:
        self._props["language"] = language
        self.update()


def limits() -> dict[str, float]:
    """What the page says while it listens: by the limits of the check, as what is said of a take."""
    return {
        "fullScale": FULL_SCALE,
        "clippedRun": CLIPPED_RUN_SAMPLES,
        "silentDbfs": SILENT_DBFS,
        "quietDbfs": QUIET_DBFS,
        "noiseDbfs": LOUD_NOISE_DBFS,
        "comfortableSeconds": COMFORTABLE_SECONDS,
        "longestSeconds": LONGEST_SECONDS,
        "leastRate": LEAST_RATE_HZ,
    }
