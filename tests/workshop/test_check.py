"""Every fault a run would stumble over is found on the person's machine, with its place."""

from __future__ import annotations

import json
import random
import re
import struct
import wave
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from launcher.cli.documents.datasets import check_document
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import json_text
from launcher.workshop.check import CheckSettings
from launcher.workshop.page import report_page
from launcher.workshop.report import DatasetReport
from pod_image.contract.findings import Severity
from pod_image.dataset import Code, FolderSource
from tests.kit.dataset_files import wav, wav_around, write, zipped
from tests.workshop.checking import check_dataset

SENTENCES = [
    line.split("|")[1]
    for line in Path("launcher/demo/clips/metadata.csv").read_text(encoding="utf-8").splitlines()
]
DEMO_FLAC = Path("launcher/demo/clips/wavs/clip_01.flac").read_bytes()
CODES = {code.value: code for code in Code}
LENIENT = CheckSettings(speakers=None, minutes_wanted=0.0)


def speech(seconds: float = 3.0, seed: int = 0, level: float = 0.2, rate_hz: int = 22_050) -> bytes:
    """Noise bursts with pauses: loud enough to be speech, quiet in between, different for each seed."""
    chance = random.Random(seed)
    frames = round(seconds * rate_hz)
    values = [
        round(32767 * level * chance.uniform(-1, 1)) if n // 4000 % 3 else chance.randrange(-3, 4)
        for n in range(frames)
    ]
    return wav_around(struct.pack(f"<{frames}h", *values), rate_hz)


GOOD = [speech(seed=n) for n in range(3)]


def dataset(folder: Path, extra: dict[str, bytes | str] | None = None, lines: str = "") -> Path:
    """Three good clips, and whatever a test adds."""
    files: dict[str, bytes | str] = {f"wavs/{n}.wav": clip for n, clip in enumerate(GOOD)}
    table = "".join(f"{n}|{SENTENCES[n]}\n" for n in range(3)) + lines
    return write(folder, {**files, "metadata.csv": table, **(extra or {})})


async def report_on(folder: Path, settings: CheckSettings = LENIENT) -> DatasetReport:
    return await check_dataset(FolderSource(folder), settings)


def found(report: DatasetReport) -> dict[str, str]:
    """Place of the first finding of each code, without the notes on how a table was read."""
    first: dict[str, str] = {}
    for each in report.findings:
        if each.code not in (Code.TABLE_FORMAT, Code.PHONEMES_FEW):
            first.setdefault(each.code, each.place)
    return first


async def test_the_demo_clips_have_nothing_to_mend() -> None:
    report = await report_on(Path("launcher/demo/clips"))
    assert found(report) == {}
    assert (report.clips, report.kinds, report.rates_hz, report.channels) == (
        12, {"flac": 12}, {22_050: 12}, {1: 12},
    )  # fmt: skip
    assert report.minutes == pytest.approx(0.65, abs=0.01)
    assert report.clips_heard == 12
    assert report.phonemes is not None
    assert report.phonemes.percent == 100.0


async def test_a_good_dataset_has_no_errors_and_nothing_blocks(tmp_path: Path) -> None:
    report = await report_on(dataset(tmp_path))
    assert found(report) == {}
    assert report.blocking() == []


def six_hours() -> bytes:
    """The header of six hours of audio, as a sparse file would begin."""
    return wav_around(b"", 8_000)[:40] + struct.pack("<I", 0)


