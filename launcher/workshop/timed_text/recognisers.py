"""JSON of speech recognisers, as their makers document it, to cues or words.

One reader for all: what they differ in is where the list is, what its times are called, and in which unit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from launcher.workshop.timed_text.clock import ended_by_the_next, in_seconds, seconds_of
from launcher.workshop.timed_text.cue import Piece, TimedTextFault, Word
from launcher.workshop.timed_text.timed_words import cues_of_words, is_end_of_sentence

Record = dict[str, Any]

_STARTS = ("start", "start_time", "startTime", "startOffset", "begin", "ts")
_ENDS = ("end", "end_time", "endTime", "endOffset", "end_ts", "stop")
_TEXTS = (
    "text",
    "transcript",
    "sentence",
    "display",
    "punctuated_word",
    "word",
    "content",
    "value",
)
_SPEAKERS = ("speaker", "speaker_label", "speaker_id", "speakerTag", "speakerLabel", "speaker_tag")
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_TICKS_PER_SECOND = 1e7
_NOT_WORDS = ("spacing", "audio_event", "speaker-change", "entity")


def read_recogniser(text: str) -> list[Piece]:
    """Cues of whichever recogniser wrote it. TimedTextFault for JSON in which nothing has times."""
    documents = list(_documents(text))
    if len(documents) == 1 and isinstance(documents[0], list):
        documents = [{"segments": documents[0]}]
    pieces = [
        piece
        for document in documents
        if isinstance(document, dict)
        for piece in _of_document(document)
    ]
    if not pieces:
        raise TimedTextFault(
            "is JSON, but not from a recogniser that is known here: it has no texts with start and end"
        )
    return pieces


def _documents(text: str) -> Iterator[Any]:
    """One value, or one after the other: Vosk's programs write an object for each result."""
    decoder, at = json.JSONDecoder(), 0
    while (start := len(text) - len(text[at:].lstrip())) < len(text):
        try:
            value, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as exc:
            raise TimedTextFault("is JSON that breaks off or is damaged") from exc
        yield value


def _of_document(document: Record) -> list[Piece]:
    for read in _FORMS:
        if pieces := read(document):
            return pieces
    return []


# Each maker's form; the first that gives cues counts


def _whisper_cpp(document: Record) -> list[Piece]:
    pieces = []
    for each in _records(document.get("transcription")):
        offsets = each.get("offsets")
        if isinstance(offsets, dict):
            start, end = seconds_of(offsets.get("from")), seconds_of(offsets.get("to"))
            if start is not None and end is not None:
                pieces.append(_piece(start / 1000, end / 1000, each))
    return pieces


def _hugging_face(document: Record) -> list[Piece]:
    """Pipelines of transformers: chunks with [start, end]; the last end may be missing. May be single words."""
    pieces = []
    for each in _records(document.get("chunks")):
        times = each.get("timestamp")
        if isinstance(times, list) and len(times) == 2 and seconds_of(times[0]) is not None:
            start = seconds_of(times[0]) or 0.0
            end = seconds_of(times[1])
            pieces.append(_piece(start, start if end is None else end, each))
    return _or_words(ended_by_the_next(pieces))


def _youtube(document: Record) -> list[Piece]:
    """json3: events with pieces of text; windows and line breaks have none."""
    pieces = []
    for each in _records(document.get("events")):
        said = "".join(str(one.get("utf8", "")) for one in _records(each.get("segs")))
        start, lasts = seconds_of(each.get("tStartMs")), seconds_of(each.get("dDurationMs"))
        if said.strip() and start is not None:
            end = (start + (lasts or 0.0)) / 1000
            pieces.append(Piece(start / 1000, end, tuple(said.strip().split("\n"))))
    return pieces


def _amazon(document: Record) -> list[Piece]:
    results = document.get("results")
    if not isinstance(results, dict):
        return []
    segments = _segments(results.get("audio_segments"))
    return segments or cues_of_words(_words_with_marks(results.get("items")))


def _speechmatics(document: Record) -> list[Piece]:
    return cues_of_words(_words_with_marks(document.get("results")))


