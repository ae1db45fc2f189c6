"""Clips without a text, of which a recogniser writes one in the pod: what a training would take of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from launcher.workshop.audio_headers import Heard, read_headers
from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import Code, Survey
from pod_image.dataset.findings import ABOUT_NO_TEXT
from pod_image.dataset.fitness import LONGEST_SECONDS
from pod_image.hearing.clips import SHORTEST_SECONDS
from pod_image.hearing.models import DEFAULT_MODEL, NAMED_MODELS

BASE_SECONDS_A_CLIP = 0.42
"""Of one core, measured with clips of 3 s; larger models are reckoned by their size."""
CORES = 8


@dataclass(frozen=True)
class TextsToCome:
    """`heard` are the clips that can be heard and trained on."""

    heard: Sequence[Heard] = ()
    findings: Sequence[Finding] = ()
    settled: Sequence[str] = field(default=())

    @property
    def seconds(self) -> float:
        return sum(each.seconds or 0.0 for each in self.heard)

    def without_settled(self, findings: Sequence[Finding]) -> list[Finding]:
        """What is said of missing texts is none of it any more."""
        return [each for each in findings if each.code not in self.settled]


def texts_to_come(found: Survey, heard_by: str, most_remote: int | None) -> TextsToCome:
    """None where nobody hears, or nothing is without a text."""
    if not heard_by or not found.untexted:
        return TextsToCome()
    clips, problems = read_headers(
        found.source, found.untexted, lambda done, of: None, most_remote=most_remote
    )
    fit = [each for each in clips if _fits(each)]
    if not fit:
        return TextsToCome((), problems)
    left = (
        f" {counted(len(clips) - len(fit), 'clip is', 'clips are')} too short or too long."
        if len(fit) < len(clips)
        else ""
    )
    minutes = counted(_minutes(heard_by, len(fit)), "minute")
    one = Code.TEXT_HEARD_LATER.finding(
        "", f"Whisper {heard_by} will write a text for {counted(len(fit), 'clip')} before the training, in about "
        f"{minutes} on {CORES} cores. Nobody will have read {'that text' if len(fit) == 1 else 'those texts'}.{left}",
        Sentence("To check the texts first: ", NextStep.SUGGEST_TEXTS, "."),
    )  # fmt: skip
    return TextsToCome(fit, [*problems, one], [str(code) for code in ABOUT_NO_TEXT])


def _fits(clip: Heard) -> bool:
    return clip.seconds is None or SHORTEST_SECONDS <= clip.seconds <= LONGEST_SECONDS


def _minutes(model: str, clips: int) -> int:
    size = NAMED_MODELS[model].megabytes / NAMED_MODELS[DEFAULT_MODEL].megabytes
    return max(1, round(clips * BASE_SECONDS_A_CLIP * size / CORES / 60))
