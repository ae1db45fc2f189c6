"""Which column of a table is the file, the text and the speaker: by header, else by what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FILE_NAMES = (
    "file_name", "filename", "file", "audio_file", "audio_filepath", "audio_path", "audio", "path",
    "wav", "wav_file", "clip", "id", "utt_id", "key",
)  # fmt: skip
TEXT_NAMES = (
    "text", "transcription", "transcript", "normalized_text", "text_normalized", "normalised_text",
    "normalized", "normalised", "sentence", "raw_text", "text_original", "phrase",
)  # fmt: skip
SPEAKER_NAMES = ("speaker", "speaker_id", "speaker_name", "spk", "client_id", "voice")

LONGEST_SPEAKER_CHARACTERS = 64
MOST_SPEAKER_WORDS = 4


@dataclass(frozen=True)
class Columns:
    """Positions; `how` says in words why, for the note a person reads. `is_unsure`: the rows fit two readings."""

    file: int
    text: int
    speaker: int | None
    count: int
    how: str
    has_header: bool = False
    is_unsure: bool = False


def from_names(names: Sequence[str]) -> Columns | None:
    """Columns by their header; None if no file or no text column is named there."""
    plain = [name.strip().strip('"').lower().replace(" ", "_") for name in names]
    file, text = _first(plain, FILE_NAMES), _first(plain, TEXT_NAMES)
    # LJSpeech-like headers name both texts; the normalised one is what is spoken.
    spoken = _first(plain, ("normalized_text", "text_normalized", "normalised_text", "normalized"))
    text = spoken if spoken is not None else text
    if file is None or text is None or file == text:
        return None
    how = f"by its header: file in {names[file]!r}, text in {names[text]!r}"
    return Columns(file, text, _first(plain, SPEAKER_NAMES), len(names), how, has_header=True)


def from_rows(rows: Sequence[Sequence[str]]) -> Columns:
    """Columns of a table without header, from all its rows (each with the same number of columns)."""
    count = len(rows[0])
    if count == 2:
        return Columns(0, 1, None, 2, "two columns: file and text")
    if count == 3:
        return _of_three(rows)
    return Columns(0, count - 1, 1, count, f"{count} columns: file, speaker, …, text")


def _of_three(rows: Sequence[Sequence[str]]) -> Columns:
    middle = [row[1].strip() for row in rows]
    last = [row[2].strip() for row in rows]
    lj = Columns(0, 2, None, 3, "three columns as LJSpeech: file, text, normalised text")
    speakers = Columns(0, 2, 1, 3, "three columns: file, speaker, text")
    if not any(last):
        return Columns(0, 1, None, 3, "three columns, the last of them empty: file and text")
    same = sum(_is_same_text(one, other) for one, other in zip(middle, last, strict=True))
    if same >= 0.5 * len(rows):
        return lj
    if all(_could_be_speaker(each) for each in middle):
        distinct = len(set(middle))
        repeats = distinct <= max(1, len(rows) // 2)
        much_shorter = sum(map(len, middle)) * 2 < sum(map(len, last))
        if repeats or much_shorter:
            unsure = not repeats and len(rows) > 1
            return Columns(0, 2, 1, 3, speakers.how, is_unsure=unsure)
    return Columns(0, 2, None, 3, lj.how, is_unsure=same < 0.2 * len(rows))


def _is_same_text(one: str, other: str) -> bool:
    """Equal but for numbers and abbreviations spelt out: some of the first words are shared."""
    if one == other:
        return True
    mine, theirs = one.lower().split(), other.lower().split()
    if len(mine) < 2 or len(theirs) < 2:
        return False
    shared = len(set(mine) & set(theirs))
    return shared * 2 >= min(len(set(mine)), len(set(theirs)))


def _could_be_speaker(text: str) -> bool:
    return 0 < len(text) <= LONGEST_SPEAKER_CHARACTERS and len(text.split()) <= MOST_SPEAKER_WORDS


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(each) for each in wanted if each in names), None)
