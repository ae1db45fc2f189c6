"""The clips that the check passes are those that a pod takes, with the same texts and lengths; whatever is in them."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from launcher.emulator.hub import HubEmulator
from launcher.workshop.check import CheckSettings, looked_over
from launcher.workshop.hub_source import open_repo
from launcher.workshop.report import DatasetReport
from pod_image.dataset import DatasetError, FileSource, FolderSource, read_dataset
from pod_image.dataset.fitness import samples_at
from pod_image.hub import Repo, fetch
from pod_image.recipes.piper.preparation import Preparation, prepare
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.recordings import load_recording
from tests.kit.dataset_files import InMemory, seed_repo, tarred, write, zipped
from tests.kit.hub_access import hub_of
from tests.kit.recordings import sentences

RATE_HZ = 22_050
DEEP = CheckSettings(speakers=None, minutes_wanted=0.0, deep=True)
QUICK = CheckSettings(speakers=None, minutes_wanted=0.0)


# Sounds


@cache
def voice(seconds: float) -> Any:
    """Speech, over and over."""
    wave, _ = soundfile.read(sentences()[0][0], dtype="float32")
    return np.resize(wave, round(seconds * RATE_HZ))


def padded(seconds: float, silence: float) -> Any:
    return np.concatenate([voice(seconds), np.zeros(round(silence * RATE_HZ), "float32")])


WAVES: dict[str, Any] = {
    "a sentence": voice(4.0),
    "nothing": voice(0.0),
    "just too short": voice(8191 / RATE_HZ),
    "just long enough": voice(8192 / RATE_HZ),
    "half a second": voice(0.5),
    "just not too long": voice(20.0),
    "too long": voice(20.1),
    "too long by its silence alone": padded(3.0, 20.0),
    "a whole recording": voice(60.5),
    "silence": np.zeros(2 * RATE_HZ, "float32"),
    "hardly a sound": voice(2.0) * 0.002,
    "over full scale": voice(2.0) * 9.0,
    "no numbers": np.full(RATE_HZ, np.nan, "float32"),
}


def encoded(wave: Any, kind: str, coding: str, endian: str = "FILE") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, wave, RATE_HZ, format=kind, subtype=coding, endian=endian)
    return file.getvalue()


def as_wav(wave: Any) -> bytes:
    return encoded(wave, "WAV", "FLOAT")


def of_no_length(wave: Any, value: int = 0) -> bytes:
    content = bytearray(as_wav(wave))
    at = content.index(b"data") + 4
    content[at : at + 4] = value.to_bytes(4, "little")
    return bytes(content)


FORMS: dict[str, Any] = {
    "wav": as_wav,
    "wav from a pipe": of_no_length,
    "wav from another pipe": lambda wave: of_no_length(wave, 0x7FFFFFFF),
    "rifx": lambda wave: encoded(np.nan_to_num(wave), "WAV", "PCM_16", "BIG"),
    "w64": lambda wave: encoded(wave, "W64", "FLOAT"),
    "aiff": lambda wave: encoded(wave, "AIFF", "FLOAT"),
    "flac": lambda wave: encoded(np.nan_to_num(wave), "FLAC", "PCM_16"),
    "ogg": lambda wave: encoded(np.nan_to_num(wave).clip(-1, 1), "OGG", "VORBIS"),
    "mp3": lambda wave: encoded(np.nan_to_num(wave).clip(-1, 1), "MP3", "MPEG_LAYER_III"),
    "behind a tag": lambda wave: b"ID3\x03\x00\x00\x00\x00\x01\x48" + bytes(200) + as_wav(wave),
    "cut off": lambda wave: as_wav(wave)[: 44 + 2 * len(wave)],
    "flac cut off": lambda wave: encoded(np.nan_to_num(wave), "FLAC", "PCM_16")[:-2000],
    "an m4a": lambda wave: b"\x00\x00\x00\x20ftypM4A " + bytes(300),
    "an LFS pointer": lambda wave: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "a text": lambda wave: b"Not a recording at all.\n",
    "empty": lambda wave: b"",
}

TEXTS = [
    "Good day to you.", "No.", "The ferry\x00 leaves at noon.", "...", "%", "", "ـــ", "Take 1,234,567 % of WWW.",
    "A great deal of text, of which nobody can say more than a part in so short a time, however fast. " * 3,
    "Wer reitet so spät?", "fi\ufb01ne \u200bday", "一 二 三",
]  # fmt: skip
STEMS = [
    "a",
    "Recording 3.15.22\u202fPM",
    "voix\u00a0de",
    "録音\u3000一",
    "می\u200cخواهم",
    "B c",
    "é",
    "e\u0301x",
]


@dataclass(frozen=True)
class Made:
    """One clip of a dataset."""

    stem: str
    wave: str
    form: str
    text: str


CLIPS = st.builds(
    Made,
    st.sampled_from(STEMS),
    st.one_of(st.just("a sentence"), st.sampled_from(sorted(WAVES))),
    st.one_of(st.just("wav"), st.sampled_from(sorted(FORMS))),
    st.one_of(st.just(TEXTS[0]), st.sampled_from(TEXTS)),
)


@cache
def sound(wave: str, form: str) -> bytes:
    made: bytes = FORMS[form](WAVES[wave])
    return made


TABLES = ("bars", "json lines", "beside")
PACKINGS = ("loose", "zip", "deflated", "tar", "tar.gz", "parquet")


def files_of(clips: Sequence[Made], table: str, packing: str) -> dict[str, bytes]:
    """A dataset in one of the layouts, with what a Mac leaves in every one of them."""
    sounds = {f"wavs/{clip.stem}.wav": sound(clip.wave, clip.form) for clip in clips}
    if packing == "parquet":
        return {"data/train-0.parquet": in_parquet(clips, list(sounds.values()))}
    texts = {f"wavs/{clip.stem}.txt": clip.text.encode() for clip in clips}
    junk = {f"wavs/._{clip.stem}.wav": b"\x00\x05\x16\x07" for clip in clips}
    inner = {**sounds, **junk, **(texts if table == "beside" else {})}
    outer = {
        "bars": {"metadata.csv": "".join(f"{c.stem}|{c.text}\n" for c in clips).encode()},
        "json lines": {
            "metadata.jsonl": "".join(
                json.dumps({"file_name": f"wavs/{c.stem}.wav", "text": c.text}) + "\n"
                for c in clips
            ).encode()
        },
        "beside": {},
    }[table]
    packed = {
        "zip": lambda: {"clips.zip": zipped(inner)},
        "deflated": lambda: {"clips.zip": zipped(inner, zipfile.ZIP_DEFLATED)},
        "tar": lambda: {"clips.tar": tarred(inner)},
        "tar.gz": lambda: {"clips.tar.gz": tarred(inner, "w:gz")},
    }.get(packing, lambda: inner)()
    return {**packed, **outer}


def in_parquet(clips: Sequence[Made], sounds: Sequence[bytes]) -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    rows = [
        {"audio": {"bytes": content, "path": f"{clip.stem}.wav"}, "text": clip.text}
        for clip, content in zip(clips, sounds, strict=True)
    ]
    file = io.BytesIO()
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.Table.from_pylist(rows), file)
    return file.getvalue()


# Both sides


Taken = dict[str, tuple[str, int]]
"""Text and samples of the whole clip, by place."""


def passed(source: FileSource, how: CheckSettings) -> tuple[Taken, DatasetReport]:
    report, taken = looked_over(source, how)
    return {
        each.utterance.place: (each.utterance.text, samples_at(each.seconds or 0.0, RATE_HZ))
        for each in taken
    }, report


def trained(folder: Path, out: Path) -> Taken:
    """What a pod takes of its fetched dataset."""
    try:
        clips = read_dataset(folder, unpack_to=out / "unpacked").clips
        prepared = prepare(clips, out, Preparation(RATE_HZ, "en-us"), lambda body: None)
    except (DatasetError, RecipeError):
        return {}
    return {
        clip.place: (clip.text, len(load_recording(Path(clip.path), RATE_HZ, None)))
        for clip in prepared.clips
    }


def agree(files: dict[str, bytes], source: FileSource | None = None) -> Taken:
    """Assert that both sides take the same, and say so when that is nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = write(Path(scratch) / "pod", files)
        on_pod = trained(folder, Path(scratch) / "prepared")
        by_check, report = passed(source or FolderSource(folder), DEEP)
        quickly, _ = passed(FolderSource(folder), QUICK)
    assert by_check == on_pod
    assert report.usable_clips == len(on_pod)
    assert on_pod or report.errors
    # Of so few clips every one is listened to, and every text that may be too much is read.
    assert quickly == on_pod
    return on_pod


