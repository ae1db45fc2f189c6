"""What programs leave before, in and instead of a header: the length is the decoder's, and no sample is lost."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import pytest

from pod_image.dataset.headers import HeaderError, read_header
from pod_image.dataset.sound import DamagedSound, decoded, header_of
from tests.kit.dataset_files import wav, wav_around

np = pytest.importorskip("numpy")
sf = pytest.importorskip("soundfile")

RATE_HZ = 22_050
WAVE = (0.4 * np.sin(np.arange(26_000) / 9) * np.linspace(0.2, 1, 26_000)).astype("float32")


def encoded(kind: str, coding: str, endian: str = "FILE", wave: Any = WAVE) -> bytes:
    file = io.BytesIO()
    sf.write(file, wave, RATE_HZ, format=kind, subtype=coding, endian=endian)
    return file.getvalue()


WAV = encoded("WAV", "PCM_16")
FLAC = encoded("FLAC", "PCM_16")
OGG = encoded("OGG", "VORBIS")
MP3 = encoded("MP3", "MPEG_LAYER_III")
W64 = encoded("W64", "PCM_16")
RF64 = encoded("RF64", "PCM_16")
RIFX = encoded("WAV", "PCM_16", "BIG")


def told(content: bytes, value: int) -> bytes:
    """The same with this length for its sound, and for the whole."""
    changed = bytearray(content)
    at = changed.index(b"data") + 4
    order = ">" if content.startswith(b"RIFX") else "<"
    if content.startswith(b"riff"):
        wide = value if value < 2**31 else 2**64 - 1
        changed[at + 12 : at + 20] = struct.pack("<Q", wide)
        changed[16:24] = struct.pack("<Q", wide)
    else:
        changed[at : at + 4] = struct.pack(f"{order}I", value)
        changed[4:8] = struct.pack(f"{order}I", value)
    return bytes(changed)


def with_wide_length(value: int) -> bytes:
    changed = bytearray(RF64)
    at = changed.index(b"ds64")
    changed[at + 16 : at + 24] = struct.pack("<Q", value)
    return told(bytes(changed), 0xFFFFFFFF)


def id3(length: int, footer: bool = False) -> bytes:
    size = bytes([length >> 21 & 127, length >> 14 & 127, length >> 7 & 127, length & 127])
    tag = b"ID3\x04\x00" + (b"\x10" if footer else b"\x00") + size + bytes(length)
    return tag + (b"3DI\x04\x00\x10" + size if footer else b"")


def ape(length: int) -> bytes:
    return b"APETAGEX" + struct.pack("<IIII", 2000, length, 1, 1 << 31) + bytes(8 + length)


def streamed_flac() -> bytes:
    """As an encoder leaves it that cannot go back: neither length nor checksum."""
    changed = bytearray(FLAC)
    changed[21] &= 0xF0
    changed[22:42] = bytes(20)
    return bytes(changed)


FROM_PIPES = {
    f"{name} {value:#x}": told(content, value)
    for name, content in (("wav", WAV), ("rifx", RIFX), ("w64", W64))
    for value in (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0x80000000)
} | {
    "rf64 0": with_wide_length(0),
    "rf64 -1": with_wide_length(2**64 - 1),
    "float wav 0": told(encoded("WAV", "FLOAT"), 0),
    "24-bit extensible 0": told(encoded("WAVEX", "PCM_24"), 0),
    "flac": streamed_flac(),
}
BEFORE = {
    "a tag": id3(300),
    "a tag with a footer": id3(300, footer=True),
    "two tags": id3(90) + id3(2000),
    "a tag with a cover": id3(90_000),
    "an APE tag": ape(77),
    "both kinds": ape(12) + id3(500),
    "zeros": bytes(517),
    "many zeros": bytes(9_000),
    "a line end": b"\r\n",
    "the end of a cut frame": bytes(range(130, 250)) * 3,
}
KINDS = {"wav": WAV, "rifx": RIFX, "rf64": RF64, "w64": W64, "flac": FLAC, "ogg": OGG, "mp3": MP3}


def reader(content: bytes) -> Callable[[int, int], bytes]:
    return lambda start, length: content[start : start + length]


def heard(content: bytes) -> tuple[float, Any]:
    """Seconds as the check says, and the sound as training hears it."""
    header = header_of(reader(content), len(content))
    assert not header.is_truncated
    assert header.seconds is not None
    wave, rate_hz = decoded(reader(content), len(content), header)
    assert (rate_hz, header.rate_hz, header.channels) == (RATE_HZ, RATE_HZ, 1)
    return header.seconds, wave


@pytest.mark.parametrize("content", FROM_PIPES.values(), ids=FROM_PIPES)
def test_a_length_that_was_never_filled_in_means_to_the_end(content: bytes) -> None:
    seconds, wave = heard(content)
    assert seconds == pytest.approx(len(wave) / RATE_HZ, abs=1e-9)
    # W64 pads its sound to eight bytes, which the end of the file cannot tell from it.
    assert 0 <= len(wave) - len(WAVE) <= 4
    assert np.abs(wave[: len(WAVE)] - WAVE).max() < 2e-4


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_before_the_header_is_passed_over(kind: str, before: bytes) -> None:
    plain_seconds, plain = heard(KINDS[kind])
    seconds, wave = heard(before + KINDS[kind])
    assert seconds == pytest.approx(plain_seconds, abs=1e-6)
    assert len(wave) == len(plain)
    assert np.array_equal(wave, plain)


@pytest.mark.parametrize(
    ("kind", "coding"),
    [("AIFF", "PCM_16"), ("CAF", "PCM_24"), ("AU", "PCM_16"), ("WAV", "GSM610"), ("WAV", "PCM_U8"), ("NIST", "PCM_16")],
)  # fmt: skip
def test_what_the_header_reader_does_not_know_the_decoder_is_asked_for(
    kind: str, coding: str
) -> None:
    content = encoded(kind, coding)
    seconds, wave = heard(content)
    assert seconds == pytest.approx(len(wave) / RATE_HZ, abs=1e-9)
    assert len(wave) >= len(WAVE)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_what_an_mp3_encoder_adds_at_the_ends_is_not_counted(rate_hz: int, channels: int) -> None:
    file = io.BytesIO()
    sf.write(file, np.stack([WAVE] * channels, axis=1), rate_hz, format="MP3")
    content = file.getvalue()
    header = header_of(reader(content), len(content))
    assert header.seconds == pytest.approx(len(WAVE) / rate_hz, abs=1e-9)


def test_what_no_decoder_knows_is_refused_in_the_words_of_the_header() -> None:
    for content in (bytes(range(256)) * 30, b"FORM" + bytes(400), WAV[:30]):
        with pytest.raises(HeaderError, match=r"^(is|claims)"):
            decoded(reader(content), len(content), header_of(reader(content), len(content)))


def varying_mp3() -> bytes:
    """A varying bitrate, and its tag cut away, as tools leave it that join and cut files."""
    noise = np.random.default_rng(4).normal(0, 0.2, 60_000).astype("float32")
    wave = np.concatenate([np.zeros(60_000, "float32"), noise])
    file = io.BytesIO()
    with sf.SoundFile(file, "w", RATE_HZ, 1, format="MP3", bitrate_mode="VARIABLE") as out:
        out.write(wave)
    content = file.getvalue()
    second = content.index(b"\xff\xf3", 4)
    return content[second:]


def test_an_mp3_of_varying_bitrate_without_its_tag_is_counted() -> None:
    content = varying_mp3()
    header = header_of(reader(content), len(content))
    assert header.seconds == pytest.approx(120_000 / RATE_HZ, abs=0.15)
    wave, _ = decoded(reader(content), len(content), header)
    assert len(wave) / RATE_HZ == pytest.approx(header.seconds, abs=0.1)


def test_an_mp3_whose_tag_was_never_filled_in_is_as_long_as_its_frames() -> None:
    at = MP3.index(b"Info") if b"Info" in MP3 else MP3.index(b"Xing")
    content = bytearray(MP3)
    content[at + 8 : at + 12] = bytes(4)
    header = header_of(reader(bytes(content)), len(content))
    assert header.seconds == pytest.approx(len(WAVE) / RATE_HZ, abs=0.15)


@pytest.mark.parametrize(
    "content", [WAV, OGG, MP3, W64, RIFX], ids=["wav", "ogg", "mp3", "w64", "rifx"]
)
def test_what_is_cut_off_is_said_so_by_its_header_and_not_trained_on(content: bytes) -> None:
    cut = content[: len(content) * 2 // 3]
    header = read_header(reader(cut), len(cut))
    assert header.is_truncated
    with pytest.raises(DamagedSound, match="cut off"):
        decoded(reader(cut), len(cut), header)


def test_flac_that_is_cut_off_is_found_by_decoding() -> None:
    cut = FLAC[: len(FLAC) * 2 // 3]
    with pytest.raises(DamagedSound):
        decoded(reader(cut), len(cut), header_of(reader(cut), len(cut)))


def test_a_few_bytes_less_than_promised_are_missed_by_nobody() -> None:
    header = read_header(reader(WAV[:-44]), len(WAV) - 44)
    assert not header.is_truncated
    assert header.seconds == pytest.approx((len(WAVE) - 22) / RATE_HZ)


def test_a_header_that_promises_days_takes_no_room() -> None:
    days = bytearray(FLAC)
    days[21:26] = ((days[21] & 0xF0) << 32 | 2**36 - 1).to_bytes(5, "big")
    header = header_of(reader(bytes(days)), len(days))
    with pytest.raises(DamagedSound, match="decoded"):
        decoded(reader(bytes(days)), len(days), header)


# Over full scale


@pytest.mark.parametrize("factor", [1.5, 4.0, 32_768.0])
def test_floats_over_full_scale_are_made_quieter_and_keep_their_shape(factor: float) -> None:
    content = encoded("WAV", "FLOAT", wave=WAVE / np.abs(WAVE).max() * factor)
    wave, _ = decoded(reader(content), len(content), header_of(reader(content), len(content)))
    assert np.abs(wave).max() == pytest.approx(1.0)
    assert np.abs(wave - WAVE / np.abs(WAVE).max()).max() < 1e-6


def test_what_is_within_full_scale_stays_as_loud_as_it_was() -> None:
    content = encoded("WAV", "FLOAT")
    wave, _ = decoded(reader(content), len(content), header_of(reader(content), len(content)))
    assert np.array_equal(wave, WAVE)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_refused(value: float) -> None:
    odd = WAVE.copy()
    odd[77] = value
    content = encoded("WAV", "FLOAT", wave=odd)
    with pytest.raises(DamagedSound, match="not numbers"):
        decoded(reader(content), len(content), header_of(reader(content), len(content)))


def test_an_empty_wav_has_no_length_and_misleads_nobody() -> None:
    content = wav_around(b"")
    assert read_header(reader(content), len(content)).seconds == 0.0
    assert len(wav(1.0)) > len(content)
