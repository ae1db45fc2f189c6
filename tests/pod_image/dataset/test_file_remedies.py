"""Each cause has the remedy that helps."""

from __future__ import annotations

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.dataset.file_remedies import not_sound, remedy_for, remedy_when_not_decoded

HEADS: list[tuple[str, bytes, str]] = [
    (
        "an LFS pointer",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "git lfs pull",
    ),
    ("an annex pointer", b"/annex/objects/SHA256E-s1--0.wav\n", "git annex get"),
    ("M4A called .wav", b"\0\0\0\x20ftypM4A \0\0\0\0isom", "launcher dataset make"),
    ("a shop's audiobook", b"\0\0\0\x20ftypaax \0\0\0\0isom", "without protection"),
    ("protected M4P", b"\0\0\0\x20ftypM4P \0\0\0\0isom" + b"..sinf..", "without protection"),
    ("WebM", b"\x1a\x45\xdf\xa3....webm", "launcher dataset make"),
    ("AMR", b"#!AMR\n....", "launcher dataset make"),
    ("encrypted by openssl", b"Salted__12345678", "Decrypt"),
    ("encrypted by gpg", b"-----BEGIN PGP MESSAGE-----\n", "Decrypt"),
    ("a login page", b"\n <!DOCTYPE html><html><title>Sign in", "sign in"),
    ("a page without a doctype", b"<head></head><html>", "sign in"),
    (
        "a bucket's refusal",
        b"<?xml version='1.0'?><Error><Code>AccessDenied",
        "download the file again",
    ),
    ("an API's refusal", b'{"error": "rate limit"}', "download the file again"),
    ("a zip", b"PK\x03\x04....", "Unpack"),
    ("a rar", b"Rar!\x1a\x07....", "Unpack"),
    ("a picture", b"\x89PNG\r\n", "in its place"),
    ("a PDF", b"%PDF-1.7", "in its place"),
    ("a download that reserved its room", bytes(4096), "fetch it again"),
    ("a playlist", b"#EXTM3U\n/a.mp3\n", "files that it names"),
]


@pytest.mark.parametrize(("cause", "head", "remedy"), HEADS, ids=[each[0] for each in HEADS])
def test_the_remedy_fits_the_cause(cause: str, head: bytes, remedy: str) -> None:
    assert remedy in in_terminal(remedy_for(head, "is not WAV, FLAC, Ogg or MP3"))


@pytest.mark.parametrize(
    ("head", "problem", "remedy"),
    [
        (b"", "is empty", "fetch it again"),
        (b"RIFF\0\0\0\0WAVE", "is cut off in its header", "compare its size"),
        (b"RIFF\0\0\0\0WAVE", "is a WAV file without audio in it", "stored a header"),
        (b"I am a note.", "holds text, not audio", "text with the name of an audio file"),
        (b"\x01\x02\x03\x04....", "is not WAV, FLAC, Ogg or MP3", "audio player"),
    ],
)
def test_the_remedy_fits_what_the_reader_said(head: bytes, problem: str, remedy: str) -> None:
    assert remedy in in_terminal(remedy_for(head, problem))


@pytest.mark.parametrize(
    "head", [b"RIFF\0\0\0\0WAVEfmt ", b"fLaC....", b"OggS....", b"ID3\x04...."]
)
def test_sound_is_no_other_thing(head: bytes) -> None:
    assert not_sound(head) is None


def test_a_recording_that_no_decoder_reads_is_told_for_what_it_is() -> None:
    assert "DRM" in remedy_when_not_decoded(b"\0\0\0\x20ftypaax \0\0\0\0")
    assert "fetch it again" in remedy_when_not_decoded(b"")
    assert "git lfs pull" in remedy_when_not_decoded(HEADS[0][1])
