"""A dataset goes to the Hub as shards, table and card in one commit, and comes back the same."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import soundfile as sf
import yaml
from pydantic import SecretStr

from launcher.cli.terminal.next_steps import in_terminal
from launcher.emulator.hub import HubEmulator
from launcher.errors import InvalidRequest
from launcher.workshop.before_push import PushLook
from launcher.workshop.card import BEGIN, CardFacts, render_card
from launcher.workshop.check import CheckSettings
from launcher.workshop.hub_source import look_over_repo
from launcher.workshop.library import edit_clip
from launcher.workshop.push import Pushed, PushRequest, look_before_pushing, push_dataset
from launcher.workshop.shards import ShardedClip, shard_count, shard_of, write_shards
from pod_image.contract.figures import recorded
from pod_image.dataset import Code, read_dataset
from pod_image.hub import Hub, Repo, fetch, list_files, publish, read_bytes
from tests.kit.dataset_files import wav, write, zipped

DEMO = Path("launcher/demo/clips")
LENIENT = CheckSettings(speakers=None, minutes_wanted=0.0)


def many(folder: Path, count: int = 120) -> Path:
    """More clips than go loose: short, each of its own length."""
    clips = {f"wavs/{n:03d}.wav": wav(1.5 + n / 1000, 16_000) for n in range(count)}
    table = "".join(f"{n:03d}|Sentence of {n} words.\n" for n in range(count))
    return write(folder, {**clips, "metadata.csv": table})


async def push(hub: Hub, folder: Path, **options: Any) -> Pushed:
    return await push_dataset(hub, PushRequest(folder, "demo/clips", **options))


async def looked(hub: Hub, folder: Path, repo: str = "demo/clips") -> PushLook:
    return await look_before_pushing(hub, PushRequest(folder, repo))


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """The demo's clips where a push may note down what it did."""
    return shutil.copytree(DEMO, tmp_path / "demo-clips")


def listed(hub: Hub, pushed: Pushed) -> dict[str, str]:
    rows = list_files(hub, Repo(pushed.repo_id, "dataset"), pushed.commit)
    return {row.path: row.sha256 or row.git_sha1 for row in rows}


async def test_folder_to_hub_to_pod_gives_the_same_samples_and_texts(
    hub: Hub, tmp_path: Path
) -> None:
    folder = many(tmp_path / "mine")
    pushed = await push(hub, folder, shard_bytes=1_000_000)
    fetched = fetch(hub, Repo("demo/clips", "dataset"), pushed.commit, tmp_path / "pod")
    assert sum(name.endswith(".zip") for name in fetched.files) == 8
    here, there = read_dataset(folder), read_dataset(tmp_path / "pod")
    assert [clip.text for clip in there.clips] == [clip.text for clip in here.clips]
    for one, other in zip(here.clips, there.clips, strict=True):
        assert (
            hashlib.sha256(one.path.read_bytes()).digest()
            == hashlib.sha256(other.path.read_bytes()).digest()
        )


async def test_the_demo_clips_go_loose_and_come_back_sample_for_sample(
    hub: Hub, demo: Path, tmp_path: Path
) -> None:
    pushed = await push(hub, demo, licence="apache-2.0")
    fetch(hub, Repo("demo/clips", "dataset"), pushed.commit, tmp_path / "pod")
    for one, other in zip(
        read_dataset(DEMO).clips, read_dataset(tmp_path / "pod").clips, strict=True
    ):
        assert (sf.read(one.path)[0] == sf.read(other.path)[0]).all()
        assert one.text == other.text
    assert (pushed.clips, pushed.made_commit) == (12, True)


async def test_the_repo_is_private_unless_asked_otherwise(hub: Hub, demo: Path) -> None:
    await push(hub, demo)
    assert hub.api.dataset_info("demo/clips").private is True
    await push_dataset(hub, PushRequest(demo, "demo/open", private=False))
    assert hub.api.dataset_info("demo/open").private is False


async def test_all_of_it_is_one_commit_and_the_same_again_is_none(
    hub: Hub, emulator: HubEmulator, tmp_path: Path
) -> None:
    folder = many(tmp_path / "mine")
    first = await push(hub, folder)
    commits = len(hub.api.list_repo_commits("demo/clips", repo_type="dataset"))
    copy = shutil.copytree(folder, tmp_path / "copied")
    again = await push(hub, copy)
    assert (again.made_commit, again.commit) == (False, first.commit)
    assert len(hub.api.list_repo_commits("demo/clips", repo_type="dataset")) == commits == 2
    assert listed(hub, again) == listed(hub, first)


