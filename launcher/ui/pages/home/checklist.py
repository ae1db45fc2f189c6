"""The four steps of a first run, and how far each is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from launcher.domain.advice import GOOD, LEAST


class StepState(StrEnum):
    TODO = "todo"
    NOW = "now"
    DONE = "done"
    BAD = "bad"


@dataclass(frozen=True)
class Standing:
    """What the checklist is judged by."""

    keys_held: int = 0
    keys_refused: int = 0
    keys_wanted: int = 3
    datasets: int = 0
    settings_ready: bool = False
    runs: int = 0
    voices: int = 0


@dataclass(frozen=True)
class ChecklistStep:
    title: str
    text: str
    href: str
    action: str
    state: StepState


def checklist(standing: Standing) -> list[ChecklistStep]:
    """The steps in order; exactly the first one that is not done is `now`, unless it is bad."""
    done = [
        standing.keys_held >= standing.keys_wanted,
        standing.datasets > 0,
        standing.settings_ready or standing.runs > 0,
        standing.runs > 0,
    ]
    texts = [
        (
            "Enter your keys",
            "One key rents the GPU; two tokens read and write your files on Hugging Face. They stay in this "
            "program's memory.",
            "/keys",
            "Enter keys",
        ),
        (
            "Prepare a dataset",
            f"Recordings of one voice with their transcripts. {GOOD.capitalize()} is good, {LEAST} is the minimum.",
            "/datasets",
            "Choose a dataset",
        ),
        (
            "Choose the settings",
            "A preset fits most voices. You see time and price before anything is rented.",
            "/train",
            "Choose settings",
        ),
        (
            "Train your first voice",
            "One click rents the GPU. It delivers the voice and then ends by itself.",
            "/train",
            "Go to Train",
        ),
    ]
    first_open = done.index(False) if False in done else len(done)
    steps = []
    for number, (title, text, href, action) in enumerate(texts):
        state = StepState.DONE if done[number] else StepState.TODO
        if number == first_open:
            state = StepState.NOW
        if number == 0 and standing.keys_refused:
            state = StepState.BAD
        steps.append(ChecklistStep(title, text, href, action, state))
    return steps
