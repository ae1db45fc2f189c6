"""Texts with times, in every form that programs leave beside a recording, as cues of what is spoken; pure."""

from launcher.workshop.timed_text.cue import Cue, TimedTextFault
from launcher.workshop.timed_text.reading import TimedText, read_timed_text
from launcher.workshop.timed_text.sentences import sentences

__all__ = ["Cue", "TimedText", "TimedTextFault", "read_timed_text", "sentences"]
