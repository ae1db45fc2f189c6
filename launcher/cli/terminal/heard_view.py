"""What was heard in words for a terminal: suggestions, texts that are wrong, what was moved."""

from __future__ import annotations

from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.dataset_view import finding_text
from launcher.cli.terminal.layout import pairs, paragraph
from launcher.cli.terminal.plain_text import plain_text_line
from launcher.workshop.transcribing.accepting import Accepted
from launcher.workshop.transcribing.proofread import Proof
from launcher.workshop.transcribing.repair import Repaired
from launcher.workshop.transcribing.suggestions import Suggestion
from launcher.workshop.transcribing.transcribe import Transcribed
from pod_image.contract.figures import counted

SHOWN = 20
LEFT_OUT_SHOWN = 5


def transcribed_text(made: Transcribed, source: str) -> str:
    """What was heard, what waits, and what to do with it."""
    lines = [
        f"{counted(made.heard, 'clip')} transcribed with {made.model}"
        + (f" in {made.language}" if made.language else "")
        + (f"; {made.heard_before:,} had already been transcribed." if made.heard_before else ".")
    ]
    lines += [_suggestion(each) for each in made.suggestions[:SHOWN]]
    if len(made.suggestions) > SHOWN:
        lines.append(f"and {len(made.suggestions) - SHOWN:,} more suggestions")
    lines += [
        paragraph(plain_text_line(f"{each.file}: {each.why_not}"), hanging=2)
        for each in made.not_heard[:SHOWN]
    ]
    sure = sum(each.is_sure for each in made.suggestions)
    if made.suggestions:
        lines.append(
            paragraph(
                f"{counted(len(made.suggestions), 'suggestion')}, {sure:,} without uncertain words. Listen and "
                "correct them on the dataset's page, or accept them unchanged: "
                f"{command_line('dataset', 'transcribe', source, '--accept', 'sure')}",
                hanging=2,
            )
        )
    return "\n".join(lines)


def _suggestion(each: Suggestion) -> str:
    place = each.file if each.start is None else f"{each.file} at {each.start:.1f} s"
    words = " ".join(word.text if word.is_sure else f"[{word.text}]" for word in each.words)
    return paragraph(plain_text_line(f"{place} ({each.confidence:.0%}): {words}"), hanging=2)


def accepted_text(accepted: Accepted) -> str:
    cut = (
        f" {counted(accepted.clips, 'clip was', 'clips were')} cut out of long recordings."
        if accepted.clips
        else ""
    )
    left = (
        f" {counted(accepted.left, 'suggestion still waits', 'suggestions still wait')}."
        if accepted.left
        else ""
    )
    return f"{counted(accepted.texts, 'transcript')} saved.{cut}{left}"


def proof_text(proof: Proof) -> str:
    """How many texts were compared, every finding, and what could not be compared."""
    rows = [
        ("Dataset", proof.dataset),
        ("Compared", f"{proof.compared:,} of {proof.rows:,} transcripts, by {proof.model} ({proof.language})"),
        ("Wrong", counted(len(proof.wrong), "finding") if proof.hears_well else "cannot be told with this model"),
    ]  # fmt: skip
    lines = [pairs(rows), *(finding_text(each) for each in proof.findings)]
    lines += [plain_text_line(f"not compared: {each}") for each in proof.left_out[:LEFT_OUT_SHOWN]]
    if len(proof.left_out) > LEFT_OUT_SHOWN:
        lines.append(f"and {len(proof.left_out) - LEFT_OUT_SHOWN:,} more were not compared")
    if not proof.findings:
        lines.append(proof.no_findings_sentence)
    return "\n".join(lines)


def repaired_text(repaired: Repaired, *, is_undo: bool = False) -> str:
    if is_undo:
        return f"{counted(repaired.moved, 'transcript')} moved back."
    empty = (
        f" {counted(repaired.emptied, 'clip')} now without a transcript: launcher dataset transcribe suggests one."
        if repaired.emptied
        else ""
    )
    return (
        f"{counted(repaired.moved, 'transcript moved to its clip', 'transcripts moved to their clips')}.{empty} "
        "Undo with --undo."
    )
