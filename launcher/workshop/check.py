"""One look at a dataset before anything is rented: everything a run would stumble over, with its place and remedy."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from launcher.domain.advice import LEAST_MINUTES
from launcher.workshop.audio_findings import audio_findings, minutes_findings, speaker_findings
from launcher.workshop.audio_headers import MOST_REMOTE_HEADERS, Heard, read_headers
from launcher.workshop.fitness_findings import Judge, Judged, Reading, unspeakable
from launcher.workshop.licence import read_licence
from launcher.workshop.listening import Sound, listen
from launcher.workshop.phonemes import MOST_TEXTS, cover, phonemizer_of, reader_of
from launcher.workshop.report import (
    DatasetReport,
    Histogram,
    PhonemeCoverage,
    Speaker,
    counted,
    histogram,
    in_order,
)
from launcher.workshop.text_findings import pace_findings, text_findings
from launcher.workshop.texts_to_come import texts_to_come
from launcher.workshop.uncut import with_uncut
from pod_image.contract.figures import size
from pod_image.contract.findings import Finding
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.dataset import Code, FileSource, Survey, survey_of
from pod_image.dataset.languages import espeak_voice_of, scripts_of
from pod_image.dataset.trimming import silero_speech_span

DISK_BESIDE_GB = 15.0
"""What image layers, packages and the checkpoints that are kept take beside the dataset."""
BYTES_PER_SAMPLE = 2
DECODED_MARGIN = 1.1
SECONDS_EDGES = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 60.0)
LEVEL_EDGES = (
    -60.0,
    -50.0,
    -40.0,
    -36.0,
    -32.0,
    -28.0,
    -24.0,
    -20.0,
    -16.0,
    -12.0,
    -8.0,
    -4.0,
    0.0,
)
CHARACTERS_EDGES = (0.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 150.0, 200.0, 300.0, 500.0)

Progress = Callable[[str, int, int], None]
"""(what is being looked at, how many are done, of how many)"""


@dataclass(frozen=True)
class CheckSettings:
    """What the dataset is to be good for. An empty `espeak_voice` takes the language's."""

    language: str = "en_US"
    espeak_voice: str = ""
    phoneme_type: PhonemeType | None = PhonemeType.ESPEAK
    """None where nothing is to speak: how the texts are read is then not looked at."""
    sample_rate_hz: int = 22_050
    speakers: int | None = 1
    """None accepts however many there are."""
    minutes_wanted: float = LEAST_MINUTES
    disk_gb: float | None = None
    """Of the pod; None does not compare."""
    deep: bool = False
    tables: tuple[str, ...] = ()
    """Tables of the dataset to use; empty means those that are found."""
    heard_by: str = ""
    """The Whisper model that writes texts for clips without one before a training; empty where none does."""
    most_remote_headers: int = MOST_REMOTE_HEADERS
    most_texts: int = MOST_TEXTS
    """Whose phonemes are looked at. Both limits are for a look that is not `deep`."""


def _no_progress(what: str, done: int, of: int) -> None:
    """Nobody watches."""


def look_over(
    source: FileSource,
    settings: CheckSettings,
    revision: str | None = None,
    progress: Progress = _no_progress,
) -> DatasetReport:
    """Look at a dataset: blocks, and calls `progress` in between. Faults of the dataset are findings; only a source
    that cannot be reached raises."""
    return looked_over(source, settings, revision, progress)[0]


def looked_over(
    source: FileSource,
    settings: CheckSettings,
    revision: str | None = None,
    progress: Progress = _no_progress,
) -> tuple[DatasetReport, list[Heard]]:
    """The report, and the clips that training takes as far as this look could tell."""
    progress("table", 0, 1)
    found = survey_of(source, settings.tables)
    findings = with_uncut(found)
    limit = None if settings.deep else settings.most_remote_headers
    heard, problems = read_headers(
        found.source, found.utterances, partial(progress, "headers"), most_remote=limit
    )
    findings += problems
    later = texts_to_come(found, settings.heard_by, limit)
    findings = [*later.without_settled(findings), *later.findings]
    findings += audio_findings([*heard, *later.heard], settings.sample_rate_hz)
    findings += text_findings(found.utterances, settings.language)
    findings += pace_findings(heard)
    spoken = [*found.utterances, *(each.utterance for each in later.heard)]
    if spoken:
        findings += speaker_findings(spoken, settings.speakers)
    sounds = _hear(found, heard, settings, findings, progress)
    judged = _judged(found, heard, settings, findings)
    findings += judged.findings
    minutes = round((judged.sound_seconds + later.seconds) / 60, 3)
    if heard or later.heard:
        findings += minutes_findings(minutes, settings.minutes_wanted)
    disk_needed = _disk_needed(found, minutes, settings)
    findings += _disk_findings(disk_needed, settings.disk_gb)
    licence, of_licence = read_licence(source)
    findings += of_licence
    phonemes = _phonemes(found, settings, findings, progress)
    every = [*heard, *later.heard]
    report = DatasetReport(
        dataset=source.name,
        revision=revision,
        language=settings.language,
        sample_rate_hz=settings.sample_rate_hz,
        tables=tuple(found.tables),
        rows=found.rows,
        clips=len(heard) + len(later.heard) + sum(each.path is None for each in found.utterances),
        usable_clips=len(judged.taken) + judged.unknown + len(later.heard),
        minutes=minutes,
        speakers=_speakers(every),
        kinds=dict(Counter(each.header.kind for each in every if each.header)),
        rates_hz=dict(Counter(each.header.rate_hz for each in every if each.header)),
        channels=dict(Counter(each.header.channels for each in every if each.header)),
        histograms=_histograms(found, heard, sounds),
        phonemes=phonemes,
        licence=licence,
        dataset_bytes=found.total_bytes,
        disk_needed_bytes=disk_needed,
        headers_read=sum(each.header is not None for each in every),
        clips_heard=len(sounds),
        seconds_are_estimated=any(each.is_estimate for each in every),
        finding_counts=counted(findings),
        findings=in_order(findings),
    )
    return report, judged.taken


