"""Files that say when what is said: which they are, by their names and beginnings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from pod_image.dataset.encoding import decode

BY_ENDING = {
    ".srt": "SubRip subtitles",
    ".vtt": "WebVTT captions",
    ".textgrid": "a Praat TextGrid",
    ".eaf": "ELAN annotations",
    ".ass": "SubStation subtitles",
    ".ssa": "SubStation subtitles",
    ".sbv": "YouTube captions (SBV)",
    ".lrc": "LRC lyrics",
    ".ttml": "TTML captions",
    ".dfxp": "TTML captions",
    ".srv1": "YouTube captions (XML)",
    ".srv2": "YouTube captions (XML)",
    ".srv3": "YouTube captions (XML)",
    ".json3": "a recogniser's JSON",
    ".ctm": "a recogniser's CTM",
}
"""Best first: what people correct by hand before what a program left."""
AUDACITY, HTK, JSON, TABLE = "Audacity labels", "HTK labels", "a recogniser's JSON", "a timed table"
STAMPED = "a transcript with times between its lines"
BY_CONTENT = (".txt", ".lab", ".tsv", ".csv", ".xml", ".json", ".jsonl")
TIMED_ENDINGS = (*BY_ENDING, *BY_CONTENT)
MOST_TIMED_BYTES = 64 * 2**20
"""Two hours of words with their times are some 10 MB as JSON."""
LOOK_BYTES = 64 * 2**10
"""Enough to know a kind by."""

_NUMBER = r"-?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?"
_LABEL = re.compile(rf"{_NUMBER}\t{_NUMBER}(?:\t.*)?")
_FREQUENCIES = re.compile(rf"\\\t{_NUMBER}\t{_NUMBER}")
_HTK = re.compile(r"\d+ +\d+ +\S.*")
_ARROW = re.compile(r"\d:\d\d[.,]\d+\s*-->\s*\d+:")
_SBV = re.compile(r"\A\s*\d+:\d\d:\d\d\.\d+,\d+:\d\d:\d\d\.\d+\s")
_LRC = re.compile(r"^\[\d{1,3}:\d\d(?:[.:]\d{1,3})?\]", re.MULTILINE)
_JSON_TIMES = re.compile(
    r'"(?:start|start_?time|startOffset|offsets?|offsetInTicks|offsetMilliseconds|timestamps?|'
    r'tStartMs|begin|ts)"\s*:',
    re.IGNORECASE,
)
_TIME_COLUMNS = re.compile(
    r"^\W*(?:[^\t,;\n]*[\t,;])*\W*(?:start|beginn?|timecode[ _-]in|in[ _-]point)(?:[ _-]?(?:time|ms|s|sec|seconds))?"
    r"\b[^\t,;\n]*[\t,;]",
    re.IGNORECASE,
)
_STAMP = r"[\[(]?(?:\d{1,2}:)?\d{1,2}:\d\d(?:[.,:;]\d{1,3})?[\])]?"
_STAMPED = re.compile(
    rf"{_STAMP}(?:[ \t]*(?:-+>?|–|—|,|to|[ \t])[ \t]*{_STAMP})?(?:[ \t].*|:.*)?"
    rf"|[^\d\W][\w.'-]*(?: [\w.'-]+){{0,2}}(?: {{2,}}|\t|: ?){_STAMP}"
)
"""A time at the beginning of a line, or a speaker and a time as the whole of it."""
FEWEST_LINES_OF_A_STAMP = 4
"""Of so many lines at least one has a time: the time, who speaks, what is said, an empty one left out."""


def timed_kind(path: str, head: bytes) -> str | None:
    """What people call this kind of timed text; None if it is none. `head` may be the file's beginning alone."""
    ending = PurePosixPath(path).suffix.lower()
    if ending not in TIMED_ENDINGS:
        return None
    text = decode(head[:LOOK_BYTES]).text.lstrip("\ufeff")
    return _by_content(text, ending) or BY_ENDING.get(ending)


def _by_content(text: str, ending: str) -> str | None:
    """A file is what stands in it, also where somebody gave it another ending."""
    start = text.lstrip()[:400]
    if start.startswith("WEBVTT"):
        return BY_ENDING[".vtt"]
    if "ooTextFile" in start[:80]:
        return BY_ENDING[".textgrid"]
    if start.startswith("[Script Info]"):
        return BY_ENDING[".ass"]
    if start.startswith("<"):
        return _of_xml(start)
    if start.startswith(("{", "[")) and ending in (".json", ".jsonl", ".json3", ".txt"):
        return JSON if _JSON_TIMES.search(text) else _of_lines(text, ending)
    return _of_lines(text, ending)


def _of_xml(start: str) -> str | None:
    if "<ANNOTATION_DOCUMENT" in start:
        return BY_ENDING[".eaf"]
    if re.search(r"<(?:\w+:)?tt[\s>]", start):
        return BY_ENDING[".ttml"]
    return BY_ENDING[".srv1"] if re.search(r"<(?:transcript|timedtext)[\s>]", start) else None


def _of_lines(text: str, ending: str) -> str | None:
    if _ARROW.search(text):
        return BY_ENDING[".srt"]
    if _SBV.match(text):
        return BY_ENDING[".sbv"]
    lines = [line for line in text.splitlines() if line.strip()]
    if are_labels(lines):
        return AUDACITY
    if ending in (".txt", ".lrc") and len(_LRC.findall(text)) * 2 > len(lines):
        return BY_ENDING[".lrc"]
    if ending in (".lab", ".txt") and _are_stamped(lines):
        return STAMPED
    if ending in (".lab", ".txt") and lines and all(_HTK.fullmatch(one.strip()) for one in lines):
        return HTK
    if ending in (".tsv", ".csv", ".txt") and lines and _TIME_COLUMNS.match(lines[0]):
        return TABLE
    return None


def _are_stamped(lines: list[str]) -> bool:
    """Whether the lines are of Otter, Premiere and their like: no text to be read begins with times over and over."""
    stamps = sum(_STAMPED.fullmatch(line.strip()) is not None for line in lines)
    is_first = bool(lines) and _STAMPED.fullmatch(lines[0].strip()) is not None
    return is_first and stamps > 1 and stamps * FEWEST_LINES_OF_A_STAMP >= len(lines)


def are_labels(lines: Iterable[str]) -> bool:
    """Whether all lines are Audacity's: start, end and text with tabs between them. The last may be cut off."""
    whole = [line.strip("\r\n ") for line in lines]
    if len(whole) > 1 and not _is_label(whole[-1]):
        whole.pop()
    return bool(whole) and _is_label(whole[0]) and all(map(_is_label, whole))


def _is_label(line: str) -> bool:
    return bool(_LABEL.fullmatch(line) or _FREQUENCIES.fullmatch(line))
