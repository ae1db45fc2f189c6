"""The endings that files of sound have: those that training reads, and those that have to be made over first."""

from __future__ import annotations

READABLE_ENDINGS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3")
OTHER_AUDIO_ENDINGS = (
    ".m4a",
    ".mp4",
    ".aac",
    ".wma",
    ".aif",
    ".aiff",
    ".webm",
    ".mka",
    ".mkv",
    ".mov",
)
AUDIO_ENDINGS = READABLE_ENDINGS + OTHER_AUDIO_ENDINGS

VIDEO_ENDINGS = (
    ".mkv",
    ".mov",
    ".avi",
    ".mpg",
    ".mpeg",
    ".ts",
    ".3gp",
    ".wmv",
    ".amr",
    ".caf",
    ".w64",
)
MEDIA_ENDINGS = AUDIO_ENDINGS + VIDEO_ENDINGS
"""What clips can be made of."""


def is_audio(path: str) -> bool:
    return path.lower().endswith(AUDIO_ENDINGS)


def without_ending(name: str) -> str:
    """The name without its ending, if that is one of sound: "v1.2" has what looks like one, but is none."""
    return name.rsplit(".", 1)[0] if name.lower().endswith(MEDIA_ENDINGS) else name
