"""Which column of a table is the file, the text and the speaker: by header, else by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from pod_image.dataset.endings import is_audio

FILE_NAMES = (
    "file_name", "filename", "file", "audio_file", "audio_filepath", "audio_path", "audio", "path",
    "wav", "wav_file", "wav_filename", "file_path", "filepath", "relative_path", "recording", "clip",
    "datei", "dateiname", "fichier", "archivo", "arquivo", "bestand", "nome_file", "plik", "файл",
    "音频", "文件", "id", "utt_id", "key",
)  # fmt: skip
SPOKEN_NAMES = ("normalized_text", "text_normalized", "normalised_text", "normalized", "normalised")
"""A table that has both kinds of text says here what is spoken."""
TEXT_NAMES = (
    "text", "transcription", "transcript", *SPOKEN_NAMES, "sentence", "raw_text", "text_original",
    "phrase", "utterance", "spoken_text", "satz", "transkript", "texte", "phrase_lue", "texto",
    "testo", "frase", "tekst", "текст", "文本",
)  # fmt: skip
SPEAKER_NAMES = ("speaker", "speaker_id", "speaker_name", "spk", "spk_id", "client_id", "voice")
FILE_WORDS = frozenset(
    {"file", "filename", "filepath", "path", "wav", "audio", "clip", "recording"}
)
TEXT_WORDS = frozenset({"text", "transcript", "transcription", "sentence", "utterance"})
OTHER_WORDS = frozenset(
    {"id", "duration", "length", "size", "count", "hash", "rate", "seconds", "domain", "start", "end", "votes"}
)  # fmt: skip
"""A column with one of these in its name is about the file or the text, and neither."""

LONGEST_SPEAKER_CHARACTERS = 64
MOST_SPEAKER_WORDS = 4
MOST_HEADER_WORDS = 3
SAMPLE = 200
"""Rows that are asked where they lead."""
NUMERIC = re.compile(r"(?=\D*\d)[\d\s.,:;+\-–/%]+")
WHOLE_NUMBER = re.compile(r"\d{1,5}")
MOST_TEXTS_IN_NUMBERS = 0.1
FEWEST_WORDS_OF_TEXT = 2.0

Leads = Callable[[str], bool]
"""Whether a cell leads to a file of sound."""


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


@dataclass(frozen=True)
class Lacking:
    """A table that cannot be one of transcripts; `what` is what its columns do not have."""

    what: str


NO_TEXTS = Lacking("No column of it holds texts.")
NUMBERS_ALONE = Lacking("Its text column contains only numbers; write them as words.")
NO_FILES = Lacking("No column of it names files.")


def find_header(
    first: Sequence[str], rows: Sequence[Sequence[str]], leads: Leads
) -> Columns | Lacking | None:
    """What the first line says of the columns, with some of the lines below it; None if it is a row like them."""
    named = from_names(first, rows)
    if named is not None:
        return named
    if not any(leads(cell) or is_audio(cell) for cell in first):
        partly = _from_half_a_header(first, rows, leads)
        if partly is not None:
            return partly
    if rows and _is_foreign_header(first, rows, leads):
        below = from_content(rows, leads)
        if isinstance(below, Lacking):
            return below
        return replace(below, how=f"{below.how}, below a header", has_header=True)
    return None


def from_names(names: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> Columns | None:
    """Columns by their header; None if no file or no text column is named there."""
    plain = [_plain(name) for name in names]
    file = _first(plain, FILE_NAMES)
    text = next(
        (at for at in _all(plain, (*SPOKEN_NAMES, *TEXT_NAMES)) if not is_numeric(rows, at)), None
    )
    if file is None and text is not None:
        file = _by_words(names, FILE_WORDS, rows)
    elif text is None and file is not None:
        text = _by_words(names, TEXT_WORDS, rows)
    if file is None or text is None or file == text:
        return None
    return _of_header(names, file, text)


def is_numeric(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether a column holds numbers and nothing else to speak of: lengths, counts, ids. An empty one does not."""
    cells = [row[column] for row in rows if len(row) > column and row[column].strip()]
    numbers = sum(NUMERIC.fullmatch(cell) is not None for cell in cells)
    return bool(cells) and numbers >= (1 - MOST_TEXTS_IN_NUMBERS) * len(cells)


