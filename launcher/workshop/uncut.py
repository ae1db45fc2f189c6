"""Recordings with a text with times beside them: no clips yet, and a dataset is one cut away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from launcher.workshop.beside import names_of_recordings
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import Code, FileSource, Survey
from pod_image.dataset.endings import is_audio
from pod_image.dataset.timed_texts import BY_ENDING, LOOK_BYTES, timed_kind

MOST_LOOKED_AT = 50
"""Texts whose ending does not tell; each costs a request where the dataset is remote."""
MOST_NAMED = 3
LONG_TEXT_CHARACTERS = 250
"""Some eighteen seconds of speech."""
_SAID_BY_IT = (Code.NO_TABLE, Code.NO_CLIPS)


def with_uncut(found: Survey) -> list[Finding]:
    """The findings of a survey, with one for recordings that wait to be cut, in place of "no transcripts"."""
    findings = list(found.findings)
    pairs = [*_pairs(found), *_whole_talks(found)]
    if not pairs:
        return findings
    named = ", ".join(f"{text} ({kind}) for {audio}" for audio, text, kind in pairs[:MOST_NAMED])
    more = f" and {len(pairs) - MOST_NAMED:,} more" if len(pairs) > MOST_NAMED else ""
    code = Code.TIMED_TEXT_UNUSED if found.utterances else Code.TIMED_TEXT_UNCUT
    one = code.finding(
        "", f"A text with times belongs to a recording that is not cut into clips: {named}{more}.",
        Sentence(NextStep.MAKE_DATASET, " cuts a clip for each sentence, and writes the table."),
    )  # fmt: skip
    if not found.utterances:
        texts = {text for _, text, _ in pairs}
        findings = [e for e in findings if e.code not in _SAID_BY_IT and e.place not in texts]
    return [one, *findings]


def _pairs(found: Survey) -> Iterator[tuple[str, str, str]]:
    """(recording, text, kind) for each recording of which no clip is made."""
    paths = [entry.path for entry in found.source.entries()]
    used = {each.path for each in found.utterances}
    recordings = {_key(path, name): path for path in paths if is_audio(path) and path not in used
                  for name in (PurePosixPath(path).name, PurePosixPath(path).stem)}  # fmt: skip
    if not recordings:
        return
    looked_at, told = 0, set[str]()
    for text in paths:
        names = names_of_recordings(PurePosixPath(text)) if not is_audio(text) else ()
        audio = next((recordings[k] for n in names if (k := _key(text, n)) in recordings), None)
        if audio is None or audio in told:
            continue
        kind = BY_ENDING.get(PurePosixPath(text).suffix.lower())
        if kind is None and looked_at < MOST_LOOKED_AT:
            looked_at += 1
            kind = _kind(found.source, text)
        if kind is not None:
            told.add(audio)
            yield audio, text, kind


def _whole_talks(found: Survey) -> Iterator[tuple[str, str, str]]:
    """Clips whose text is a recogniser's, with times, and too long for one clip."""
    long = [each for each in found.utterances if len(each.text) > LONG_TEXT_CHARACTERS]
    of_recogniser = [each for each in long if each.place.lower().endswith(".json")]
    for each in of_recogniser[:MOST_LOOKED_AT]:
        if (kind := _kind(found.source, each.place)) is not None:
            yield str(each.path), each.place, kind


def _key(path: str, name: str) -> str:
    return f"{PurePosixPath(path).parent.as_posix()}/{name}".casefold()


def _kind(source: FileSource, path: str) -> str | None:
    try:
        return timed_kind(path, source.read(path, 0, LOOK_BYTES))
    except OSError:
        return None
