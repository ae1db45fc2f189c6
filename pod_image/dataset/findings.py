"""What can be found in a dataset: every code, and how grave it is."""

from __future__ import annotations

from enum import StrEnum

from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said


class Code(StrEnum):
    """Stable names: they stand in `--force`, in JSON and in people's scripts, so they never change meaning."""

    severity: Severity

    def __new__(cls, value: str, severity: Severity) -> Code:
        member = str.__new__(cls, value)
        member._value_ = value
        member.severity = severity
        return member

    def finding(self, place: str, message: Said, hint: Said) -> Finding:
        """One occurrence. `place` is a file, "metadata.csv line 12", or "" for the dataset as a whole."""
        return Finding(self.severity, self, message, hint, place)

    # The table of transcripts
    NO_TABLE = "no-table", Severity.ERROR
    NO_CLIPS = "no-clips", Severity.ERROR
    BAD_LINE = "bad-line", Severity.ERROR
    TEXT_EMPTY = "text-empty", Severity.ERROR
    PATH_OUTSIDE = "path-outside", Severity.ERROR
    COLUMNS_UNSURE = "columns-unsure", Severity.WARNING
    ENCODING = "encoding", Severity.WARNING
    TABLE_FORMAT = "table-format", Severity.NOTE
    TABLE_IGNORED = "table-ignored", Severity.NOTE
    TABLE_LEFT = "table-left", Severity.ERROR
    TABLES_DIFFER = "tables-differ", Severity.ERROR
    QUOTED_TEXT = "quoted-text", Severity.NOTE

    # Files
    FILE_ABSENT = "file-absent", Severity.ERROR
    FILE_EMPTY = "file-empty", Severity.ERROR
    FILE_UNREADABLE = "file-unreadable", Severity.ERROR
    FILE_TRUNCATED = "file-truncated", Severity.ERROR
    FILE_TWICE = "file-twice", Severity.ERROR
    AUDIO_TWICE = "audio-twice", Severity.WARNING
    FILE_UNUSED = "file-unused", Severity.NOTE
    NAME_CASE = "name-case", Severity.WARNING
    NAME_ELSEWHERE = "name-elsewhere", Severity.NOTE
    NAMES_CLASH = "names-clash", Severity.WARNING
    LINK_OUTSIDE = "link-outside", Severity.WARNING
    LINK_BROKEN = "link-broken", Severity.WARNING
    LINK_FOLLOWED = "link-followed", Severity.NOTE
    ARCHIVE_UNSAFE = "archive-unsafe", Severity.ERROR
    ARCHIVE_DAMAGED = "archive-damaged", Severity.ERROR
    ARCHIVE_UNREAD = "archive-unread", Severity.WARNING
    ARCHIVE_UNLISTED = "archive-unlisted", Severity.NOTE
    EXTRA_MISSING = "extra-missing", Severity.NOTE

    # Audio, from headers
    RATE_MIXED = "rate-mixed", Severity.WARNING
    RATE_LOW = "rate-low", Severity.WARNING
    RATE_OTHER = "rate-other", Severity.NOTE
    CHANNELS_MIXED = "channels-mixed", Severity.WARNING
    CHANNELS_MANY = "channels-many", Severity.WARNING
    CLIP_SHORT = "clip-short", Severity.WARNING
    CLIP_LONG = "clip-long", Severity.WARNING
    CLIP_FAR_TOO_LONG = "clip-far-too-long", Severity.ERROR
    MINUTES_FEW = "minutes-few", Severity.WARNING
    HEADERS_SAMPLED = "headers-sampled", Severity.NOTE

    # Audio, from listening
    CLIPPING = "clipping", Severity.WARNING
    SILENT = "silent", Severity.ERROR
    SILENCE_LONG = "silence-long", Severity.NOTE
    QUIET = "quiet", Severity.WARNING
    NOISE = "noise", Severity.WARNING
    LOUDNESS_UNEVEN = "loudness-uneven", Severity.WARNING

    # Texts
    TEXT_TWICE = "text-twice", Severity.WARNING
    TEXT_UNSPEAKABLE = "text-unspeakable", Severity.ERROR
    TEXT_CHARACTERS = "text-characters", Severity.WARNING
    TEXT_NUMBERS = "text-numbers", Severity.WARNING
    TEXT_SCRIPT = "text-script", Severity.WARNING
    TEXT_PACE = "text-pace", Severity.WARNING
    TEXT_TOO_MUCH = "text-too-much", Severity.WARNING
    TEXT_MIXED = "text-mixed", Severity.WARNING
    TEXT_UNSEEN = "text-unseen", Severity.WARNING
    TEXT_FOLDED = "text-folded", Severity.NOTE
    TEXT_SPELT = "text-spelt", Severity.WARNING
    LANGUAGE_UNREAD = "language-unread", Severity.ERROR
    LANGUAGE_POOR = "language-poor", Severity.WARNING
    SIGNS_FOREIGN = "signs-foreign", Severity.WARNING
    WORDS_FOREIGN = "words-foreign", Severity.NOTE
    TEXT_SHIFTED = "text-shifted", Severity.ERROR
    TEXT_SWAPPED = "text-swapped", Severity.ERROR
    TEXT_OTHER = "text-other", Severity.ERROR
    TEXT_WORDS = "text-words", Severity.WARNING
    TEXT_ENDS_EARLY = "text-ends-early", Severity.WARNING
    TEXT_DOUBTFUL = "text-doubtful", Severity.NOTE
    VOICE_UNHEARD = "voice-unheard", Severity.WARNING
    TEXT_HEARD_LATER = "text-heard-later", Severity.WARNING
    PHONEMES_UNMAPPED = "phonemes-unmapped", Severity.WARNING
    PHONEMES_FEW = "phonemes-few", Severity.WARNING
    PHONEMES_UNCHECKED = "phonemes-unchecked", Severity.NOTE

    # Texts with times, beside a recording
    TIMED_TEXT_UNCUT = "timed-text-uncut", Severity.ERROR
    TIMED_TEXT_UNUSED = "timed-text-unused", Severity.WARNING
    TIMES_BEYOND = "times-beyond", Severity.WARNING
    TIMES_BACKWARDS = "times-backwards", Severity.WARNING
    TIMES_OVERLAP = "times-overlap", Severity.WARNING
    TEXT_INCOMPLETE = "text-incomplete", Severity.WARNING
    TEXT_IN_BRACKETS = "text-in-brackets", Severity.NOTE
    TEXT_TAKEN_OUT = "text-taken-out", Severity.NOTE
    TIMED_TEXT_CHOSEN = "timed-text-chosen", Severity.NOTE
    CAPTIONS_ROLLING = "captions-rolling", Severity.NOTE

    # The whole
    NOTHING_LEFT = "nothing-left", Severity.ERROR
    SPEAKERS_UNEXPECTED = "speakers-unexpected", Severity.ERROR
    SPEAKERS_UNEVEN = "speakers-uneven", Severity.WARNING
    SPEAKER_PARTLY = "speaker-partly", Severity.ERROR
    RESUME_DATASET = "resume-dataset", Severity.ERROR
    DISK_SMALL = "disk-small", Severity.WARNING
    LICENCE_ABSENT = "licence-absent", Severity.NOTE
    LICENCE_RESTRICTS = "licence-restricts", Severity.WARNING


ABOUT_NO_TEXT = (Code.NO_TABLE, Code.NO_CLIPS, Code.TEXT_EMPTY)
"""What is said of clips without a text; settled where a recogniser writes them."""