def _of_header(names: Sequence[str], file: int, text: int) -> Columns:
    how = f"by its header: file in {names[file]!r}, text in {names[text]!r}"
    plain = [_plain(name) for name in names]
    return Columns(file, text, _first(plain, SPEAKER_NAMES), len(names), how, has_header=True)


def _from_half_a_header(
    names: Sequence[str], rows: Sequence[Sequence[str]], leads: Leads
) -> Columns | Lacking | None:
    """The header names one of the two: the other is found by what stands in it, or the table has none."""
    plain = [_plain(name) for name in names]
    file, text = _first(plain, FILE_NAMES), _first(plain, TEXT_NAMES)
    if file is None and text is None:
        return None
    about = {at for at, name in enumerate(plain) if OTHER_WORDS & set(name.split("_"))}
    if file is None or file == text:
        file = _leading_column(rows, leads, about)
        if file is None:
            return NO_FILES
    if text is not None and text != file and is_numeric(rows, text):
        other = _wordiest(rows, about | {file, text, *_all(plain, SPEAKER_NAMES)})
        return _of_header(names, file, other) if other is not None else NUMBERS_ALONE
    if text is None or text == file:
        text = _wordiest(rows, about | {file, *_all(plain, SPEAKER_NAMES)})
        if text is None:
            return NO_TEXTS
    return _of_header(names, file, text)


def _is_foreign_header(first: Sequence[str], rows: Sequence[Sequence[str]], leads: Leads) -> bool:
    """Names of columns in a language that is not known here: short, and no file where all other lines have one."""
    if any(
        leads(cell) or is_audio(cell) or len(cell.split()) > MOST_HEADER_WORDS for cell in first
    ):
        return False
    if any(mark in cell for cell in first for mark in ".!?,/\\") or len(set(first)) < len(first):
        return False
    file = _leading_column(rows, leads)
    if file is None or not all(leads(row[file]) for row in rows if len(row) > file):
        return False
    words = [len(cell.split()) for row in rows for at, cell in enumerate(row) if at != file]
    return bool(words) and max(words) > MOST_HEADER_WORDS


def from_content(rows: Sequence[Sequence[str]], leads: Leads) -> Columns | Lacking:
    """Without a header: the file is in the column that leads to files, or in the first."""
    file = _leading_column(rows[:SAMPLE], leads) or 0
    count = len(rows[0])
    speaker = None
    if file != 0:
        text = _wordiest(rows, {file})
        speaker = _speaker_column(rows, {file, text})
        how = f"{count} columns: file in column {file + 1}"
    else:
        found = from_rows(rows)
        if not is_numeric(rows, found.text):
            return found
        text = _wordiest(rows, {0, found.speaker or 0})
        how = f"{count} columns: file in the first"
    if text is None:
        return NO_TEXTS
    return Columns(file, text, speaker, count, f"{how}, text in column {text + 1}")


def _speaker_column(rows: Sequence[Sequence[str]], but: Collection[int | None]) -> int | None:
    """The one column of a few short names that come again and again."""
    found = []
    for at in range(len(rows[0])):
        names = [row[at].strip() for row in rows]
        repeats = 1 < len(set(names)) <= len(names) // 2
        if at not in but and repeats and all(map(_could_be_speaker, names)):
            found.append(at)
    return found[0] if len(found) == 1 else None


def _leading_column(
    rows: Sequence[Sequence[str]], leads: Leads, but: Collection[int] = ()
) -> int | None:
    """The column that leads to files in at least half of the rows; the one that does so most."""
    if not rows:
        return None
    width = max(len(row) for row in rows)
    hits = [
        0 if at in but else sum(leads(row[at]) for row in rows if len(row) > at)
        for at in range(width)
    ]
    # A running number may lead to "0.wav" as well as the name itself does: what ends like sound is the name.
    endings = [sum(is_audio(row[at]) for row in rows if len(row) > at) for at in range(width)]
    best = max(range(width), key=lambda at: (hits[at], endings[at], -at), default=0)
    return best if width and hits[best] and hits[best] * 2 >= len(rows) else None


