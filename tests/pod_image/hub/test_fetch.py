"""A fetched folder is whole and verified, or there is an error: nothing in between."""

from __future__ import annotations

import shutil

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.emulator.hub import Rule
from launcher.emulator.hub.limits import commit_quota_refusal
from launcher.emulator.hub.wire import Refusal
from pod_image.hub import (
    Damaged,
    FetchProgress,
    HubRefused,
    HubRejected,
    HubUnavailable,
    NotInRepo,
    RepoMissing,
    fetch,
    list_files,
    list_folders,
    read_bytes,
    read_range,
    resolve_commit,
)
from tests.pod_image.hub.conftest import CLIPS, content_of

CONTENT = r"^GET .*(/resolve/|/cdn/|/xorb/)"


def test_every_file_arrives_and_progress_reaches_the_end(hub, clips_commit, recordings, tmp_path):
    told: list[FetchProgress] = []
    got = fetch(hub, CLIPS, clips_commit, tmp_path / "clips", on_progress=told.append)
    assert content_of(tmp_path / "clips") == recordings
    assert {path.name for path in (tmp_path / "clips").iterdir() if path.is_dir()} == {"wavs"}
    assert set(got.files) == {*recordings, ".gitattributes"}
    assert told[-1].done_bytes == told[-1].all_bytes == got.size_bytes
    assert told[0].done_bytes == 0


def test_files_brought_by_xet_also_come_back_by_xet(
    make_hub, emulator, clips_commit, voice, tmp_path
):
    from pod_image.hub import publish

    hub = make_hub("write", "xet")
    commit = publish(hub, voice, {"a.onnx": bytes(range(256)) * 2000}, "Add voice").commit
    emulator.core.log.clear()
    fetch(hub, voice, commit, tmp_path / "voice")
    assert emulator.core.seen("GET", "^/xorb/")
    assert not emulator.core.seen("GET", "^/cdn/")


def test_only_what_matches_a_pattern_is_fetched(hub, clips_commit, tmp_path):
    got = fetch(hub, CLIPS, clips_commit, tmp_path, ["wavs/*", "*.csv"])
    assert set(got.files) == {"metadata.csv", "wavs/one.wav", "wavs/two & drei.wav"}


def test_a_second_fetch_asks_for_no_content(hub, emulator, clips_commit, tmp_path):
    fetch(hub, CLIPS, clips_commit, tmp_path / "clips")
    emulator.core.log.clear()
    fetch(hub, CLIPS, clips_commit, tmp_path / "clips")
    assert [row.method for row in emulator.core.log if "/tree/" not in row.path] == []


def test_what_is_damaged_or_missing_locally_is_fetched_again(
    hub, clips_commit, recordings, tmp_path
):
    folder = tmp_path / "clips"
    fetch(hub, CLIPS, clips_commit, folder)
    (folder / "wavs" / "one.wav").write_bytes(b"\0" * 30_000)
    (folder / "metadata.csv").unlink()
    (folder / "archive.tar").write_bytes(b"short")
    fetch(hub, CLIPS, clips_commit, folder)
    assert content_of(folder) == recordings


@pytest.mark.parametrize(
    "fault", ["busy", "dropped", "reset", "download-truncated", "download-reset"]
)
def test_trouble_on_the_way_is_survived(hub, emulator, clips_commit, recordings, tmp_path, fault):
    emulator.faults.switch_on(fault)
    fetch(hub, CLIPS, clips_commit, tmp_path / "clips")
    assert content_of(tmp_path / "clips") == recordings


def test_a_cut_download_goes_on_where_it_ended(make_hub, emulator, clips_commit, tmp_path):
    hub = make_hub(workers=1)
    emulator.faults.add(Rule("^GET /cdn/", keep_bytes=1000))
    fetch(hub, CLIPS, clips_commit, tmp_path / "clips", ["archive.tar"])
    statuses = [row.status for row in emulator.core.seen("GET", "^/cdn/")]
    assert statuses == [200, 206]


def test_a_half_filled_folder_is_never_reported_as_success(
    hub, emulator, clock, clips_commit, tmp_path
):
    folder = tmp_path / "clips"
    fetch(hub, CLIPS, clips_commit, folder)
    shutil.rmtree(folder / "wavs")
    emulator.faults.switch_on("down-for-hours")
    started = clock()
    with pytest.raises(HubUnavailable, match="did not answer while listing dataset demo/clips"):
        fetch(hub, CLIPS, clips_commit, folder)
    assert clock() - started <= hub.patience.keep_trying_seconds


def test_a_token_revoked_midway_ends_the_fetch_at_once(make_hub, emulator, clips_commit, tmp_path):
    refusal = Refusal(401, "Invalid credentials in Authorization header")
    emulator.faults.add(Rule(r"^GET .*/resolve/", times=100, skip=1, refusal=refusal))
    with pytest.raises(HubRefused):
        fetch(make_hub(workers=1), CLIPS, clips_commit, tmp_path / "clips")
    assert len(emulator.core.seen("GET", "/resolve/")) == 2


