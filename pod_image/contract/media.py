"""Which files a person can hear or see in a browser, by their endings; every other file is only to be had."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

Media = Literal["audio", "image", "video", "text"]
TYPES = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".txt": "text/plain; charset=utf-8",
}
"""Media types (RFC 6838). No SVG and no HTML: a browser runs what stands in them."""


def media_type(path: str) -> str:
    """The type that a browser is told; empty where it is shown nothing."""
    return TYPES.get(PurePosixPath(path).suffix.lower(), "")


def media_of(path: str) -> Media | None:
    """What kind of thing it is; None for what is neither heard nor seen."""
    match media_type(path).partition("/")[0]:
        case "audio":
            return "audio"
        case "image":
            return "image"
        case "video":
            return "video"
        case "text":
            return "text"
    return None
