"""Hear every recording of a folder that has no text, several at once; each is suggested as soon as it is heard."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.errors import InvalidRequest
from launcher.workshop.transcribing.suggestions import (
    SuggestedWord,
    Suggestion,
    SuggestionsFile,
    holding,
)
from launcher.workshop.transcribing.untyped import is_readable, untyped_files
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.hearing.clips import LONGEST_CLIP_SECONDS, hear_clip
from pod_image.hearing.long_recordings import CutClip, cut_clips, next_piece
from pod_image.hearing.recogniser import RATE_HZ, HeardWord, Recogniser, Sound
from pod_image.hearing.sounds import UnreadableSound, load_sound
from pod_image.hearing.speech import CHUNK_SECONDS, speech_detector

SURE_OF_LANGUAGE = 0.7
CLIPS_TO_GUESS_BY = 5
HEARING = "Recognising speech"
Tell = Callable[[str, int, int], None]
"""(what is under way, how much is done, of how much); called from several threads."""


@dataclass(frozen=True)
class Transcribed:
    """What is in the folder after a call: `suggestions` are all that wait, `heard` is how many this call added."""

    folder: Path
    language: str
    model: str
    heard: int
    heard_before: int
    suggestions: tuple[Suggestion, ...]
    not_heard: tuple[Suggestion, ...]


def transcribe_folder(
    folder: Path,
    recogniser: Recogniser,
    *,
    language: str = "",
    expected_language: str = "",
    jobs: int = 1,
    tell: Tell = lambda what, done, of: None,
) -> Transcribed:
    """Hear what has no text; nothing in the table changes.

    An empty `language` is guessed, or asked for: also where it is another than the `expected_language`.

    `tell` may raise to end it: what was heard until then stays.
    """
    file = SuggestionsFile(folder)
    with holding(file.alone()):
        wanted = untyped_files(folder)
        if not wanted and not file.read():
            raise InvalidRequest(
                "Every clip already has a text.",
                hint=Sentence(NextStep.PROOFREAD_TEXTS, " says whether they are right."),
            )
        work = _Work(folder, file, recogniser)
        known = language or _language(folder, file, wanted, recogniser, expected_language)
        known = language_code(known)
        heard, before = work.hear_all(wanted, known, jobs, tell)
        waiting = waiting_suggestions(folder)
    return Transcribed(
        folder=folder,
        language=known,
        model=recogniser.name,
        heard=heard,
        heard_before=before,
        suggestions=tuple(each for each in waiting if not each.why_not),
        not_heard=tuple(each for each in waiting if each.why_not),
    )


def waiting_suggestions(folder: Path) -> list[Suggestion]:
    """Those whose clip has no text yet, in the order of the files."""
    untyped = set(untyped_files(folder))
    found = [each for each in SuggestionsFile(folder).read() if each.heard_to is None]
    return sorted(
        (each for each in found if each.file in untyped),
        key=lambda each: (each.file, each.start or 0.0),
    )


def _language(
    folder: Path,
    file: SuggestionsFile,
    files: Sequence[str],
    recogniser: Recogniser,
    expected: str,
) -> str:
    """That of what was heard before, else what the clips sound like."""
    before = {each.language for each in file.read() if each.model == recogniser.name}
    if len(before) == 1:
        return before.pop()
    if not files:
        return expected
    readable = [each for each in files if is_readable(each)]
    sounds = []
    for path in readable[:: max(1, len(readable) // CLIPS_TO_GUESS_BY)][:CLIPS_TO_GUESS_BY]:
        with suppress(UnreadableSound):
            sounds.append(load_sound(folder / path))
    return most_likely_language(recogniser, sounds, expected)


def language_code(language: str) -> str:
    """As recognisers name it: "en" for en_US."""
    return language.replace("-", "_").split("_")[0].lower()


def most_likely_language(
    recogniser: Recogniser, sounds: Sequence[Sound], expected: str = ""
) -> str:
    """The language that most of some clips are in. InvalidRequest where that is not clear: a person knows."""
    guesses = [recogniser.guess_language(each) for each in sounds if len(each) >= RATE_HZ]
    if not guesses:
        if expected:
            return expected
        raise InvalidRequest(
            "The language cannot be detected: no recording is long enough.",
            hint=Sentence("Name it: ", NextStep.NAME_LANGUAGE),
        )
    votes: dict[str, float] = {}
    for guess in guesses:
        votes[guess.code] = votes.get(guess.code, 0.0) + guess.probability / len(guesses)
    code, sure = max(votes.items(), key=lambda each: each[1])
    if sure < SURE_OF_LANGUAGE and expected:
        return expected
    if expected and language_code(expected) != code:
        raise InvalidRequest(
            f"The dataset is marked as {expected}, but the speech sounds like {code!r}, at {sure:.0%}.",
            hint=Sentence("Give the spoken language: ", NextStep.NAME_LANGUAGE.of(code)),
        )
    if sure < SURE_OF_LANGUAGE:
        raise InvalidRequest(
            f"The language is not clear: it may be {code!r}, at {sure:.0%}.",
            hint=Sentence("Name it, for example: ", NextStep.NAME_LANGUAGE.of(code)),
        )
    return code


class _Work:
    """One call of `transcribe_folder` on its way."""

    def __init__(self, folder: Path, file: SuggestionsFile, recogniser: Recogniser) -> None:
        self._folder, self._file, self._recogniser = folder, file, recogniser
        self._writing = threading.Lock()
        self._stopped = False
        self._tell: Tell = lambda what, done, of: None
        self._known: dict[tuple[str, str], list[Suggestion]] = {}
        for each in file.read():
            self._known.setdefault((each.file, each.sha256), []).append(each)

    def hear_all(
        self, files: Sequence[str], language: str, jobs: int, tell: Tell
    ) -> tuple[int, int]:
        """(how many were heard now, how many had been before)"""
        heard = before = 0
        self._tell = tell
        tell(HEARING, 0, len(files))
        with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="hearing") as pool:
            waiting = [pool.submit(self._hear, path, language) for path in files]
            try:
                for done, each in enumerate(as_completed(waiting), 1):
                    now = each.result()
                    heard, before = heard + now, before + (not now)
                    tell(HEARING, done, len(files))
            except BaseException:
                self._stopped = True
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return heard, before

    def _hear(self, path: str, language: str) -> bool:
        """Whether it had to be listened to."""
        raw = (self._folder / path).read_bytes()
        digest = hashlib.sha256(raw).hexdigest()
        known = [
            each
            for each in self._known.get((path, digest), [])
            if each.model == self._recogniser.name and each.language == language
        ]
        if any(each.start is None and each.heard_to is None for each in known):
            return False

        def suggestion(words: Iterable[HeardWord] = (), why_not: str = "") -> Suggestion:
            rated = tuple(SuggestedWord(each.text, each.probability) for each in words)
            return Suggestion(path, digest, language, self._recogniser.name, rated, why_not)

        try:
            if not is_readable(path):
                raise UnreadableSound("must be cut into clips first")
            sound = load_sound(raw)
        except UnreadableSound as exc:
            self._write([suggestion(why_not=f"It {exc}.")])
            return True
        if len(sound) / RATE_HZ <= LONGEST_CLIP_SECONDS:
            clip = hear_clip(self._recogniser, speech_detector(), sound, language)
            self._write([suggestion(clip.heard.words, clip.why_not)])
            return True
        return self._hear_long(sound, suggestion(), known)

    def _hear_long(self, sound: Sound, like: Suggestion, known: Sequence[Suggestion]) -> bool:
        """Piece by piece, each written with where it ends, from where an earlier call came to."""
        probabilities = speech_detector().probabilities(sound)
        length = len(probabilities) * CHUNK_SECONDS
        start = max((each.heard_to or 0.0 for each in known), default=0.0)
        if start >= length - CHUNK_SECONDS:
            return False
        while start < length - CHUNK_SECONDS and not self._stopped:
            end = next_piece(probabilities, start)
            piece = sound[round(start * RATE_HZ) : round(end * RATE_HZ)]
            heard = self._recogniser.hear_long(piece, like.language)
            first, last = round(start / CHUNK_SECONDS), round(end / CHUNK_SECONDS)
            cuts = cut_clips(piece, probabilities[first:last], heard.words)
            parts = [_part(like, start, cut, self._as_cut(piece, cut, like)) for cut in cuts]
            self._write([*parts, replace(like, heard_to=end)])
            start = end
            self._tell(f"Minutes heard of {like.file}", round(start / 60), round(length / 60))
        return True

    def _as_cut(self, piece: Sound, cut: CutClip, like: Suggestion) -> tuple[HeardWord, ...]:
        """The words with how well they fit the very clip: a cut inside a word shows there."""
        sound = piece[round(cut.start * RATE_HZ) : round(cut.end * RATE_HZ)]
        if len(sound) / RATE_HZ > LONGEST_CLIP_SECONDS:
            return cut.heard.words
        score = self._recogniser.score(sound, [cut.heard.text], like.language)[0]
        if len(score.words) != len(cut.heard.words):
            return cut.heard.words
        return tuple(
            HeardWord(word.text, word.start, word.end, fits.probability)
            for word, fits in zip(cut.heard.words, score.words, strict=True)
        )

    def _write(self, suggestions: list[Suggestion]) -> None:
        with self._writing:
            self._file.add(suggestions)


def _part(like: Suggestion, start: float, cut: CutClip, words: Sequence[HeardWord]) -> Suggestion:
    rated = tuple(SuggestedWord(each.text, each.probability) for each in words)
    return replace(
        like, words=rated, start=round(start + cut.start, 3), end=round(start + cut.end, 3)
    )