@given(
    clips=st.lists(CLIPS, min_size=1, max_size=4, unique_by=lambda clip: clip.stem),
    table=st.sampled_from(TABLES),
    packing=st.sampled_from(PACKINGS),
    is_folder=st.booleans(),
)
@example(
    clips=[Made("a", "too long", "flac cut off", "Good day to you.")],
    table="bars",
    packing="loose",
    is_folder=False,
)
@example(  # a letter by its class, which only draws a word out in print
    clips=[Made("a", "a sentence", next(iter(FORMS)), "\u0640" * 3)],
    table="bars",
    packing="loose",
    is_folder=False,
)
@settings(max_examples=10, deadline=None)
def test_what_the_check_passes_is_what_the_pod_takes(
    clips: list[Made], table: str, packing: str, is_folder: bool
) -> None:
    files = files_of(clips, table, packing)
    agree(files, None if is_folder else InMemory(files))


def lines_of(taken: Taken, names: Sequence[str]) -> set[str]:
    """Names of the lines of metadata.csv that were taken."""
    return {names[int(place.rpartition(" ")[2]) - 1] for place in taken}


def test_every_kind_of_file_is_taken_or_refused_by_both() -> None:
    clips = [Made(f"c{n}", "a sentence", form, TEXTS[0]) for n, form in enumerate(FORMS)]
    taken = lines_of(agree(files_of(clips, "bars", "loose")), list(FORMS))
    refused = {"cut off", "flac cut off", "an m4a", "an LFS pointer", "a text", "empty"}
    assert taken == set(FORMS) - refused