BAD_FILES: list[tuple[str, bytes, Code]] = [
    ("zero bytes", b"", Code.FILE_EMPTY),
    ("text named .wav", b"I am not a recording.\n", Code.FILE_UNREADABLE),
    ("a web page", b"<!DOCTYPE html><p>Not found", Code.FILE_UNREADABLE),
    ("an LFS pointer", b"version https://git-lfs.github.com/spec/v1\n", Code.FILE_UNREADABLE),
    ("half a header", wav(1.0)[:30], Code.FILE_UNREADABLE),
    ("cut in the middle", speech()[:40_000], Code.FILE_TRUNCATED),
    ("192 kHz, 8 channels", wav(0.6, 192_000, 8), Code.CHANNELS_MANY),
    ("192 kHz", wav(0.6, 192_000), Code.RATE_OTHER),
    ("8 kHz", speech(rate_hz=8_000), Code.RATE_LOW),
    ("another rate", speech(rate_hz=44_100), Code.RATE_MIXED),
    ("stereo among mono", wav(2.0, channels=2), Code.CHANNELS_MIXED),
    ("0.3 seconds", speech(0.3), Code.CLIP_SHORT),
    ("17 seconds", speech(17.0), Code.CLIP_LONG),
    ("61 seconds", speech(61.0, rate_hz=4_000), Code.CLIP_FAR_TOO_LONG),
    ("silence", wav_around(bytes(80_000)), Code.SILENT),
]


@pytest.mark.parametrize(
    ("content", "code"), [each[1:] for each in BAD_FILES], ids=[each[0] for each in BAD_FILES]
)
async def test_a_bad_file_is_found_with_its_line(
    tmp_path: Path, content: bytes, code: Code
) -> None:
    folder = dataset(tmp_path, {"wavs/bad.wav": content}, f"bad|{SENTENCES[5]}\n")
    places = found(await report_on(folder))
    assert code in places
    assert places[code] in ("metadata.csv line 4", "")