async def test_a_corrected_text_sends_the_table_and_no_shard(hub: Hub, tmp_path: Path) -> None:
    folder = many(tmp_path / "mine")
    before = listed(hub, await push(hub, folder, shard_bytes=500_000))
    await edit_clip(tmp_path, "mine", "007.wav", text="A better text.")
    after = listed(hub, await push(hub, folder, shard_bytes=500_000))
    assert {path for path in after if after[path] != before.get(path)} == {"metadata.csv"}


async def test_one_more_clip_changes_one_shard(hub: Hub, tmp_path: Path) -> None:
    folder = many(tmp_path / "mine")
    before = listed(hub, await push(hub, folder, shard_bytes=500_000))
    write(folder, {"wavs/new.wav": wav(0.7, 16_000)})
    with (folder / "metadata.csv").open("a") as table:
        table.write("new|One more.\n")
    after = listed(hub, await push(hub, folder, shard_bytes=500_000))
    changed = {path for path in after if after[path] != before.get(path)}
    assert len(changed) == 3
    assert {"metadata.csv", "README.md"} < changed


async def test_shards_of_an_earlier_push_go_and_other_files_stay(hub: Hub, tmp_path: Path) -> None:
    folder = many(tmp_path / "mine")
    await push(hub, folder, shard_bytes=500_000)
    publish(hub, Repo("demo/clips", "dataset"), {"notes.txt": b"Mine."}, "a note")
    after = listed(hub, await push(hub, folder))
    shards = [path for path in after if path.endswith(".zip")]
    assert shards == ["clips-0000-of-0001.zip"]
    assert "notes.txt" in after


async def test_files_of_a_repo_that_was_not_pushed_from_here_are_never_deleted(
    hub: Hub, demo: Path
) -> None:
    hub.api.create_repo("demo/clips", repo_type="dataset")
    publish(hub, Repo("demo/clips", "dataset"), {"wavs/old.wav": wav(0.1)}, "somebody's")
    look = await looked(hub, demo)
    assert (look.unnamed, look.deletes) == (("wavs/old.wav",), ())
    assert "wavs/old.wav" in listed(hub, await push(hub, demo, agreed=look))


async def test_the_card_says_language_licence_hours_and_speakers(hub: Hub, demo: Path) -> None:
    pushed = await push(hub, demo, licence="apache-2.0", language="en_US")
    card = read_bytes(hub, Repo("demo/clips", "dataset"), "README.md", pushed.commit)
    assert card is not None
    front = yaml.safe_load(card.decode().split("---")[1])
    assert front["license"] == "apache-2.0"
    assert front["language"] == ["en"]
    assert front["size_categories"] == ["n<1K"]
    assert "12 clips (0.7 minutes) of one speaker in en_US, 22,050 Hz mono." in card.decode()
    report = look_over_repo(hub, "demo/clips", LENIENT)
    assert report.licence == "apache-2.0"


FACTS = CardFacts("clips", "de_DE", "cc0-1.0", 5000, 300.0, ("a", "b"), 22_050, shards=True)


def test_the_card_keeps_what_others_wrote_and_renews_only_its_own_part() -> None:
    theirs = "---\nlicense: mit\ntags:\n- mine\n---\n\n# My voice\n\nRecorded at home.\n"
    first = render_card(theirs, FACTS)
    second = render_card(first, FACTS)
    assert first == second
    assert "Recorded at home." in first
    front = yaml.safe_load(first.split("---")[1])
    assert (front["tags"], front["license"]) == (["mine"], "cc0-1.0")
    assert first.count(BEGIN) == 1
    assert "5.0 hours" in first
    assert "2 speakers" in first


@pytest.mark.parametrize(
    "present", [None, "", "no front matter", "---\n: : broken\n---\nText", "---\n- a list\n---\n"]
)
def test_any_present_card_gives_a_valid_one(present: str | None) -> None:
    card = render_card(present, FACTS)
    assert yaml.safe_load(card.split("---")[1])["license"] == "cc0-1.0"


def test_without_a_licence_the_card_keeps_the_one_it_has() -> None:
    without = CardFacts("clips", "en_US", None, 1, 0.1, (), 22_050, shards=False)
    assert "license: mit" in render_card("---\nlicense: mit\n---\n", without)
    assert "license" not in render_card(None, without)


