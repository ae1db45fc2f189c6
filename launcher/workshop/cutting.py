"""Where to cut a long recording: at its pauses, near its subtitles; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from launcher.workshop.timed_text import Cue

SPEECH_PROBABILITY = 0.5
LEAST_SPEECH_SECONDS = 0.25
BREATH_SECONDS = 0.25
"""Shorter gaps are inside a phrase and are never cut."""
PADDING_SECONDS = 0.2
LONGEST_CLIP_SECONDS = 12.0
WANTED_CLIP_SECONDS = 6.0
SNAP_SECONDS = 0.6
"""Subtitles are a little early or late; a pause within this distance is where the cut belongs."""


@dataclass(frozen=True)
class Span:
    """A piece of the recording in seconds; `text` is None where nobody wrote what is said."""

    start: float
    end: float
    text: str | None = None
    speaker: str | None = None

    @property
    def seconds(self) -> float:
        return self.end - self.start


def speech_spans(probabilities: Sequence[float], frame_seconds: float) -> list[Span]:
    """Stretches of speech, from one probability for each frame; breaths bridged, clicks dropped."""
    spans: list[Span] = []
    start: int | None = None
    for index, probability in enumerate([*probabilities, 0.0]):
        if probability >= SPEECH_PROBABILITY and start is None:
            start = index
        elif probability < SPEECH_PROBABILITY and start is not None:
            spans.append(Span(start * frame_seconds, index * frame_seconds))
            start = None
    bridged: list[Span] = []
    for span in spans:
        if bridged and span.start - bridged[-1].end < BREATH_SECONDS:
            bridged[-1] = Span(bridged[-1].start, span.end)
        else:
            bridged.append(span)
    return [span for span in bridged if span.seconds >= LEAST_SPEECH_SECONDS]


def cut_at_pauses(
    spans: Sequence[Span], probabilities: Sequence[float], frame_seconds: float, length: float
) -> list[Span]:
    """Clips of about six seconds, none over twelve, each padded into the pauses around it."""
    pieces = [p for span in spans for p in _split_long(span, probabilities, frame_seconds)]
    grouped: list[Span] = []
    for piece in pieces:
        last = grouped[-1] if grouped else None
        joins = (
            last is not None
            and last.seconds < WANTED_CLIP_SECONDS
            and piece.end - last.start <= LONGEST_CLIP_SECONDS - 2 * PADDING_SECONDS
        )
        if joins and last is not None:
            grouped[-1] = Span(last.start, piece.end)
        else:
            grouped.append(piece)
    return _padded(grouped, length)


def cut_at_cues(cues: Sequence[Cue], spans: Sequence[Span], length: float) -> list[Span]:
    """A clip for each cue, its ends moved into the nearest pause, never over its neighbour's."""
    pauses = _pauses(spans, length)
    clips: list[Span] = []
    for cue in cues:
        start = _snapped(cue.start, pauses, is_start=True)
        end = _snapped(cue.end, pauses, is_start=False)
        start = max(start, clips[-1].end if clips else 0.0)
        end = min(end, length)
        if end - start >= LEAST_SPEECH_SECONDS:
            clips.append(Span(start, end, cue.text, cue.speaker))
    return clips


def _split_long(span: Span, probabilities: Sequence[float], frame_seconds: float) -> list[Span]:
    """A stretch without a pause is cut where speech is least likely, away from its ends."""
    longest = LONGEST_CLIP_SECONDS - 2 * PADDING_SECONDS
    if span.seconds <= longest:
        return [span]
    margin = min(2.0, span.seconds / 4)
    first = round((span.start + margin) / frame_seconds)
    last = round((min(span.end - margin, span.start + longest)) / frame_seconds)
    quietest = min(range(first, max(first + 1, last)), key=lambda index: probabilities[index])
    at = (quietest + 0.5) * frame_seconds
    rest = _split_long(Span(at, span.end), probabilities, frame_seconds)
    return [Span(span.start, at), *rest]


def _padded(spans: Sequence[Span], length: float) -> list[Span]:
    padded = []
    for index, span in enumerate(spans):
        before = span.start - (spans[index - 1].end if index else 0.0)
        after = (spans[index + 1].start if index + 1 < len(spans) else length) - span.end
        start = span.start - min(PADDING_SECONDS, max(0.0, before / 2))
        end = span.end + min(PADDING_SECONDS, max(0.0, after / 2))
        padded.append(Span(max(0.0, start), min(length, end), span.text))
    return padded


def _pauses(spans: Sequence[Span], length: float) -> list[Span]:
    edges = [0.0, *(edge for span in spans for edge in (span.start, span.end)), length]
    pairs = zip(edges[0::2], edges[1::2], strict=True)
    return [Span(start, end) for start, end in pairs if end > start]


def _snapped(at: float, pauses: Sequence[Span], *, is_start: bool) -> float:
    """The place in the nearest pause that leaves some padding; `at` itself if no pause is near."""
    near = [each for each in pauses if each.start - SNAP_SECONDS <= at <= each.end + SNAP_SECONDS]
    if not near:
        return at
    pause = min(near, key=lambda each: max(each.start - at, at - each.end, 0.0))
    padding = min(PADDING_SECONDS, pause.seconds / 2)
    wanted = pause.end - padding if is_start else pause.start + padding
    # In a long pause the cut stays near the subtitle: the rest of the pause belongs to nobody.
    return min(max(wanted, at - SNAP_SECONDS), at + SNAP_SECONDS)