def test_every_length_and_loudness_is_taken_or_refused_by_both() -> None:
    clips = [Made(f"c{n}", wave, "wav", "No.") for n, wave in enumerate(WAVES)]
    taken = lines_of(agree(files_of(clips, "bars", "zip")), list(WAVES))
    refused = {"nothing", "just too short", "too long", "a whole recording", "silence"}
    assert taken == set(WAVES) - refused - {"hardly a sound", "no numbers"}


def test_every_text_and_name_is_taken_or_refused_by_both() -> None:
    texts = [*TEXTS, *TEXTS[:2]]
    stems = [*STEMS, *(f"c{n}" for n in range(len(texts) - len(STEMS)))]
    clips = [Made(stem, "a sentence", "wav", text) for stem, text in zip(stems, texts, strict=True)]
    taken = agree(files_of(clips, "json lines", "tar.gz"))
    assert len(taken) >= 8
    assert not {"...", "%", ""} & {text for text, _ in taken.values()}


def test_a_repo_passes_what_the_pod_takes_of_it(tmp_path: Path) -> None:
    waves = [
        "a sentence",
        "just too short",
        "too long",
        "half a second",
        "a sentence",
        "a sentence",
    ]
    forms = ["wav from a pipe", "wav", "flac", "behind a tag", "an m4a", "w64"]
    clips = [Made(*each, TEXTS[0]) for each in zip(STEMS, waves, forms, strict=False)]
    with HubEmulator(tmp_path / "hub") as emulator:
        hub = hub_of(emulator)
        for packing in ("loose", "zip", "parquet"):
            name, folder = f"demo/{packing}", tmp_path / packing
            seed_repo(emulator, name, files_of(clips, "bars", packing))
            source = open_repo(hub, name)
            fetch(hub, Repo(name, "dataset"), source.commit, folder)
            by_headers, report = passed(source, QUICK)
            on_pod = trained(folder, tmp_path / f"prepared-{packing}")
            assert len(on_pod) == 3
            # What lies in a parquet file is looked at once it is fetched; the report says so.
            is_unseen = packing == "parquet"
            assert by_headers == ({} if is_unseen else on_pod)
            assert ("archive-unlisted" in report.finding_counts) == is_unseen