async def test_a_dataset_with_errors_is_not_pushed_unless_forced(hub: Hub, tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", {"wavs/a.wav": wav(1.0), "metadata.csv": "a|Yes.\nb|No.\n"})
    with pytest.raises(InvalidRequest, match="no file b") as raised:
        await push(hub, folder)
    assert "--force" in in_terminal(raised.value.hint)
    assert list(hub.api.list_datasets(author="demo")) == []
    assert (await push(hub, folder, force=True)).clips == 1
    with pytest.raises(InvalidRequest, match="nothing to push"):
        await push(hub, write(tmp_path / "none", {"wavs/a.wav": wav(1.0)}), force=True)
    with pytest.raises(InvalidRequest, match="licence"):
        await push(hub, folder, licence="Do what you like!")


async def test_a_folder_of_shards_is_pushed_like_its_clips(hub: Hub, tmp_path: Path) -> None:
    shard = zipped({f"{n}.wav": wav(0.3 + n / 10) for n in range(3)})
    table = "".join(f"{n}|Text {n}.\n" for n in range(3))
    pushed = await push(hub, write(tmp_path / "mine", {"all.zip": shard, "metadata.csv": table}))
    assert {"0.wav", "1.wav", "2.wav", "metadata.csv"} <= set(listed(hub, pushed))


async def test_a_check_of_the_hub_reads_a_few_megabytes_and_no_audio(
    hub: Hub, emulator: HubEmulator, tmp_path: Path
) -> None:
    pushed = await push(hub, many(tmp_path / "mine"))
    settings = CheckSettings(sample_rate_hz=16_000, speakers=None, minutes_wanted=0)
    report = look_over_repo(hub, "demo/clips", settings)
    assert (report.clips, report.headers_read, report.clips_heard) == (120, 120, 0)
    assert report.revision == pushed.commit
    assert report.minutes == pytest.approx(sum(1.5 + n / 1000 for n in range(120)) / 60, abs=0.01)
    codes = {each.code for each in report.findings}
    assert Code.LICENCE_ABSENT in codes
    assert Code.TEXT_NUMBERS in codes
    assert report.blocking() == []


def test_shards_depend_on_the_clips_alone(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "one/a.wav": wav(0.1),
            "one/b.wav": wav(0.2),
            "other/a.wav": wav(0.1),
            "other/b.wav": wav(0.2),
        },
    )
    for side in ("one", "other"):
        (tmp_path / f"{side}-out").mkdir()
    clips = [ShardedClip(tmp_path / f"one/{n}.wav", f"wavs/{n}.wav") for n in "ab"]
    same = [ShardedClip(tmp_path / f"other/{n}.wav", f"wavs/{n}.wav") for n in "ba"]
    (first,) = write_shards(clips, tmp_path / "one-out")
    (second,) = write_shards(same, tmp_path / "other-out")
    assert first.read_bytes() == second.read_bytes()


def test_the_number_of_shards_grows_by_doubling() -> None:
    assert [shard_count(total, 100) for total in (0, 100, 101, 200, 201, 900)] == [
        1,
        1,
        2,
        2,
        4,
        16,
    ]
    names = [f"clip-{n}" for n in range(1000)]
    moved = sum(shard_of(name, 8) != shard_of(name, 16) for name in names)
    assert 400 < moved < 600


async def test_the_way_production_takes_by_xet_brings_the_same_bytes(
    emulator: HubEmulator, tmp_path: Path
) -> None:
    hub = Hub(SecretStr(emulator.tokens["write"]), endpoint=emulator.url)
    assert hub.goes_by_xet
    pushed = await push(hub, many(tmp_path / "mine"))
    again = await push(hub, tmp_path / "mine")
    assert (pushed.made_commit, again.made_commit) == (True, False)
    fetch(hub, Repo("demo/clips", "dataset"), pushed.commit, tmp_path / "pod")
    clips = read_dataset(tmp_path / "pod").clips
    assert [clip.path.read_bytes() for clip in clips] == [
        (tmp_path / f"mine/wavs/{n:03d}.wav").read_bytes() for n in range(120)
    ]


async def test_check_and_push_tell_the_same_minutes(hub: Hub, tmp_path: Path) -> None:
    """Just under 0.65 minutes, which two roundings make 0.7."""
    table = "".join(f"{name}|Hello there.\n" for name in "abc")
    clips = {f"wavs/{name}.wav": wav(12.995, rate_hz=22_050) for name in "abc"}
    folder = write(tmp_path / "mine", {**clips, "metadata.csv": table})
    pushed = await push(hub, folder)
    checked = look_over_repo(hub, "demo/clips", LENIENT)
    assert 0.649 < pushed.minutes <= 0.65
    assert recorded(pushed.minutes) == recorded(checked.minutes)
    asked_for_more = look_over_repo(hub, "demo/clips", replace(LENIENT, minutes_wanted=10.0))
    said = next(each.message for each in asked_for_more.findings if each.code == "minutes-few")
    assert str(said).startswith(f"{recorded(checked.minutes)} of speech")
