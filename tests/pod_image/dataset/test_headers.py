"""Headers tell rate, channels and length without reading audio, whatever the bytes are."""

from __future__ import annotations

import io
import random
import struct

import pytest

from pod_image.dataset.headers import AudioHeader, HeaderError, read_header
from tests.kit.dataset_files import wav, wav_around

np = pytest.importorskip("numpy")
sf = pytest.importorskip("soundfile")

KINDS = [
    ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "ULAW"), ("WAVEX", "PCM_16"),
    ("RF64", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]  # fmt: skip


def header_of(content: bytes) -> AudioHeader:
    return read_header(lambda start, length: content[start : start + length], len(content))


def encoded(kind: str, coding: str, rate_hz: int, channels: int, seconds: float = 1.5) -> bytes:
    wave = 0.3 * np.sin(np.arange(round(seconds * rate_hz)) / 20)
    file = io.BytesIO()
    sf.write(file, np.stack([wave] * channels, axis=1), rate_hz, format=kind, subtype=coding)
    return file.getvalue()


@pytest.mark.parametrize(("kind", "coding"), KINDS)
@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_headers_agree_with_the_decoder(
    kind: str, coding: str, rate_hz: int, channels: int
) -> None:
    header = header_of(encoded(kind, coding, rate_hz, channels))
    assert header.channels == channels
    assert header.rate_hz == (48_000 if coding == "OPUS" else rate_hz)
    # An MP3 encoder pads both ends by up to three frames of 1152 (or 576) samples.
    assert header.seconds == pytest.approx(1.5, abs=0.11 if kind == "MP3" else 1e-6)
    assert not header.is_truncated


@pytest.mark.parametrize("coding", ["IMA_ADPCM", "MS_ADPCM"])
def test_packed_wav_codings_are_timed_by_their_byte_rate(coding: str) -> None:
    assert header_of(encoded("WAV", coding, 16_000, 1)).seconds == pytest.approx(1.5, abs=0.15)


@pytest.mark.parametrize(("kind", "coding"), [each for each in KINDS if each[0] != "OGG"])
def test_a_header_costs_one_read_of_four_kilobytes(kind: str, coding: str) -> None:
    content = encoded(kind, coding, 22_050, 1)
    reads: list[tuple[int, int]] = []

    def read(start: int, length: int) -> bytes:
        reads.append((start, length))
        return content[start : start + length]

    read_header(read, len(content))
    assert reads == [(0, 4096)]


def test_a_wav_that_promises_more_than_it_holds_is_truncated() -> None:
    header = header_of(wav(1.0)[:20_000])
    assert header.is_truncated
    assert header.seconds == pytest.approx((20_000 - 44) / 2 / 22_050)


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_wav_written_to_a_pipe_reaches_to_its_end(length: int) -> None:
    content = bytearray(wav(1.0))
    content[40:44] = struct.pack("<I", length)
    header = header_of(bytes(content))
    assert header.seconds == pytest.approx(1.0)
    assert not header.is_truncated


def test_chunks_before_the_audio_are_skipped() -> None:
    plain = wav(1.0)
    content = plain[:12] + b"LIST" + struct.pack("<I", 9001) + bytes(9002) + plain[12:]
    assert header_of(content).seconds == pytest.approx(1.0)


def test_tags_before_an_mp3_are_skipped() -> None:
    content = b"ID3\x04\x00\x00" + bytes([0, 0, 0x40, 0]) + bytes(8192)
    content += encoded("MP3", "MPEG_LAYER_III", 44_100, 2)
    assert header_of(content).rate_hz == 44_100


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"This is a text file.\n", "holds text, not audio"),
        (b"<!DOCTYPE html><p>404", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"\x00\x00\x00\x20ftypM4A " + bytes(64), "MP4 or M4A"),
        (b"PK\x03\x04" + bytes(64), "zip archive"),
        (b"RIFF\x00\x00\x00\x00WAVE", "without audio"),
        (b"fLaC\x00\x00", "damaged header"),
        (b"OggS\x00", "cut off"),
        (bytes(4096), "is not WAV, FLAC, Ogg or MP3"),
    ],
)
def test_what_is_no_audio_is_said_in_words(content: bytes, why: str) -> None:
    with pytest.raises(HeaderError, match=why):
        header_of(content)


def test_impossible_values_are_refused() -> None:
    with pytest.raises(HeaderError, match="channels"):
        header_of(wav_around(bytes(400), rate_hz=7, channels=1))


def test_damaged_headers_raise_nothing_but_their_own_error() -> None:
    chance = random.Random(5)
    for kind, coding in KINDS:
        content = encoded(kind, coding, 16_000, 1, seconds=0.2)
        for _ in range(150):
            damaged = bytearray(content[: chance.randrange(1, len(content))])
            for _ in range(chance.randrange(8)):
                damaged[chance.randrange(min(len(damaged), 200))] = chance.randrange(256)
            try:
                header = header_of(bytes(damaged))
            except HeaderError:
                continue
            assert header.seconds is None or header.seconds >= 0