def _deepgram(document: Record) -> list[Piece]:
    results = document.get("results")
    if not isinstance(results, dict):
        return []
    if utterances := _segments(results.get("utterances")):
        return utterances
    for channel in _records(results.get("channels")):
        for alternative in _records(channel.get("alternatives"))[:1]:
            if words := _timed_words(alternative.get("words")):
                return cues_of_words(words)
            paragraphs = alternative.get("paragraphs")
            found = paragraphs.get("paragraphs") if isinstance(paragraphs, dict) else None
            sentences = [s for one in _records(found) for s in _segments(one.get("sentences"))]
            if sentences:
                return sentences
    return []


def _google(document: Record) -> list[Piece]:
    """Google and IBM: results with alternatives, of which the first counts. Without words only the ends are known."""
    results = _records(document.get("results"))
    best = [(one, each) for one in results for each in _records(one.get("alternatives"))[:1]]
    by_result = [_timed_words(each.get("words")) or _watson_words(each) for _, each in best]
    if any(by_result):
        spoken = [words for words in by_result if words]
        # With speakers asked for, Google's last result repeats all words of the others, now with their speakers.
        repeats = len(spoken) > 1 and spoken[-1][0].start <= spoken[0][0].start
        return cues_of_words(spoken[-1] if repeats else [w for words in spoken for w in words])
    pieces, at = [], 0.0
    for result, each in best:
        end = seconds_of(result.get("resultEndTime") or result.get("resultEndOffset"))
        if end is not None and end > at:
            pieces.append(_piece(at, end, each))
            at = end
    return pieces


def _watson_words(alternative: Record) -> list[Word]:
    stamps = alternative.get("timestamps")
    rows = stamps if isinstance(stamps, list) else []
    return [
        Word(float(row[1]), float(row[2]), str(row[0]))
        for row in rows
        if isinstance(row, list) and len(row) == 3 and seconds_of(row[1]) is not None
    ]


def _azure(document: Record) -> list[Piece]:
    pieces = []
    for each in _records(document.get("recognizedPhrases")):
        best = _records(each.get("nBest"))[:1]
        ticks = (each.get("offsetInTicks"), each.get("durationInTicks"))
        if all(isinstance(one, int | float) for one in ticks):
            start, lasts = (float(one or 0) / _TICKS_PER_SECOND for one in ticks)
        else:
            start, lasts = _iso_seconds(each.get("offset")), _iso_seconds(each.get("duration"))
        pieces += [
            _piece(start, start + lasts, {**one, "speaker": each.get("speaker")}) for one in best
        ]
    for each in _records(document.get("phrases")):
        offset, lasting = (
            seconds_of(each.get(f"{key}Milliseconds")) for key in ("offset", "duration")
        )
        if offset is not None and lasting is not None:
            pieces.append(_piece(offset / 1000, (offset + lasting) / 1000, each))
    return pieces


def _rev(document: Record) -> list[Piece]:
    pieces: list[Piece] = []
    for monologue in _records(document.get("monologues")):
        words: list[Word] = []
        for element in _records(monologue.get("elements")):
            start, end = seconds_of(element.get("ts")), seconds_of(element.get("end_ts"))
            value = str(element.get("value", ""))
            if start is not None and end is not None:
                words.append(Word(start, end, value, _speaker(monologue)))
            elif words:
                words[-1] = _with_mark(words[-1], value.strip())
        pieces += cues_of_words(words)
    return pieces


def _segments_of_any(document: Record) -> list[Piece]:
    """Whisper and its kin, AssemblyAI, Gladia, Premiere: a list of texts with start and end, under a usual name."""
    for key in ("segments", "utterances", "sentences", "phrases", "cues", "subtitles", "results"):
        if pieces := _segments(document.get(key)):
            return _or_words(pieces)
    return []


def _words_of_any(document: Record) -> list[Piece]:
    """Vosk, AssemblyAI, ElevenLabs, OpenAI: words alone."""
    for key in ("words", "result", "word_segments", "fragments", "tokens"):
        if words := _timed_words(document.get(key)):
            return cues_of_words(words)
    return []


