"""Headers of a dataset's clips, read side by side, within what the Hub allows in five minutes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from statistics import median
from typing import TypeVar

from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import Code, FileSource, Utterance
from pod_image.dataset.file_remedies import CUT_OFF, not_sound, remedy_for
from pod_image.dataset.headers import HEAD_BYTES, AudioHeader, HeaderError
from pod_image.dataset.sound import DECODER_ABSENT, header_of

MOST_REMOTE_HEADERS = 2_000
"""Each costs a request; without a token the Hub allows 3,000 in five minutes, and others may share the address."""
REMOTE_READERS = 16
LOCAL_READERS = 4
FEWEST_TO_ESTIMATE_FROM = 3

Progress = Callable[[int, int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Heard:
    """A clip with its header; `header` is None where it was not read. `seconds` may be estimated from the size."""

    utterance: Utterance
    header: AudioHeader | None
    seconds: float | None
    head_digest: str = ""

    @property
    def is_estimate(self) -> bool:
        return self.header is None or self.header.is_estimate


def read_headers(
    source: FileSource,
    utterances: Sequence[Utterance],
    progress: Progress,
    *,
    most_remote: int | None,
) -> tuple[list[Heard], list[Finding]]:
    """Every clip that can be used, in order, and a finding for each that is no audio.

    On a remote source at most `most_remote` are read, spread evenly, and the other lengths are estimated from the
    sizes in the listing; None reads them all.
    """
    listed = [each for each in utterances if each.path is not None]
    limit = most_remote if source.is_remote and most_remote is not None else len(listed)
    chosen = spread(listed, limit)
    found: list[Finding] = []
    heard: dict[str, Heard] = {}
    readers = REMOTE_READERS if source.is_remote else LOCAL_READERS
    with ThreadPoolExecutor(readers) as pool:
        for number, result in enumerate(pool.map(lambda each: _read(source, each), chosen), 1):
            progress(number, len(chosen))
            if isinstance(result, Finding):
                found.append(result)
            else:
                heard[str(result.utterance.path)] = result
                found.extend(_truncated(result))
    if len(chosen) < len(listed):
        found.append(_say_sampled(len(chosen), len(listed)))
    read = {each.path for each in chosen}
    rest = [each for each in listed if each.path not in read]
    estimated = _estimate(rest, list(heard.values()))
    by_path = heard | {str(each.utterance.path): each for each in estimated}
    return [by_path[str(each.path)] for each in listed if str(each.path) in by_path], found


def spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many of the items, evenly spread, first and last among them."""
    if len(items) <= most:
        return list(items)
    step = (len(items) - 1) / max(1, most - 1)
    return [items[round(index * step)] for index in range(most)]


def _read(source: FileSource, utterance: Utterance) -> Heard | Finding:
    path = str(utterance.path)
    head = b""

    def read(start: int, length: int) -> bytes:
        nonlocal head
        piece = source.read(path, start, length)
        if start == 0:
            head = piece
        return piece

    try:
        header = header_of(read, utterance.size)
    except (HeaderError, OSError) as exc:
        return _unreadable(utterance, exc, head)
    digest = hashlib.sha256(head[:HEAD_BYTES]).hexdigest()
    return Heard(utterance, header, header.seconds, digest)


_UNTOLD = ("is not WAV", "holds text", "is cut off in its header")
"""What a header's reader says of what it does not know."""


def _unreadable(utterance: Utterance, problem: Exception, head: bytes) -> Finding:
    sentence = str(problem) if isinstance(problem, HeaderError) else f"cannot be read: {problem}"
    known = not_sound(head)
    fix = remedy_for(head, sentence)
    if known is None and DECODER_ABSENT in sentence:
        fix = "pip install 'pod-launcher[audio]'"
    elif known is not None and sentence.startswith(_UNTOLD):
        sentence = known.what
    return Code.FILE_UNREADABLE.finding(utterance.place, f"{utterance.path} {sentence}.", fix)


def _truncated(heard: Heard) -> list[Finding]:
    if heard.header is None or not heard.header.is_truncated:
        return []
    return [
        Code.FILE_TRUNCATED.finding(
            heard.utterance.place,
            f"{heard.utterance.path} is cut off: its header promises more audio than the file contains.",
            CUT_OFF,
        )
    ]


def _say_sampled(read: int, there: int) -> Finding:
    return Code.HEADERS_SAMPLED.finding(
        "",
        f"The headers of {read:,} of {there:,} clips were read; the other lengths are estimated from their sizes.",
        Sentence(
            NextStep.CHECK_EVERY_CLIP,
            " reads them all, which may hit the Hub's rate limit.",
        ),
    )


def _estimate(rest: Sequence[Utterance], heard: Sequence[Heard]) -> list[Heard]:
    speeds: dict[str, list[float]] = {}
    for each in heard:
        if each.seconds:
            speeds.setdefault(_ending(each.utterance), []).append(
                each.utterance.size / each.seconds
            )
    middle = {
        ending: median(values)
        for ending, values in speeds.items()
        if len(values) >= FEWEST_TO_ESTIMATE_FROM
    }
    return [
        Heard(each, None, each.size / middle[_ending(each)] if _ending(each) in middle else None)
        for each in rest
    ]


def _ending(utterance: Utterance) -> str:
    return PurePosixPath(str(utterance.path)).suffix.lower()
