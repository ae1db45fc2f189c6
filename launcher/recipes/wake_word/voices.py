"""The voices that say a wake word, looked up where the pod will fetch them: are they there, and how many people."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.recipes.wake_word import VOICES_COMMIT, VOICES_REPO, voice_path
from pod_image.hub import Hub, HubError, Repo, look_at, read_range

VOICES = Repo(VOICES_REPO, "model")
MOST_DESCRIPTION_BYTES = 1 << 20
FEW_PEOPLE = 20
"""So few voices teach a model little of how people differ."""


def look_at_voices(hub: Hub, names: Sequence[str]) -> tuple[Finding, ...]:
    """An error for a voice that is not there; a word on how many people say the wake word. Never raises HubError."""
    paths = {name: voice_path(name) for name in names}
    try:
        found = look_at(hub, VOICES, VOICES_COMMIT, list(paths.values()))
        missing = [name for name, path in paths.items() if path not in found]
        if missing:
            return (_not_there(missing[0]),)
        people = sum(_people(hub, path) for path in paths.values())
    except HubError as exc:
        return (
            _finding(Severity.ERROR, f"The voices cannot be looked up: {exc.message}", exc.hint),
        )
    if people >= FEW_PEOPLE:
        return (_finding(Severity.NOTE, f"{people:,} different voices say the wake word.", ""),)
    return (
        _finding(
            Severity.WARNING,
            f"Only {counted(people, 'voice')} will say the wake word: it may not recognise other people.",
            Sentence(
                "Add voices with many speakers to ",
                setting("wake_voices"),
                ", or recordings of several people as ",
                setting("dataset_repo"),
                ".",
            ),
        ),
    )


def _people(hub: Hub, path: str) -> int:
    """How many speakers a voice has; one where its description does not say."""
    raw = read_range(hub, VOICES, VOICES_COMMIT, f"{path}.json", 0, MOST_DESCRIPTION_BYTES)
    try:
        return max(1, int(json.loads(raw)["num_speakers"]))
    except (ValueError, LookupError, TypeError):
        return 1


def _not_there(name: str) -> Finding:
    return _finding(
        Severity.ERROR,
        f"There is no voice {name} at {VOICES_REPO}.",
        Sentence(
            "Copy its name from rhasspy.github.io/piper-samples, such as ",
            setting("wake_voices", "en_US-libritts_r-medium"),
            ".",
        ),
    )


def _finding(severity: Severity, message: Said, hint: Said) -> Finding:
    return Finding(severity, "wake_voices", message, hint)