def _wordiest(rows: Sequence[Sequence[str]], but: set[int]) -> int | None:
    """The column of the most words that is no number; None where no column reads like texts."""
    width = max((len(row) for row in rows), default=0)
    scores = {}
    for at in range(width):
        cells = [row[at] for row in rows if len(row) > at and row[at].strip()]
        if at not in but and cells and not is_numeric(rows, at):
            scores[at] = sum(_word_count(cell) for cell in cells) / len(cells)
    best = max(scores, key=lambda at: (scores[at], at), default=None)
    return best if best is not None and scores[best] >= FEWEST_WORDS_OF_TEXT else None


def _word_count(cell: str) -> float:
    # Chinese, Japanese and Thai write without blanks: some three letters make a word there.
    return max(len(cell.split()), sum(ord(letter) > 0x0E00 for letter in cell) / 3)


def from_rows(rows: Sequence[Sequence[str]]) -> Columns:
    """Columns of a table without header, from all its rows (each with the same number of columns)."""
    count = len(rows[0])
    if count == 2:
        return Columns(0, 1, None, 2, "two columns: file and text")
    if count == 3:
        return _of_three(rows)
    if count >= 6 and is_numeric(rows, count - 1) and is_numeric(rows, count - 2):
        how = f"{count} columns as Bert-VITS2 prepares them: file, speaker, language, text, …"
        return Columns(0, 3, 1, count, how)
    if _is_named_last([row[-1] for row in rows], [row[-2] for row in rows]):
        how = f"{count} columns: file, …, text, speaker"
        return Columns(0, count - 2, count - 1, count, how)
    if not all(_could_be_speaker(row[1].strip()) for row in rows if row[1].strip()):
        return Columns(0, count - 1, None, count, f"{count} columns: file, …, text")
    return Columns(0, count - 1, 1, count, f"{count} columns: file, speaker, …, text")


def _is_named_last(last: Sequence[str], before: Sequence[str]) -> bool:
    """Whether the last column is of speakers, after the texts: a few short names, again and again."""
    names = {each.strip() for each in last}
    words = sum(map(_word_count, before)) / len(before)
    return (
        all(_could_be_speaker(each.strip()) and len(each.split()) == 1 for each in last)
        and len(names) <= max(1, len(last) // 2)
        and words >= FEWEST_WORDS_OF_TEXT
        and (all(NUMERIC.fullmatch(each) is None for each in names) or _are_numbered_from_0(names))
    )


def _are_numbered_from_0(names: Collection[str]) -> bool:
    """Speakers as VITS and Coqui number them. No length is 0, and hardly one of a table's is a whole second."""
    return "0" in names and all(WHOLE_NUMBER.fullmatch(name) for name in names)


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
    if len(rows) > 1 and _is_named_last(last, middle):
        return Columns(0, 1, 2, 3, "three columns: file, text, speaker")
    if all(_could_be_speaker(each) for each in middle):
        distinct = len(set(middle))
        repeats = distinct <= max(1, len(rows) // 2)
        much_shorter = sum(map(len, middle)) * 2 < sum(map(len, last))
        if not repeats and is_numeric(rows, 1):
            return Columns(0, 2, None, 3, "three columns: file, a number, text")
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


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip().strip('"').casefold()).strip("_")


def _by_words(
    names: Sequence[str], words: frozenset[str], rows: Sequence[Sequence[str]]
) -> int | None:
    """A column such as "Audio file" or "Transcript (German)", where the header is known by another name of it."""
    for at, name in enumerate(names):
        parts = set(_plain(name).split("_"))
        is_short = len(name.split()) <= MOST_HEADER_WORDS and not is_audio(name)
        if is_short and parts & words and not parts & OTHER_WORDS and not is_numeric(rows, at):
            return at
    return None


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next(iter(_all(names, wanted)), None)


def _all(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Positions of the wanted names, best first."""
    return [names.index(each) for each in dict.fromkeys(wanted) if each in names]