UNUSABLE = (Code.FILE_UNREADABLE, Code.FILE_TRUNCATED, Code.SILENT, Code.TEXT_UNSPEAKABLE)


def _judged(
    found: Survey, heard: Sequence[Heard], settings: CheckSettings, findings: list[Finding]
) -> Judged:
    """Sort the clips by what training would do with them; `findings` are those of before."""
    kind = settings.phoneme_type or PhonemeType.ESPEAK
    voice = settings.espeak_voice or espeak_voice_of(settings.language)
    texts = [each.text for each in found.utterances]
    reads_ascii = kind in (PhonemeType.ESPEAK, PhonemeType.TEXT)
    load = partial(phonemizer_of, kind, voice, texts)
    reading = Reading(load, reader_of(kind), reads_ascii=reads_ascii)
    if settings.phoneme_type is not None:
        findings += unspeakable(found.utterances, reading, scripts_of(settings.language))
    listens = settings.deep or not found.source.is_remote
    judge = Judge(
        found.source,
        settings.sample_rate_hz,
        reading,
        find_speech=cache(silero_speech_span) if listens else lambda: None,
        is_for_sure=settings.deep,
    )
    return judge.judge(
        found.utterances, heard, [each for each in findings if each.code in UNUSABLE]
    )


def _hear(
    found: Survey,
    heard: Sequence[Heard],
    settings: CheckSettings,
    findings: list[Finding],
    progress: Progress,
) -> list[Sound]:
    # On the Hub the audio itself is fetched only when it was asked for.
    if found.source.is_remote and not settings.deep:
        return []
    try:
        sounds, problems = listen(
            found.source, heard, partial(progress, "sound"), all_of_them=settings.deep
        )
    except ImportError:
        findings.append(_missing_extra("clipping, silence and noise were not checked"))
        return []
    known = {each.place for each in findings if each.code is Code.FILE_TRUNCATED}
    findings += [each for each in problems if each.place not in known]
    return sounds


def _phonemes(
    found: Survey, settings: CheckSettings, findings: list[Finding], progress: Progress
) -> PhonemeCoverage | None:
    progress("phonemes", 0, 1)
    voice = settings.espeak_voice or espeak_voice_of(settings.language)
    if not found.utterances or settings.phoneme_type is None:
        return None
    try:
        coverage, problems = cover(
            found.utterances,
            settings.language,
            voice,
            None if settings.deep else settings.most_texts,
            settings.phoneme_type,
        )
    except ImportError:
        findings.append(_missing_extra("phonemes were not checked"))
        return None
    findings += problems
    return coverage


def _missing_extra(what: str) -> Finding:
    return Code.EXTRA_MISSING.finding(
        "",
        f"The extra for audio is not installed: {what}.",
        "pip install 'pod-launcher[audio]'",
    )


def _speakers(heard: Sequence[Heard]) -> tuple[Speaker, ...]:
    names = dict.fromkeys(each.utterance.speaker for each in heard)
    shares = []
    for name in names:
        clips = [each.seconds or 0.0 for each in heard if each.utterance.speaker == name]
        shares.append(Speaker(name, len(clips), round(sum(clips) / 60, 3)))
    return tuple(shares)


def _histograms(
    found: Survey, heard: Sequence[Heard], sounds: Sequence[Sound]
) -> tuple[Histogram, ...]:
    seconds = [each.seconds for each in heard if each.seconds is not None]
    characters = [float(len(each.text)) for each in found.utterances]
    bars = [
        histogram("Length of the clips", "s", seconds, SECONDS_EDGES),
        histogram("Length of the texts", "characters", characters, CHARACTERS_EDGES),
    ]
    if sounds:
        levels = [each.speech_dbfs for each in sounds]
        bars.append(histogram("Loudness of the speech", "dB below full scale", levels, LEVEL_EDGES))
    return tuple(bars)


def _disk_needed(found: Survey, minutes: float, settings: CheckSettings) -> int:
    """On the pod: the files as fetched, shards once more unpacked, and every clip decoded."""
    unpacked = sum(each.size for each in found.utterances if each.in_package)
    decoded = minutes * 60 * settings.sample_rate_hz * BYTES_PER_SAMPLE * DECODED_MARGIN
    return round(found.total_bytes + unpacked + decoded)


def _disk_findings(needed_bytes: int, disk_gb: float | None) -> list[Finding]:
    if disk_gb is None or needed_bytes / 1e9 + DISK_BESIDE_GB <= disk_gb:
        return []
    return [
        Code.DISK_SMALL.finding(
            "",
            f"The dataset needs {size(needed_bytes)} on the pod, image and checkpoints about "
            f"{DISK_BESIDE_GB:.0f} GB more; its disk has {disk_gb:.0f} GB.",
            f"Set disk_gb to {math.ceil(needed_bytes / 1e9 + DISK_BESIDE_GB)} or more.",
        )
    ]
