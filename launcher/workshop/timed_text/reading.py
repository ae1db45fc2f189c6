"""A file with timed text to cues of what is spoken, with all that was noticed on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from launcher.workshop.timed_text.annotations import said_in
from launcher.workshop.timed_text.cue import Cue, Piece, TimedTextFault
from launcher.workshop.timed_text.order import backwards, in_time
from launcher.workshop.timed_text.plain import read_ctm, read_labels, read_lrc, read_sbv
from launcher.workshop.timed_text.praat import read_textgrid
from launcher.workshop.timed_text.recognisers import read_recogniser
from launcher.workshop.timed_text.rolling import each_once
from launcher.workshop.timed_text.spoken import (
    TakenOut,
    examples,
    names_before_colons,
    plain_line,
    spoken,
)
from launcher.workshop.timed_text.srt import read_srt
from launcher.workshop.timed_text.substation import read_substation
from launcher.workshop.timed_text.timed_tables import read_timed_table
from launcher.workshop.timed_text.timed_words import cues_of_words
from launcher.workshop.timed_text.vtt import read_vtt
from launcher.workshop.timed_text.xml_forms import parsed, read_elan, read_ttml, read_youtube_xml
from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding
from pod_image.dataset import Code
from pod_image.dataset.encoding import decode
from pod_image.dataset.timed_texts import AUDACITY, BY_ENDING, HTK, JSON, STAMPED, TABLE, timed_kind

_LINE_FORMS = {
    BY_ENDING[".srt"]: read_srt,
    BY_ENDING[".vtt"]: read_vtt,
    BY_ENDING[".sbv"]: read_sbv,
    BY_ENDING[".lrc"]: read_lrc,
    BY_ENDING[".ass"]: read_substation,
    AUDACITY: read_labels,
    TABLE: read_timed_table,
}
_IN_THE_ORDER_OF_TIME = (BY_ENDING[".srt"], BY_ENDING[".vtt"], BY_ENDING[".sbv"], AUDACITY, TABLE)
"""Forms whose lines a program writes as they are said; the others may be in any order."""


@dataclass(frozen=True)
class TimedText:
    """Cues in order of time, none over another; `findings` are of the text alone, without its sound."""

    kind: str
    cues: list[Cue]
    findings: list[Finding]


def read_timed_text(name: str, raw: bytes) -> TimedText:
    """TimedTextFault for a file that is damaged, or that contains no texts with times."""
    kind = timed_kind(name, raw)
    if kind is None:
        raise TimedTextFault("contains no texts with times")
    if kind == HTK:
        raise TimedTextFault("holds labels of sounds or words, not sentences")
    if kind == STAMPED:
        raise TimedTextFault(
            "has its times in a form that is not supported; export it as SRT or WebVTT"
        )
    pieces, findings = _pieces(kind, name, raw)
    if kind in _IN_THE_ORDER_OF_TIME:
        findings += backwards(pieces, name)
    unrolled = each_once([each for each in pieces if each.end > each.start])
    if unrolled.repeats:
        findings.append(Code.CAPTIONS_ROLLING.finding(
            name, f"Captions that repeat the previous line: {unrolled.repeats:,}. Each line is used once.", ""
        ))  # fmt: skip
    taken = TakenOut()
    cues = list(_cues(unrolled.pieces, taken))
    findings += _of_taken(taken, name)
    ordered = in_time(cues, name)
    if not any(cue.text for cue in ordered.cues):
        raise TimedTextFault("has no words with times")
    return TimedText(kind, _with_speakers(ordered.cues), findings + ordered.findings)


def _pieces(kind: str, name: str, raw: bytes) -> tuple[list[Piece], list[Finding]]:
    if kind in (BY_ENDING[".eaf"], BY_ENDING[".ttml"], BY_ENDING[".srv1"]):
        root = parsed(raw)
        if kind == BY_ENDING[".ttml"]:
            return read_ttml(root), []
        if kind == BY_ENDING[".srv1"]:
            return read_youtube_xml(root), []
        chosen = said_in(read_elan(root))
    elif kind == BY_ENDING[".textgrid"]:
        chosen = said_in(read_textgrid(decode(raw).text))
    elif kind == JSON:
        return read_recogniser(decode(raw).text), []
    elif kind == BY_ENDING[".ctm"]:
        return cues_of_words(read_ctm(decode(raw).lines())), []
    else:
        return _LINE_FORMS[kind](decode(raw).lines()), []
    if not chosen.left_aside:
        return chosen.pieces, []
    note = Code.TIMED_TEXT_CHOSEN.finding(
        name, f"Read: {', '.join(chosen.read)}. Ignored: {', '.join(chosen.left_aside)}.",
        "If another row is what is said, name it 'text'.",
    )  # fmt: skip
    return chosen.pieces, [note]


def _cues(pieces: list[Piece], taken: TakenOut) -> Iterator[Cue]:
    names = names_before_colons(line for each in pieces for line in each.lines)
    for piece in pieces:
        if not any(plain_line(line) for line in piece.lines):
            continue
        said = spoken(piece.lines, names, taken)
        if not said.is_complete:
            yield Cue(piece.start, piece.end, "", piece.speaker or said.speaker)
        elif said.text:
            yield Cue(piece.start, piece.end, said.text, piece.speaker or said.speaker)


def _of_taken(taken: TakenOut, name: str) -> Iterator[Finding]:
    if out := taken.sentence():
        yield Code.TEXT_TAKEN_OUT.finding(
            name, f"Removed, because it is not spoken: {out}.",
            "If some of it is spoken, type it into its clip, or remove the brackets and make the clips again.",
        )  # fmt: skip
    if taken.kept:
        yield Code.TEXT_IN_BRACKETS.finding(
            name, f"Kept, because it may be spoken: {examples(taken.kept)}.",
            "If it is not spoken, remove it from the clip's text.",
        )  # fmt: skip
    if taken.incomplete:
        yield Code.TEXT_INCOMPLETE.finding(
            name, f"Words are missing at {examples(taken.incomplete)}: "
            f"{counted(taken.incomplete.total(), 'clip is', 'clips are')} left to be typed.",
            "Type what is said there, or leave it out.",
        )  # fmt: skip


def _with_speakers(cues: list[Cue]) -> list[Cue]:
    """Speakers only where every cue has one and they differ: one name for all is what the recording is anyway."""
    names = {cue.speaker for cue in cues}
    if None not in names and len(names) > 1:
        return cues
    return [Cue(each.start, each.end, each.text) for each in cues]
