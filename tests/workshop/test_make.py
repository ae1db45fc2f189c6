"""Recordings become clips with their texts, whatever they came in; originals stay as they were."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from launcher.errors import InvalidRequest
from launcher.workshop.gathering import Gathered, Recording, Skipped
from launcher.workshop.make import Made, MakeLimits, MakeProgress, MakeRequest, make_dataset
from launcher.workshop.table import Line, read_lines, read_record
from pod_image.dataset import read_dataset
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.dataset_files import tarred, write, zipped
from tests.kit.recordings import RATE_HZ, sentences, srt, talk, vtt, write_container, write_sound

ONE_CLIP, ONE_TEXT = sentences()[0]
ONE = ONE_CLIP.read_bytes()


async def make(
    out: Path, *recordings: Path, limits: MakeLimits | None = None, **options: Any
) -> Made:
    request = MakeRequest(out, recordings, **options)
    return await make_dataset(request, limits=limits, now=lambda: 1_790_000_000.0)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


CONTAINERS = ["wav", "flac", "ogg", "mp3", "opus", "m4a", "mp4", "mkv", "aac"]


def recorded(folder: Path, ending: str) -> Path:
    wave, _ = sf.read(ONE_CLIP, dtype="float32")
    path = folder / f"one.{ending}"
    if ending in ("wav", "flac", "ogg", "mp3"):
        return write_sound(path, wave)
    if ending == "opus":
        return write_sound(
            path,
            np.interp(np.arange(0, len(wave), 22_050 / 48_000), np.arange(len(wave)), wave).astype(
                "float32"
            ),
            48_000,
        )
    return write_container(path, wave, "aac", video=ending in ("mp4", "mkv"))


async def test_every_usual_container_becomes_a_mono_clip_of_the_same_length(tmp_path: Path) -> None:
    for ending in CONTAINERS:
        path = recorded(tmp_path / "in" / ending, ending)
        path.with_suffix(".txt").write_text(f"In {ending}. {ONE_TEXT}")
    made = await make(tmp_path / "out", tmp_path / "in")
    assert (made.clips, made.untyped, made.skipped) == (len(CONTAINERS), 0, ())
    clips = read_dataset(tmp_path / "out").clips
    assert sorted(clip.text for clip in clips) == sorted(
        f"In {each}. {ONE_TEXT}" for each in CONTAINERS
    )
    for clip in clips:
        wave, rate_hz = sf.read(clip.path, dtype="int16")
        assert (rate_hz, wave.ndim) == (RATE_HZ, 1)
        # Encoders pad at both ends: AAC by up to 2,112 samples, MP3 by some more.
        assert len(wave) / rate_hz == pytest.approx(4.055, abs=0.15), clip.text


async def test_a_clip_that_needs_nothing_comes_out_sample_for_sample(tmp_path: Path) -> None:
    await make(tmp_path / "out", ONE_CLIP, table=DEMO_CLIPS / "metadata.csv")
    (clip,) = read_dataset(tmp_path / "out").clips
    before, _ = sf.read(ONE_CLIP, dtype="int16")
    after, _ = sf.read(clip.path, dtype="int16")
    assert np.array_equal(before, after)
    assert clip.text == ONE_TEXT


@pytest.mark.parametrize(("rate_hz", "kind"), [(16_000, "wav"), (22_050, "flac")])
async def test_stereo_at_48_khz_is_mixed_and_resampled(
    tmp_path: Path, rate_hz: int, kind: str
) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(96_000) / 48_000) * 0.5
    path = write_sound(tmp_path / "in.wav", np.stack([tone, tone / 2], axis=1), 48_000)
    await make(tmp_path / "out", path, sample_rate_hz=rate_hz, kind=kind)
    (line,) = read_lines(tmp_path / "out")
    wave, found_hz = sf.read(tmp_path / "out" / line.file, dtype="float32")
    assert (found_hz, len(wave)) == (rate_hz, 2 * rate_hz)
    spectrum = np.abs(np.fft.rfft(wave))
    assert np.argmax(spectrum) / 2 == pytest.approx(440, abs=1)
    assert np.abs(wave[2000:-2000]).max() == pytest.approx(0.375, abs=0.01)


async def test_long_recordings_are_cut_by_their_subtitles(tmp_path: Path) -> None:
    said = talk(6)
    for kind, subtitles in (("srt", srt(said.cues, shift=0.15)), ("vtt", vtt(said.cues))):
        path = write_sound(tmp_path / "in" / f"A Talk, as {kind} (1).mp3", said.wave)
        path.with_suffix(f".{kind}").write_text(f"{subtitles}\n")
    # The same sound twice is two recordings, for their subtitles differ.
    made = await make(tmp_path / "out", tmp_path / "in")
    assert (made.clips, made.untyped) == (12, 0)
    clips = read_dataset(tmp_path / "out").clips
    assert [clip.text for clip in clips] == [text for _, _, text in said.cues] * 2
    assert clips[0].path.name == "A-Talk-as-srt-1-0001.flac"
    for clip, (start, end, _) in zip(clips, said.cues * 2, strict=True):
        wave, rate_hz = sf.read(clip.path, dtype="float32")
        assert len(wave) / rate_hz == pytest.approx(end - start, abs=0.75)
        edges = [np.abs(wave[: rate_hz // 20]).max(), np.abs(wave[-rate_hz // 20 :]).max()]
        assert max(edges) < 0.05, "a cut lies in a pause"


async def test_a_long_recording_without_subtitles_is_cut_at_its_pauses_and_left_to_be_typed(
    tmp_path: Path,
) -> None:
    said = talk(8)
    made = await make(tmp_path / "out", write_sound(tmp_path / "talk.flac", said.wave))
    assert made.untyped == made.clips >= 4
    lengths = [
        sf.info(tmp_path / "out" / line.file).duration for line in read_lines(tmp_path / "out")
    ]
    assert max(lengths) <= 12.0
    assert sum(lengths) == pytest.approx(said.seconds, rel=0.25)


async def test_loudness_is_brought_to_the_wanted_one_without_clipping(tmp_path: Path) -> None:
    wave, _ = sf.read(ONE_CLIP, dtype="float32")
    path = write_sound(tmp_path / "quiet.wav", wave / 20)
    await make(tmp_path / "out", path, loudness_lufs=-23.0)
    (line,) = read_lines(tmp_path / "out")
    louder, _ = sf.read(tmp_path / "out" / line.file, dtype="float32")
    assert np.abs(louder).max() <= 10 ** (-1 / 20) + 1e-4
    assert np.sqrt((louder**2).mean()) > 3 * np.sqrt(((wave / 20) ** 2).mean())


@pytest.mark.parametrize("factor", [1.0, 32_768.0])
async def test_floats_over_full_scale_become_clips_of_which_nothing_is_cut_off(
    tmp_path: Path, factor: float
) -> None:
    """Also where the recording is cut at its pauses, which are looked for in the sound."""
    wave = talk(5).wave
    wave = wave / np.abs(wave).max() * factor
    sf.write(tmp_path / "loud.wav", wave, RATE_HZ, subtype="FLOAT")
    made = await make(tmp_path / "out", tmp_path / "loud.wav", workers=1)
    assert made.clips > 1
    clips = [sf.read(tmp_path / "out" / line.file)[0] for line in read_lines(tmp_path / "out")]
    loudest = max(clips, key=lambda each: np.abs(each).max())
    assert np.abs(loudest).max() == pytest.approx(1.0, abs=1e-4)
    assert (np.abs(loudest) > 0.999).sum() < 3


async def test_a_recording_with_values_that_are_no_numbers_is_left_out(tmp_path: Path) -> None:
    wave = np.full(RATE_HZ, np.nan, "float32")
    sf.write(tmp_path / "odd.wav", wave, RATE_HZ, subtype="FLOAT")
    made = await make(tmp_path / "out", tmp_path / "odd.wav", ONE_CLIP, workers=1)
    assert made.clips == 1
    assert [each.reason for each in made.skipped] == ["It holds values that are not numbers."]


async def test_linked_folders_are_gathered_and_what_systems_left_is_passed_over(
    tmp_path: Path,
) -> None:
    named = write(
        tmp_path / "in", {"._one.flac": b"\x00\x05\x16\x07", "@eaDir/one.flac/a.wav": b"junk"}
    )
    write(tmp_path / "elsewhere", {"one.flac": ONE, "one.txt": ONE_TEXT})
    (named / "there").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (named / "there-again.flac").symlink_to(named / "gone.flac")
    made = await make(tmp_path / "out", named, workers=1)
    assert (made.clips, made.untyped, made.skipped) == (1, 0, ())
    assert {str(each.code) for each in made.findings} == {"link-followed", "link-broken"}


BAD_RECORDINGS: list[tuple[str, bytes, str]] = [
    ("empty.wav", b"", "empty"),
    ("text.wav", b"I am not sound.\n" * 40, "decoded"),
    ("page.mp3", b"<!DOCTYPE html><p>Not found</p>" * 30, "decoded"),
    ("zeros.mp3", bytes(40_000), "decoded"),
    ("cut.m4a", b"\x00\x00\x00\x20ftypM4A " + bytes(300), "decoded"),
    (
        "list.wav",
        b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        "decoded",
    ),
    ("concat.wav", b"ffconcat version 1.0\nfile /etc/passwd\n", "decoded"),
    ("header.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "decoded"),
]


async def test_bad_recordings_are_left_out_with_their_reasons_and_the_rest_is_made(
    tmp_path: Path,
) -> None:
    files: dict[str, bytes | str] = {name: content for name, content, _ in BAD_RECORDINGS}
    folder = write(tmp_path / "in", {**files, "good.flac": ONE, "good.txt": ONE_TEXT})
    before = digests(folder)
    made = await make(tmp_path / "out", folder, workers=1)
    assert made.clips == 1
    reasons = {each.name: each.reason for each in made.skipped}
    assert set(reasons) == set(files)
    for name, _, why in BAD_RECORDINGS:
        assert why in reasons[name], name
    assert digests(folder) == before


async def test_a_recording_that_is_gone_or_may_not_be_read_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = [Recording(tmp_path / "gone.wav", "gone.wav"), Recording(ONE_CLIP, "one.flac")]
    monkeypatch.setattr("launcher.workshop.make.gather", lambda *_: Gathered(there, [], []))
    made = await make(tmp_path / "out", ONE_CLIP)
    assert made.clips == 1
    assert made.skipped == (Skipped("gone.wav", "It cannot be read: No such file or directory."),)


async def test_a_truncated_recording_gives_what_is_left_of_it_or_a_reason(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "cut.mp3", talk(2).wave)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    made = await make(tmp_path / "out", path)
    assert made.clips + len(made.skipped) == 1


async def test_a_recording_over_a_limit_is_left_out_with_the_limit(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "long.wav", np.zeros(30 * RATE_HZ))
    made = await make(tmp_path / "out", path, limits=MakeLimits(most_recording_seconds=20.0))
    assert "lasts more than" in made.skipped[0].reason
    made = await make(tmp_path / "out", path, limits=MakeLimits(most_recording_bytes=1000))
    assert "too much" in made.skipped[0].reason
    with pytest.raises(InvalidRequest, match="more than 0"):
        await make(tmp_path / "out", path, limits=MakeLimits(most_recordings=0))


async def test_a_decoder_that_takes_too_long_is_ended_and_the_next_recording_is_made(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path / "in", {"b.flac": ONE})
    write_sound(folder / "a.wav", np.zeros(600 * RATE_HZ))
    limits = MakeLimits(job_seconds=0.0)
    made = await make(tmp_path / "out", folder, limits=limits, workers=1)
    assert [each.name for each in made.skipped] == ["a.wav", "b.flac"]
    assert "longer than" in made.skipped[0].reason
    assert (await make(tmp_path / "out", folder / "b.flac", workers=1)).clips == 1


async def test_what_was_made_before_is_not_made_again(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {"a.flac": ONE, "a.txt": ONE_TEXT})
    first = await make(tmp_path / "out", folder)
    again = await make(tmp_path / "out", folder)
    assert (first.added_clips, again.added_clips, again.already_there, again.clips) == (1, 0, 1, 1)
    write(folder, {"b.flac": sentences()[1][0].read_bytes()})
    more = await make(tmp_path / "out", folder)
    assert (more.added_clips, more.already_there, more.clips) == (1, 1, 2)
    record = read_record(tmp_path / "out")
    assert record is not None
    assert sorted(record.recordings.values()) == ["a.flac", "b.flac"]


async def test_two_recordings_of_one_name_get_names_of_their_own(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "in", {"x/take.flac": ONE, "y/Take.flac": sentences()[1][0].read_bytes()}
    )
    await make(tmp_path / "out", folder)
    assert [line.file for line in read_lines(tmp_path / "out")] == [
        "wavs/take.flac",
        "wavs/Take-v2.flac",
    ]


async def test_names_that_no_system_likes_become_plain_ones(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {"Grüße an… 世界?.flac": ONE})
    (folder / "con.flac").write_bytes(sentences()[1][0].read_bytes())
    await make(tmp_path / "out", folder)
    names = [line.file for line in read_lines(tmp_path / "out")]
    assert names[0] == "wavs/Grue-an.flac"
    assert names[1].startswith("wavs/clip-")


async def test_a_table_gives_texts_and_speakers(tmp_path: Path) -> None:
    table = tmp_path / "texts.csv"
    table.write_text(f"file|speaker|text\nclip_01|anna|{ONE_TEXT}\n")
    await make(tmp_path / "out", ONE_CLIP, table=table)
    assert read_lines(tmp_path / "out") == [Line("wavs/clip_01.flac", ONE_TEXT, "anna")]


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar"])
async def test_recordings_come_out_of_an_archive_with_their_texts(
    tmp_path: Path, pack: Any
) -> None:
    archive = tmp_path / "all.zip"
    archive = archive if pack is zipped else tmp_path / "all.tar"
    archive.write_bytes(pack({"in/a.flac": ONE, "in/a.txt": ONE_TEXT.encode()}))
    made = await make(tmp_path / "out", archive)
    assert (made.clips, made.untyped) == (1, 0)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "wavs",
        "metadata.csv",
        "launcher.json",
    }


async def test_a_hostile_archive_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(zipped({"../../evil.flac": ONE}))
    bomb = zipped({"a.wav": bytes(80 * 2**20)}, zipfile.ZIP_DEFLATED)
    (tmp_path / "bomb.zip").write_bytes(bomb)
    made = await make(tmp_path / "out", tmp_path / "bad.zip", tmp_path / "bomb.zip")
    assert [each.name for each in made.skipped] == ["bad.zip", "bomb.zip"]
    assert made.clips == 0
    assert not any("evil" in path for path in digests(tmp_path))


async def test_nonsense_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {"a.flac": ONE})
    with pytest.raises(InvalidRequest, match="no file"):
        await make(tmp_path / "out", tmp_path / "absent")
    with pytest.raises(InvalidRequest, match="44,100 Hz"):
        await make(tmp_path / "out", folder, sample_rate_hz=44_100)
    with pytest.raises(InvalidRequest, match="folder of its recordings"):
        await make(folder, folder)
    with pytest.raises(InvalidRequest, match="no recording"):
        await make(tmp_path / "out", write(tmp_path / "none", {"notes.pdf": b"x"}))
    with pytest.raises(InvalidRequest, match="No recordings"):
        await make(tmp_path / "out")
    assert digests(folder) == {str(folder / "a.flac"): hashlib.sha256(ONE).hexdigest()}


async def test_clips_of_two_rates_are_not_mixed_in_one_dataset(tmp_path: Path) -> None:
    await make(tmp_path / "out", ONE_CLIP)
    with pytest.raises(InvalidRequest, match="cannot be added"):
        await make(tmp_path / "out", sentences()[1][0], sample_rate_hz=16_000)


async def test_progress_counts_recordings_and_minutes(tmp_path: Path) -> None:
    told: list[MakeProgress] = []
    folder = write(tmp_path / "in", {"a.flac": ONE, "b.flac": sentences()[1][0].read_bytes()})
    request = MakeRequest(tmp_path / "out", (folder,))
    await make_dataset(request, on_progress=told.append)
    assert (told[-1].done, told[-1].of) == (2, 2)
    assert told[-1].decoded_minutes == pytest.approx(7.51 / 60, abs=0.01)


async def test_the_decoder_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from launcher.workshop.pool import _plain_environment

    monkeypatch.setenv("HF_UPLOAD_TOKEN", "demo-secret")
    monkeypatch.setenv("RUNPOD_API_KEY", "demo-secret")
    assert "demo-secret" not in _plain_environment().values()


# Texts with times


async def test_labels_captions_and_recognisers_json_cut_a_long_recording_each_at_its_times(
    tmp_path: Path,
) -> None:
    said = talk(4)
    labels = "".join(f"{start}\t{end}\t{text}\n" for start, end, text in said.cues)
    segments = [{"start": start, "end": end, "text": text} for start, end, text in said.cues]
    texts = {
        "a.txt": labels,
        "b.en.vtt": vtt(said.cues),
        "c.wav.json": json.dumps({"text": "", "segments": segments}),
    }
    folder = write(tmp_path / "in", dict(texts))
    for name in "abc":
        write_sound(folder / f"{name}.wav", said.wave)
    made = await make(tmp_path / "out", folder)
    assert (made.clips, made.untyped, made.skipped) == (12, 0, ())
    wanted = [text for _, _, text in said.cues]
    assert [line.text for line in read_lines(tmp_path / "out")] == wanted * 3


async def test_what_is_odd_about_a_text_is_told_with_what_was_made(tmp_path: Path) -> None:
    said = talk(2)
    cues = [*said.cues, (said.seconds + 5, said.seconds + 6, "Nobody hears this.")]
    folder = write(tmp_path / "in", {"talk.srt": srt([(s, e, f"[Music] {t}") for s, e, t in cues])})
    write_sound(folder / "talk.wav", said.wave)
    made = await make(tmp_path / "out", folder)
    assert made.clips == 2
    assert [each.code for each in made.findings] == ["times-beyond", "text-taken-out"]


async def test_a_text_of_another_recording_is_not_cut_into_this_one(tmp_path: Path) -> None:
    said = talk(2)
    later = [(start + 600, end + 600, text) for start, end, text in said.cues]
    folder = write(tmp_path / "in", {"talk.srt": srt(later)})
    write_sound(folder / "talk.wav", said.wave)
    made = await make(tmp_path / "out", folder)
    assert made.clips == 0
    assert "they belong to another recording" in made.skipped[0].reason


async def test_speakers_that_a_text_names_are_the_clips_own(tmp_path: Path) -> None:
    said = talk(2)
    cues = [
        (s, e, f"<v {who}>{t}") for who, (s, e, t) in zip(("Ann", "Ben"), said.cues, strict=True)
    ]
    folder = write(tmp_path / "in", {"talk.vtt": f"WEBVTT\n\n{srt(cues)}"})
    write_sound(folder / "talk.wav", said.wave)
    await make(tmp_path / "out", folder)
    assert [line.speaker for line in read_lines(tmp_path / "out")] == ["Ann", "Ben"]


async def test_a_long_recording_whose_text_has_no_times_says_so(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {"talk.txt": "All that is said in it."})
    write_sound(folder / "talk.wav", talk(8).wave)
    made = await make(tmp_path / "out", folder)
    assert made.untyped == made.clips > 1
    assert "has no times" in str(made.findings[0].message)