async def test_a_bad_file_changes_nothing_on_disk(tmp_path: Path) -> None:
    folder = dataset(tmp_path, {"wavs/bad.wav": GOOD[0][:9_999]}, f"bad|{SENTENCES[5]}\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    await report_on(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


async def test_a_six_hour_recording_is_named_in_hours_and_not_decoded_whole(tmp_path: Path) -> None:
    folder = dataset(tmp_path, lines=f"long|{SENTENCES[5]}\n")
    with (folder / "wavs/long.wav").open("wb") as file:
        file.write(six_hours())
        file.truncate(44 + 6 * 3600 * 8_000 * 2)
    report = await report_on(folder)
    (finding,) = [each for each in report.findings if each.code is Code.CLIP_FAR_TOO_LONG]
    assert "lasts 6 h:" in in_terminal(finding.message)
    assert "dataset make" in in_terminal(finding.hint)


BAD_TEXTS = [
    ("It was 3 o'clock.", Code.TEXT_NUMBERS),
    ("We met Dr. Bell there.", Code.TEXT_NUMBERS),
    ("Rock & roll is here.", Code.TEXT_CHARACTERS),
    ("I am so happy 😀 today.", Code.TEXT_CHARACTERS),
    ("Это русский текст здесь.", Code.TEXT_SCRIPT),
    ("שלום עולם וברכה.", Code.TEXT_SCRIPT),
    ("...", Code.TEXT_UNSPEAKABLE),
    ("", Code.TEXT_EMPTY),
]


@pytest.mark.parametrize(("text", "code"), BAD_TEXTS)
async def test_a_bad_text_is_found_with_its_line(tmp_path: Path, text: str, code: Code) -> None:
    folder = dataset(tmp_path, {"wavs/bad.wav": speech(seed=9)}, f"bad|{text}\n")
    assert found(await report_on(folder)).get(code) == "metadata.csv line 4"


async def test_the_same_words_twice_are_warned_of(tmp_path: Path) -> None:
    folder = dataset(tmp_path, {"wavs/bad.wav": speech(seed=9)}, f"bad|{SENTENCES[0].upper()}\n")
    assert found(await report_on(folder)) == {Code.TEXT_TWICE: "metadata.csv line 4"}


async def test_the_same_sound_under_two_names_is_warned_of(tmp_path: Path) -> None:
    folder = dataset(tmp_path, {"wavs/bad.wav": GOOD[1]}, f"bad|{SENTENCES[5]}\n")
    assert found(await report_on(folder)) == {Code.AUDIO_TWICE: "metadata.csv line 4"}


async def test_a_transcript_of_another_clip_shows_in_its_pace(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {}
    lines = []
    for n in range(24):
        text = f"{SENTENCES[n % 12]} {'Again and again.' * (n // 12)}"
        files[f"wavs/{n}.wav"] = speech(len(text) / 17, seed=n, rate_hz=8_000)
        lines.append(f"{n}|{text}")
    lines[7] = "7|Yes, I really do."
    write(tmp_path, {**files, "metadata.csv": "\n".join(lines)})
    report = await report_on(tmp_path)
    slow = [each for each in report.findings if each.code is Code.TEXT_PACE]
    assert [each.place for each in slow] == ["metadata.csv line 8"]
    assert "slower" in in_terminal(slow[0].message)


async def test_minutes_are_measured_against_the_preset(tmp_path: Path) -> None:
    report = await report_on(dataset(tmp_path), CheckSettings(minutes_wanted=10))
    assert found(report) == {Code.MINUTES_FEW: ""}
    assert report.minutes == pytest.approx(0.15)


async def test_speakers_are_counted_and_compared_with_the_settings(tmp_path: Path) -> None:
    table = "file|speaker|text\n" + "".join(
        f"{n}|{'anna' if n < 2 else 'ben'}|{SENTENCES[n]}\n" for n in range(3)
    )
    folder = dataset(tmp_path, {"metadata.csv": table})
    report = await report_on(folder, CheckSettings(speakers=1, minutes_wanted=0))
    assert set(found(report)) == {Code.SPEAKERS_UNEXPECTED, Code.SPEAKERS_UNEVEN}
    assert [(each.name, each.clips) for each in report.speakers] == [("anna", 2), ("ben", 1)]
    settings = CheckSettings(speakers=2, minutes_wanted=0)
    assert Code.SPEAKERS_UNEXPECTED not in found(await report_on(folder, settings))


async def test_a_line_without_its_speaker_is_an_error(tmp_path: Path) -> None:
    table = f"file|speaker|text\n0|anna|{SENTENCES[0]}\n1|anna|{SENTENCES[1]}\n2||{SENTENCES[2]}\n"
    report = await report_on(dataset(tmp_path, {"metadata.csv": table}))
    assert found(report)[Code.SPEAKER_PARTLY] == "metadata.csv line 4"


async def test_clipping_noise_quiet_and_long_silence_are_heard(tmp_path: Path) -> None:
    rate = 22_050
    noisy = [round(2500 * random.Random(n).uniform(-1, 1)) for n in range(2 * rate)]
    square = [32767 if n // 50 % 2 else -32768 for n in range(rate)]
    padded = [0] * (2 * rate) + [round(6000 * random.Random(n).uniform(-1, 1)) for n in range(rate)]
    sounds = {
        "noise": wav_around(struct.pack(f"<{len(noisy)}h", *noisy)),
        "clipping": wav_around(struct.pack(f"<{rate}h", *square)),
        "silence-long": wav_around(struct.pack(f"<{len(padded)}h", *padded)),
        "quiet": speech(seed=4, level=0.005),
    }
    lines = "".join(f"{name}|{SENTENCES[4 + n]}\n" for n, name in enumerate(sounds))
    files: dict[str, bytes | str] = {
        f"wavs/{name}.wav": content for name, content in sounds.items()
    }
    places = found(await report_on(dataset(tmp_path, files, lines)))
    for number, name in enumerate(sounds, 4):
        assert places[CODES[name]] == f"metadata.csv line {number}"


async def test_uneven_loudness_is_found_over_the_whole(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        f"wavs/{n}.wav": speech(1.0, seed=n, level=0.4 if n % 2 else 0.06) for n in range(12)
    }
    table = "".join(f"{n}|{SENTENCES[n]}\n" for n in range(12))
    assert Code.LOUDNESS_UNEVEN in found(
        await report_on(write(tmp_path, {**files, "metadata.csv": table}))
    )


async def test_damage_that_only_decoding_shows_is_found(tmp_path: Path) -> None:
    flac = bytearray(DEMO_FLAC)
    flac[4000:] = bytes(len(flac) - 4000)
    folder = dataset(tmp_path, {"wavs/bad.flac": bytes(flac)}, f"bad|{SENTENCES[5]}\n")
    assert found(await report_on(folder)) == {Code.FILE_UNREADABLE: "metadata.csv line 4"}


@pytest.mark.parametrize(
    ("card", "licence", "code"),
    [
        ("---\nlicense: cc0-1.0\n---\n# Clips", "cc0-1.0", None),
        ("---\nlicense: cc-by-nc-4.0\n---\n", "cc-by-nc-4.0", Code.LICENCE_RESTRICTS),
        ("---\nlicense:\n- apache-2.0\n---\n", "apache-2.0", None),
        ("---\npretty_name: X\n---\n", None, Code.LICENCE_ABSENT),
        ("# Only words", None, Code.LICENCE_ABSENT),
    ],
)
async def test_the_licence_of_the_card_is_read(
    tmp_path: Path, card: str, licence: str | None, code: Code | None
) -> None:
    report = await report_on(dataset(tmp_path, {"README.md": card}))
    assert report.licence == licence
    assert list(found(report)) == ([code] if code else [])


async def test_sounds_without_a_symbol_and_missing_sounds_are_told_apart(tmp_path: Path) -> None:
    table = "".join(f"{n}|Ah ah ah.\n" for n in range(3))
    report = await report_on(dataset(tmp_path, {"metadata.csv": table}))
    (few,) = [each for each in report.findings if each.code is Code.PHONEMES_FEW]
    assert "θ" in in_terminal(few.message)
    assert report.phonemes is not None
    assert report.phonemes.percent is not None
    assert report.phonemes.percent < 20


async def test_an_unknown_espeak_voice_is_a_note_and_no_crash(tmp_path: Path) -> None:
    settings = CheckSettings(espeak_voice="xx-none", speakers=None, minutes_wanted=0)
    assert found(await report_on(dataset(tmp_path), settings)) == {Code.PHONEMES_UNCHECKED: ""}


class Remote(FolderSource):
    """A folder whose reads count as requests."""

    is_remote = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.requests = 0
        self.bytes_read = 0

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        piece = super().read(path, start, length)
        self.requests += 1
        self.bytes_read += len(piece)
        return piece


async def test_of_a_remote_dataset_only_headers_are_read(tmp_path: Path) -> None:
    source = Remote(dataset(tmp_path))
    report = await check_dataset(source, LENIENT)
    assert found(report) == {Code.LICENCE_ABSENT: "README.md"}
    assert source.requests == 4
    assert source.bytes_read < 3 * 4096 + 500
    assert report.clips_heard == 0


async def test_of_a_large_remote_dataset_the_other_lengths_are_reckoned_and_said_to_be(
    tmp_path: Path,
) -> None:
    files: dict[str, bytes | str] = {f"wavs/{n}.wav": speech(1.0, n) for n in range(12)}
    table = "".join(f"{n}|{SENTENCES[n]}\n" for n in range(12))
    source = Remote(write(tmp_path, {**files, "metadata.csv": table}))
    report = await check_dataset(source, replace(LENIENT, most_remote_headers=4))
    assert source.requests == 5
    assert Code.HEADERS_SAMPLED in found(report)
    assert report.seconds_are_estimated
    assert report.minutes == pytest.approx(0.2, rel=0.01)
    deep = await check_dataset(source, CheckSettings(speakers=None, minutes_wanted=0, deep=True))
    assert (deep.headers_read, deep.clips_heard) == (12, 12)


async def test_shards_are_checked_like_loose_files(tmp_path: Path) -> None:
    clips = {f"{n}.wav": clip for n, clip in enumerate(GOOD)}
    table = "".join(f"{n}|{SENTENCES[n]}\n" for n in range(3))
    report = await report_on(write(tmp_path, {"clips.zip": zipped(clips), "metadata.csv": table}))
    assert found(report) == {}
    assert report.clips == 3
    assert report.disk_needed_bytes > report.dataset_bytes * 2


async def test_a_folder_without_a_table_is_a_finding_with_the_remedy(tmp_path: Path) -> None:
    report = await report_on(write(tmp_path, {"wavs/a.wav": GOOD[0]}))
    assert list(found(report)) == [Code.NO_TABLE]
    assert report.clips == 0


async def test_many_findings_of_one_kind_are_counted_and_not_all_listed(tmp_path: Path) -> None:
    lines = "".join(f"absent{n}|Text.\n" for n in range(200))
    report = await report_on(dataset(tmp_path, lines=lines))
    listed = [each for each in report.findings if each.code is Code.FILE_ABSENT]
    assert len(listed) == 51
    assert "150 more" in in_terminal(listed[-1].message)
    assert report.finding_counts["file-absent"] == 200
    assert report.count(Severity.ERROR) == 200


async def test_an_error_can_be_forced_by_its_name_and_no_other(tmp_path: Path) -> None:
    report = await report_on(dataset(tmp_path, {"wavs/empty.wav": b""}, "empty|Yes.\nnone|No.\n"))
    assert {each.code for each in report.blocking()} == {Code.FILE_EMPTY, Code.FILE_ABSENT}
    assert {each.code for each in report.blocking(["file-empty"])} == {Code.FILE_ABSENT}
    assert report.blocking(["file-empty", "file-absent"]) == []


async def test_the_report_is_plain_json_and_says_the_same(tmp_path: Path) -> None:
    report = await report_on(dataset(tmp_path, lines="none|No.\n"))
    document = json.loads(json_text(check_document(report)))
    (absent,) = [each for each in document["findings"] if each["severity"] == "error"]
    assert absent["code"] == "file-absent"
    assert absent["place"] == "metadata.csv line 4"
    assert absent["hint"]
    assert (document["clips"], document["errors"]) == (3, 1)


async def test_progress_is_told_for_each_part(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    source = FolderSource(dataset(tmp_path))
    await check_dataset(source, LENIENT, progress=lambda *step: told.append(step))
    assert ("headers", 3, 3) in told
    assert {what for what, _, _ in told} == {"table", "headers", "sound", "phonemes"}


async def test_the_page_is_one_file_that_asks_nobody_and_escapes_what_it_shows(
    tmp_path: Path,
) -> None:
    lines = "<img src=x onerror=alert(1)>.wav|<script>alert(2)</script> & more\n"
    page = report_page(await report_on(dataset(tmp_path, lines=lines)))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;img src=x" in page
    assert re.findall(r"(?:src|href|url)\s*[=(]\s*['\"]?(?:https?:)?//", page) == []
    assert page.count("<svg") >= 3
    assert "file-absent" in page
    assert "prefers-color-scheme: dark" in page
    assert page.count("<figure>") == page.count("</figure>")


async def test_the_page_says_many_findings_of_a_kind_together_and_their_remedy_once(
    tmp_path: Path,
) -> None:
    table = "".join(f"gone-{n}|{SENTENCES[n % 12]}\n" for n in range(60))
    page = report_page(await report_on(dataset(tmp_path, lines=table)))
    assert page.count("Add the file, correct its name, or remove the line.") == 1
    assert "60 times" in page
    assert "<summary>57 more</summary>" in page
    assert page.count("There is no file gone-") == 50
    assert "And 10 more of the same kind." in page


def test_every_code_has_a_severity_and_a_stable_spelling() -> None:
    values = [code.value for code in Code]
    assert len(values) == len(set(values))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", value) for value in values)
    assert all(isinstance(code.severity, Severity) for code in Code)


def test_the_crafted_clips_are_real_wav_files() -> None:
    with wave.open(BytesIO(GOOD[0])) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 22_050)
