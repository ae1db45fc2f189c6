"""espeak-ng has one voice at a time for the whole process: whoever asks it waits for whoever asked before."""

from __future__ import annotations

from threading import RLock

ESPEAK = RLock()
"""Held from the choice of a voice to its answer."""