@pytest.mark.parametrize(
    ("wave", "form", "text", "reason"),
    [
        ("just too short", "wav", "No.", "too short"),
        ("too long", "wav", "No.", "too long"),
        ("a whole recording", "wav", "No.", "whole recordings"),
        ("silence", "wav", "No.", "silent"),
        ("half a second", "wav", TEXTS[8], "with more text"),
        ("a sentence", "an m4a", "No.", "not to be read"),
        ("a sentence", "cut off", "No.", "cut off"),
        ("a sentence", "wav", "...", "without words"),
    ],
)
def test_a_set_of_which_nothing_would_be_left_is_an_error(
    wave: str, form: str, text: str, reason: str
) -> None:
    clips = [Made(stem, wave, form, text) for stem in STEMS[:3]]
    taken, report = passed(InMemory(files_of(clips, "bars", "loose")), QUICK)
    assert taken == {}
    (finding,) = [each for each in report.errors if each.code == "nothing-left"]
    assert f"None of the 3 clips can be used: 3 {reason}" in str(finding.message)


def test_half_a_letter_in_json_is_a_finding_and_ends_nothing() -> None:
    line = '{"file_name": "wavs/a.wav", "text": "Half a letter \\ud83d here."}\n'
    files = {"wavs/a.wav": sound("a sentence", "wav"), "metadata.jsonl": line.encode()}
    taken = agree(files)
    assert [text for text, _ in taken.values()] == ["Half a letter \ufffd here."]
    _, report = passed(InMemory(files), DEEP)
    assert "text-characters" in report.finding_counts


class FarAway(InMemory):
    """Of which only some headers are read."""

    is_remote = True


@pytest.mark.parametrize("form", ["an m4a", "cut off", "wav"])
def test_where_no_clip_that_was_looked_at_can_be_used_the_others_are_no_better(form: str) -> None:
    wave = "just too short" if form == "wav" else "half a second"
    clips = [Made(f"c{n}", wave, form, TEXTS[0]) for n in range(60)]
    files = files_of(clips, "bars", "loose")
    _, report = passed(FarAway(files), replace(QUICK, most_remote_headers=24))
    assert "nothing-left" in report.finding_counts
    good = {f"wavs/c{n}.wav": sound("half a second", "wav") for n in range(0, 60, 2)}
    _, report = passed(FarAway(files | good), replace(QUICK, most_remote_headers=24))
    assert "nothing-left" not in report.finding_counts


def test_a_damaged_clip_of_a_second_speaker_counts_as_the_pod_counts_it(tmp_path: Path) -> None:
    files = {"wavs/a.wav": sound("a sentence", "wav"), "wavs/b.wav": sound("a sentence", "a text")}
    table = "file|speaker|text\na|anna|Good day.\nb|ben|Good bye.\n"
    folder = write(tmp_path, {**files, "metadata.csv": table})
    _, report = passed(FolderSource(folder), CheckSettings(speakers=1, minutes_wanted=0.0))
    assert "speakers-unexpected" in report.finding_counts
    with pytest.raises(RecipeError, match="names 2 speakers"):
        prepare(read_dataset(folder).clips, tmp_path / "out", Preparation(RATE_HZ, "en-us"), print)
