"""What is said in one clip, as a suggestion for its text: heard, or not heard with the reason."""

from __future__ import annotations

from dataclasses import dataclass

from pod_image.hearing.recogniser import RATE_HZ, HeardText, HeardWord, Recogniser, Sound
from pod_image.hearing.speech import SpeechDetector, has_speech

SHORTEST_SECONDS = 0.5
"""Below that whatever is heard is made up."""
LONGEST_CLIP_SECONDS = 28.0
"""What is longer does not fit the recogniser's window, and is cut first."""
LEAST_CONFIDENCE = 0.3
SURE_PROBABILITY = 0.6
"""Of all words below it about one in six was wrong, of those above about one in five hundred."""


@dataclass(frozen=True)
class HeardClip:
    """`why_not` says in a sentence why there is no text; else it is empty."""

    heard: HeardText
    why_not: str = ""

    @property
    def is_sure(self) -> bool:
        return bool(self.heard.words) and not self.unsure_words

    @property
    def unsure_words(self) -> tuple[HeardWord, ...]:
        return unsure(self.heard.words)


def unsure(words: tuple[HeardWord, ...]) -> tuple[HeardWord, ...]:
    """The words that a person should look at."""
    return tuple(each for each in words if each.probability < SURE_PROBABILITY)


def hear_clip(
    recogniser: Recogniser, detector: SpeechDetector | None, sound: Sound, language: str
) -> HeardClip:
    """Hear a clip of up to `LONGEST_CLIP_SECONDS`. Without a detector silence is left to the recogniser."""
    seconds = len(sound) / RATE_HZ
    if seconds < SHORTEST_SECONDS:
        return HeardClip(HeardText(""), f"It lasts {seconds:.2f} s, too short to be recognised.")
    if detector is not None and not has_speech(detector.probabilities(sound)):
        return HeardClip(HeardText(""), "Nobody speaks in it.")
    heard = recogniser.hear(sound, language)
    if heard.confidence < LEAST_CONFIDENCE:
        return HeardClip(HeardText(""), "What is said was not understood.")
    return HeardClip(heard)