def _inner(document: Record) -> list[Piece]:
    """The answer of a service around the transcript itself."""
    for key in ("transcription", "transcript", "result", "results", "data", "output", "response"):
        inner = document.get(key)
        for one in _records(inner if isinstance(inner, list) else [inner]):
            if pieces := _of_document(one):
                return pieces
    return []


_FORMS: tuple[Callable[[Record], list[Piece]], ...] = (
    _whisper_cpp,
    _hugging_face,
    _youtube,
    _amazon,
    _deepgram,
    _azure,
    _rev,
    _google,
    _segments_of_any,
    _speechmatics,
    _words_of_any,
    _inner,
)


# What they have in common


def _records(value: object) -> list[Record]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _times(record: Record) -> tuple[float, float] | None:
    start = next((seconds_of(record[key]) for key in _STARTS if key in record), None)
    end = next((seconds_of(record[key]) for key in _ENDS if key in record), None)
    if start is not None and end is None and (lasts := seconds_of(record.get("duration"))):
        end = start + lasts
    return None if start is None or end is None else (start, end)


def _text(record: Record) -> str | None:
    text = next((record[key] for key in _TEXTS if isinstance(record.get(key), str)), None)
    if text is None and (words := _records(record.get("words"))):
        text = " ".join(str(_text(one) or "").strip() for one in words)
    return text


def _speaker(record: Record) -> str | None:
    found = next((record[key] for key in _SPEAKERS if record.get(key) is not None), None)
    if isinstance(found, dict):
        found = found.get("name") or found.get("id")
    return None if found is None or found == "" else str(found)


def _piece(start: float, end: float, record: Record) -> Piece:
    return Piece(start, end, tuple(str(_text(record) or "").strip().split("\n")), _speaker(record))


def _segments(value: object) -> list[Piece]:
    """Texts with times, in whichever unit people can speak them."""
    found = [(each, _times(each)) for each in _records(value)]
    return in_seconds([_piece(*t, each) for each, t in found if t and _text(each) is not None])


def _timed_words(value: object) -> list[Word]:
    """Words with times. A word that has none (numbers, in WhisperX) belongs to the one before."""
    words: list[Word] = []
    for each in _records(value):
        if each.get("type") in _NOT_WORDS:
            continue
        times, text = _times(each), _text(each)
        text = str(each.get("punctuated_word") or text or "")
        if times and text.strip():
            words.append(Word(*times, text, _speaker(each)))
        elif words and text.strip():
            words[-1] = _with_mark(words[-1], " " + text.strip())
    return _in_seconds(words)


def _words_with_marks(value: object) -> list[Word]:
    """Amazon and Speechmatics: punctuation is an item of its own, and the words are alternatives of an item."""
    words: list[Word] = []
    for each in _records(value):
        best = (_records(each.get("alternatives")) or [{}])[0]
        text, times = str(best.get("content", "")), _times(each)
        if each.get("type") == "punctuation" and words:
            words[-1] = _with_mark(words[-1], text)
        elif times and text:
            words.append(Word(*times, text, _speaker(each) or _speaker(best)))
    return words


def _in_seconds(words: Sequence[Word]) -> list[Word]:
    pieces = in_seconds([Piece(each.start, each.end, (each.text,)) for each in words])
    return [
        Word(piece.start, piece.end, word.text, word.speaker)
        for piece, word in zip(pieces, words, strict=True)
    ]


def _with_mark(word: Word, mark: str) -> Word:
    return Word(word.start, word.end, word.text + mark, word.speaker)


def _or_words(pieces: Sequence[Piece]) -> list[Piece]:
    """A list in which each text is a single word is one of words."""
    texts = [" ".join(each.lines).strip() for each in pieces]
    if len(texts) < 3 or any(" " in each for each in texts):
        return list(pieces)
    if all(is_end_of_sentence(each) for each in texts):
        return list(pieces)
    return cues_of_words(
        [Word(each.start, each.end, t, each.speaker) for each, t in zip(pieces, texts, strict=True)]
    )


def _iso_seconds(value: object) -> float:
    found = _DURATION.fullmatch(str(value))
    if not found:
        return 0.0
    hours, minutes, seconds = found.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0)
