"""Documents about what is said in clips: texts that were suggested, compared, and moved."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypedDict

from launcher.cli.documents.plan import FindingFacts, findings_facts
from launcher.workshop.transcribing.accepting import Accepted
from launcher.workshop.transcribing.proofread import Move, Proof
from launcher.workshop.transcribing.repair import Repaired
from launcher.workshop.transcribing.suggestions import SuggestedWord, Suggestion
from launcher.workshop.transcribing.transcribe import Transcribed


class HeardText(TypedDict):
    """What speech recognition heard in a clip, or in a part of a long recording."""

    file: str
    text: str
    confidence: float
    """From 0 to 1."""
    words: list[SuggestedWord]
    unsure_words: list[str]
    is_sure: bool
    """true if no word is unsure."""
    why_not: str
    """Why there is no text; empty if there is one."""
    language: str
    model: str
    sha256: str
    """SHA-256 of the file."""
    start_seconds: float | None
    """Start of the part; null for the entire file."""
    end_seconds: float | None


class DatasetTranscribe(TypedDict):
    """What was heard in clips without a transcript. The last line on stdout."""

    schema: Literal["dataset.transcribe"]
    version: Literal[1]
    folder: Path
    model: str
    language: str
    heard: int
    heard_before: int
    suggestions: list[HeardText]
    """Suggestions that wait to be accepted."""
    not_heard: list[HeardText]
    accepted: Accepted | None
    """What --accept did; null without it."""


class DatasetProofread(TypedDict):
    """How well transcripts agree with their clips. The last line on stdout."""

    schema: Literal["dataset.proofread"]
    version: Literal[1]
    dataset: str
    model: str
    language: str
    rows: int
    compared: int
    hears_well: bool
    """false if the model understands too little of it to call a transcript wrong."""
    findings: list[FindingFacts]
    moves: list[Move]
    """What --repair would move, or moved."""
    least_probability: dict[str, float]
    """Probability of the least likely word of each line, by place."""
    left_out: list[str]
    """Lines that could not be compared, and why."""
    repaired: Repaired | None


class DatasetProofreadUndo(TypedDict):
    """The repair that was undone. The last line on stdout."""

    schema: Literal["dataset.proofread.undo"]
    version: Literal[1]
    moved: int
    emptied: int


def transcribed_document(made: Transcribed, accepted: Accepted | None) -> DatasetTranscribe:
    return {
        "schema": "dataset.transcribe",
        "version": 1,
        "folder": made.folder,
        "model": made.model,
        "language": made.language,
        "heard": made.heard,
        "heard_before": made.heard_before,
        "suggestions": [_heard(each) for each in made.suggestions],
        "not_heard": [_heard(each) for each in made.not_heard],
        "accepted": accepted,
    }


def proof_document(proof: Proof, repaired: Repaired | None) -> DatasetProofread:
    return {
        "schema": "dataset.proofread",
        "version": 1,
        "dataset": proof.dataset,
        "model": proof.model,
        "language": proof.language,
        "rows": proof.rows,
        "compared": proof.compared,
        "hears_well": proof.hears_well,
        "findings": findings_facts(proof.findings),
        "moves": list(proof.moves),
        "least_probability": proof.least,
        "left_out": list(proof.left_out),
        "repaired": repaired,
    }


def undone_repair_document(back: Repaired) -> DatasetProofreadUndo:
    return {
        "schema": "dataset.proofread.undo",
        "version": 1,
        "moved": back.moved,
        "emptied": back.emptied,
    }


def _heard(each: Suggestion) -> HeardText:
    return {
        "file": each.file,
        "text": each.text,
        "confidence": each.confidence,
        "words": list(each.words),
        "unsure_words": list(each.unsure_words),
        "is_sure": each.is_sure,
        "why_not": each.why_not,
        "language": each.language,
        "model": each.model,
        "sha256": each.sha256,
        "start_seconds": each.start,
        "end_seconds": each.end,
    }
