"""What a file is that is no sound, by its first bytes, and what helps: the cause has a remedy, not the symptom."""

from __future__ import annotations

from dataclasses import dataclass

from pod_image.contract.next_steps import NextStep, Said, Sentence

LOOK_BYTES = 4096
EMPTY = (
    "The copy or download stopped before its first byte: fetch it again. If the original is empty too, "
    "remove the line."
)
SHARD = "Fetch the archive again: the download probably broke off. If you made it, pack it again from the clips."
CUT_OFF = "The copy or download broke off: fetch the file again, and compare its size with the original's."


@dataclass(frozen=True)
class NotSound:
    """`what` is a sentence without its subject; `is_convertible` where the decoder reads it, training not."""

    what: str
    remedy: str
    is_convertible: bool = False


_CONVERT = "Convert it to WAV or FLAC."
_PROTECTED = NotSound(
    "is protected by its shop (DRM)",
    "Nothing here can open it: get the recording without protection, from the shop or from whoever recorded it.",
)
_ENCRYPTED = NotSound(
    "is encrypted", "Decrypt it with the program that encrypted it, and use the result."
)
_WEB_PAGE = NotSound(
    "is a web page that was saved instead of the audio",
    "Its address asked for a login, or was wrong: sign in and download the file itself.",
)
_ANSWER = NotSound(
    "is a server's message that was saved instead of the audio",
    "Read it in a text editor: it says why the download was refused. Then download the file again.",
)
_LFS = NotSound(
    "is a Git LFS pointer and not the audio itself",
    "Fetch the audio itself: git lfs pull, in the folder of the repo.",
)
_ANNEX = NotSound(
    "is a git-annex pointer and not the audio itself",
    "Fetch the audio itself: git annex get ., in the folder.",
)
_ARCHIVE = NotSound(
    "is an archive", "Unpack it, or give it its own ending (.zip, .tar): archives are read too."
)
_PICTURE = NotSound("is a picture", "Put the recording in its place, or remove the line.")
_DOCUMENT = NotSound("is a document", "Put the recording in its place, or remove the line.")
_ZEROS = NotSound(
    "holds zeros alone",
    "Its space was reserved but never filled, because of a failed download or a full disk: fetch it again.",
)
_PLAYLIST = NotSound("is a playlist, which names other files", "Use the files that it names.")
_MIDI = NotSound("is MIDI, which contains notes and no voice", "Use the recording itself.")
_WMA = NotSound("is a Windows Media file", _CONVERT, is_convertible=True)
_OTHER_SOUND = (
    (b"\x1a\x45\xdf\xa3", "is a Matroska or WebM file"),
    (b"caff", "is a CAF file, as Macs and telephones record"),
    (b"#!AMR", "is an AMR file, as telephones record"),
    (b"FORM", "is an AIFF file"),
    (b".snd", "is an AU file"),
    (b"wvpk", "is a WavPack file"),
    (b"MAC ", "is a Monkey's Audio file"),
)
_BY_START = (
    (b"version https://git-lfs", _LFS),
    (b"/annex/objects/", _ANNEX),
    (b"-----BEGIN PGP", _ENCRYPTED),
    (b"Salted__", _ENCRYPTED),
    (b"PK\x03\x04", _ARCHIVE),
    (b"Rar!", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"\x1f\x8b", _ARCHIVE),
    (b"\xfd7zXZ", _ARCHIVE),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"%PDF", _DOCUMENT),
    (b"\xd0\xcf\x11\xe0", _DOCUMENT),
    (b"#EXTM3U", _PLAYLIST),
    (b"ffconcat", _PLAYLIST),
    (b"[playlist]", _PLAYLIST),
    (b"MThd", _MIDI),
)
_WMA_MAGIC = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"
_WMA_LOCKED = b"\xfb\xb3\x11\x22\x23\xbd\xd2\x11"
"""The object of Windows Media's header that names its licence."""
_MP4_LOCKED = (b"sinf", b"encv", b"enca", b"drms", b"pssh")


def not_sound(head: bytes) -> NotSound | None:
    """What the beginning of a file shows it to be; None for sound, and for what nobody can tell."""
    start = head.lstrip(b"\xef\xbb\xbf\r\n\t ")
    if head[4:8] == b"ftyp":
        return _of_mp4(head)
    if head.startswith(_WMA_MAGIC):
        return _PROTECTED if _WMA_LOCKED in head else _WMA
    for magic, found in _BY_START:
        if start.startswith(magic) or head.startswith(magic):
            return found
    for magic, what in _OTHER_SOUND:
        if head.startswith(magic):
            return NotSound(what, _CONVERT, is_convertible=True)
    lower = start[:512].lower()
    if lower.startswith((b"<!doctype", b"<html")) or b"<html" in lower:
        return _WEB_PAGE
    if lower.startswith((b"<?xml", b"<error")) or (start[:1] == b"{" and b'"error' in lower):
        return _ANSWER
    if len(head) >= 64 and not head.strip(b"\0"):
        return _ZEROS
    return None


def _of_mp4(head: bytes) -> NotSound:
    if head[8:12] in (b"aax ", b"aaxc", b"M4P ") or any(each in head for each in _MP4_LOCKED):
        return _PROTECTED
    return NotSound("is an MP4 or M4A file", _CONVERT, is_convertible=True)


def remedy_for(head: bytes, problem: str) -> Said:
    """What helps with a clip that cannot be read; `head` are its first bytes, `problem` what its reader said."""
    found = not_sound(head)
    if found is not None and found.is_convertible:
        return Sentence(NextStep.MAKE_DATASET, " turns it into clips.")
    if found is not None:
        return found.remedy
    if not head:
        return EMPTY
    if "cut off" in problem:
        return CUT_OFF
    if "holds text" in problem:
        return "It is a text with the name of an audio file: put the recording in its place, or remove the line."
    if "without audio" in problem:
        return "The recorder stored a header but no sound: look for the take among its other files, or remove the line."
    return "Play it in an audio player. If it plays, save it there as WAV or FLAC; if not, fetch it from where it came."


def remedy_when_not_decoded(head: bytes) -> str:
    """What helps with a recording that no decoder here could read."""
    found = not_sound(head)
    if not head:
        return EMPTY.split(" If ")[0]
    if found is not None and not found.is_convertible:
        return f"It {found.what}. {found.remedy}"
    if found is not None:
        return "Play it in another program. If it plays, save it there as WAV or FLAC; if not, fetch it again."
    return "Play it in an audio player. If it plays, save it there as WAV or FLAC; if not, fetch it from where it came."