def test_content_that_is_never_right_is_an_error_and_leaves_no_file(
    make_hub, way, emulator, clips_commit, tmp_path
):
    blob = emulator.core.store.repos["dataset", "demo/clips"].head.tree["archive.tar"]
    stored = emulator.core.store.object_path(blob.sha256)
    stored.chmod(0o644)
    stored.write_bytes(bytes(blob.size))
    with pytest.raises(Damaged, match=r"archive\.tar of dataset demo/clips arrived damaged"):
        fetch(make_hub("write", way), CLIPS, clips_commit, tmp_path / "clips")
    assert not (tmp_path / "clips" / "archive.tar").exists()


@pytest.mark.parametrize(
    "name",
    [
        *("../outside.txt", "/etc/outside.txt", "a/../../outside.txt"),
        *(
            "C:outside.txt",
            "\\\\server\\share\\outside.txt",
            "a.txt:hidden",
            "a/NUL.txt",
            "a.",
            "a\x1b[2J",
        ),
    ],
)
def test_a_repo_cannot_write_outside_the_folder(make_hub, emulator, clips_commit, tmp_path, name):
    tree = emulator.core.store.repos["dataset", "demo/clips"].head.tree
    tree[name] = tree["metadata.csv"]
    with pytest.raises(HubRejected, match="unsafe name"):
        fetch(make_hub(), CLIPS, clips_commit, tmp_path / "clips")
    assert not (tmp_path / "outside.txt").exists()


def test_a_stalled_xet_transfer_is_replaced_by_plain_http(
    make_hub, emulator, voice, clock, tmp_path
):
    from pod_image.hub import publish

    commit = publish(make_hub("write", "xet"), voice, {"a.onnx": bytes(90_000)}, "Add").commit
    emulator.faults.switch_on("xet-stalled")
    hub = make_hub("write", "xet", stall_seconds=0.3, slow_bytes_per_second=1e9)
    fetch(hub, voice, commit, tmp_path / "voice")
    assert (tmp_path / "voice" / "a.onnx").read_bytes() == bytes(90_000)
    assert emulator.core.seen("GET", "^/cdn/")


def test_a_revision_becomes_a_commit_or_says_what_is_missing(hub, clips_commit):
    assert resolve_commit(hub, CLIPS) == clips_commit
    assert resolve_commit(hub, CLIPS, clips_commit[:8]) == clips_commit
    with pytest.raises(NotInRepo, match="Invalid rev id: nothing"):
        resolve_commit(hub, CLIPS, "nothing")


@pytest.mark.parametrize(
    ("label", "what_to_do"),
    [("stranger", "looks absent"), (None, "Without one only what is public is found")],
)
def test_a_private_dataset_of_others_looks_absent(make_hub, clips_commit, label, what_to_do):
    with pytest.raises(RepoMissing) as missing:
        resolve_commit(make_hub(label), CLIPS)
    assert what_to_do in in_terminal(missing.value.hint)


def test_files_and_folders_are_listed_with_checksums(hub, clips_commit, recordings):
    rows = {row.path: row for row in list_files(hub, CLIPS, clips_commit, "wavs")}
    assert set(rows) == {"wavs/one.wav", "wavs/two & drei.wav"}
    assert rows["wavs/one.wav"].size_bytes == 30_000
    assert len(rows["wavs/one.wav"].sha256 or "") == 64
    assert list_folders(hub, CLIPS) == ["wavs"]
    assert list_files(hub, CLIPS, clips_commit, "nothing") == []


def test_small_files_are_read_and_absent_ones_are_none(hub, clips_commit, recordings):
    assert read_bytes(hub, CLIPS, "metadata.csv") == recordings["metadata.csv"]
    assert read_bytes(hub, CLIPS, "wavs/one.wav") == recordings["wavs/one.wav"]
    assert read_bytes(hub, CLIPS, "nothing.csv") is None


@pytest.mark.parametrize("name", ["metadata.csv", "archive.tar"])
def test_part_of_a_remote_file_can_be_read(hub, clips_commit, recordings, name):
    content = recordings[name]
    assert read_range(hub, CLIPS, clips_commit, name, 5, 10) == content[5:15]
    tail = read_range(hub, CLIPS, clips_commit, name, len(content) - 3, 100)
    assert tail == content[-3:]
    assert read_range(hub, CLIPS, clips_commit, name, len(content) + 1, 10) == b""


def test_reading_waits_as_long_as_the_hub_asks_within_reason(
    make_hub, emulator, clips_commit, clock
):
    refusal = Refusal(429, "slow down", headers={"RateLimit": '"api";r=0;t=30'})
    emulator.faults.add(Rule("/revision/|datasets/demo/clips$", refusal=refusal))
    assert resolve_commit(make_hub(), CLIPS) == clips_commit
    assert clock.slept == [31.0]


def test_a_long_wait_is_handed_to_the_caller(make_hub, emulator, clips_commit, clock):
    emulator.faults.add(Rule("datasets/demo/clips$", refusal=commit_quota_refusal(128)))
    with pytest.raises(HubUnavailable) as unavailable:
        resolve_commit(make_hub(), CLIPS)
    assert unavailable.value.retry_after_seconds == 3600
    assert clock.slept == []
