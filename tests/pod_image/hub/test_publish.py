"""What is published is there exactly once, and what cannot be is refused without spinning."""

from __future__ import annotations

import random

import pytest

from launcher.emulator.hub import Rule
from launcher.emulator.hub.wire import Refusal
from pod_image.hub import (
    Checksums,
    HubConflict,
    HubRefused,
    HubRejected,
    HubUnavailable,
    NoRight,
    Overtaken,
    RepoMissing,
    ensure_results_repo,
    publish,
    read_bytes,
    update_card,
    verify,
)
from pod_image.hub.refusals import CalledOff
from tests.pod_image.hub.conftest import VOICE

COMMIT = "/commit/main$"
CARD = "---\nlicense: apache-2.0\n---\n# Voices\n"


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "last.ckpt"
    path.write_bytes(random.Random(5).randbytes(250_000))
    return path


@pytest.fixture
def commits(emulator, voice):
    """How many commits the repo has gained so far."""
    repo = emulator.core.store.repos["model", voice.id]
    before = len(repo.commits)
    return lambda: len(repo.commits) - before


def test_files_bytes_and_deletions_land_in_one_commit(hub, voice, checkpoint, commits):
    publish(hub, voice, {"run-01/checkpoints/1.ckpt": b"one"}, "Add checkpoint 1")
    receipt = publish(
        hub,
        voice,
        {"run-01/checkpoints/2.ckpt": checkpoint, "run-01/run.json": b"{}"},
        "Add checkpoint 2",
        deletes=["run-01/checkpoints/1.ckpt", "run-01/never-there.ckpt"],
    )
    assert commits() == 2
    assert receipt.made_commit
    assert verify(hub, voice, receipt.commit, receipt.files) == []
    assert read_bytes(hub, voice, "run-01/checkpoints/1.ckpt") is None
    assert read_bytes(hub, voice, "run-01/checkpoints/2.ckpt") == checkpoint.read_bytes()


def test_what_is_there_already_is_not_committed_again(hub, voice, checkpoint, commits):
    first = publish(hub, voice, {"a.ckpt": checkpoint, "b.json": b"{}"}, "Add")
    again = publish(hub, voice, {"a.ckpt": checkpoint, "b.json": b"{}"}, "Add")
    assert commits() == 1
    assert (again.commit, again.made_commit) == (first.commit, False)


def test_a_large_file_goes_up_by_the_way_that_was_chosen(
    make_hub, way, emulator, voice, checkpoint
):
    publish(make_hub("write", way), voice, {"a.ckpt": checkpoint}, "Add")
    assert bool(emulator.core.seen("POST", "^/xet/[^/]+/v1/xorbs/")) == (way == "xet")
    assert bool(emulator.core.seen("PUT", "^/lfs-part/")) == (way != "xet")


@pytest.mark.parametrize(
    "fault",
    [
        "busy",
        "dropped",
        "reset",
        "upload-busy",
        "commit-busy",
        "commit-locked",
        "commit-stale",
        "commit-reply-lost",
    ],
)
def test_trouble_ends_in_exactly_one_commit(hub, emulator, voice, checkpoint, commits, fault):
    emulator.faults.switch_on(fault)
    receipt = publish(hub, voice, {"a.ckpt": checkpoint, "run.json": b"{}"}, "Add")
    assert commits() == 1
    assert receipt.made_commit
    assert verify(hub, voice, receipt.commit, receipt.files) == []


def test_an_answer_that_never_comes_does_not_make_a_second_commit(
    make_hub, emulator, voice, commits, clock
):
    emulator.faults.switch_on("silent")
    receipt = publish(make_hub("write", "in-process"), voice, {"run.json": b"{}"}, "Add")
    assert commits() == 1
    assert receipt.made_commit
    assert clock.slept[0] == 75.0


def test_a_doubtful_commit_is_repeated_on_the_same_head_only(hub, emulator, voice, commits):
    """The first commit arrives just before the second, which 412 then keeps from landing too."""
    emulator.faults.switch_on("commit-late")
    receipt = publish(hub, voice, {"run.json": b"{}"}, "Add")
    assert commits() == 1
    assert receipt.made_commit
    assert [row.status for row in emulator.core.seen("POST", COMMIT)] == [504, 412]


@pytest.mark.parametrize(
    ("fault", "error"), [("commit-refused", NoRight), ("commit-quota", HubUnavailable)]
)
def test_a_refusal_is_not_sent_again(hub, emulator, voice, clock, fault, error):
    emulator.faults.switch_on(fault)
    with pytest.raises(error):
        publish(hub, voice, {"run.json": b"{}"}, "Add")
    assert len(emulator.core.seen("POST", COMMIT)) == 1
    assert clock.slept == []


def test_the_hour_of_the_commit_quota_is_told_to_the_caller(make_hub, emulator, voice):
    emulator.faults.switch_on("commit-quota")
    with pytest.raises(HubUnavailable, match="128 per hour") as unavailable:
        publish(make_hub(), voice, {"run.json": b"{}"}, "Add")
    assert unavailable.value.retry_after_seconds == 3600


def test_a_hub_that_stays_down_is_given_up_within_our_patience(hub, emulator, voice, clock):
    emulator.faults.switch_on("down-for-hours")
    started = clock()
    with pytest.raises(HubUnavailable):
        publish(hub, voice, {"run.json": b"{}"}, "Add")
    assert 60 < clock() - started <= hub.patience.keep_trying_seconds


def test_a_commit_lock_that_stays_is_given_up_too(make_hub, emulator, voice):
    refusal = Refusal(409, "Another commit operation is in progress for this repository.")
    emulator.faults.add(Rule(COMMIT, times=1000, refusal=refusal))
    with pytest.raises(HubConflict):
        publish(make_hub(), voice, {"run.json": b"{}"}, "Add")


@pytest.mark.parametrize("label", ["read", "stranger", None])
def test_a_token_without_the_right_is_refused_at_once(make_hub, emulator, voice, clock, label):
    with pytest.raises((NoRight, RepoMissing)):
        publish(make_hub(label), voice, {"run.json": b"{}"}, "Add")
    assert clock.slept == []


def test_a_refusal_by_xet_storage_is_a_lack_of_right_and_not_retried(
    make_hub, emulator, voice, checkpoint
):
    emulator.faults.add(Rule("xet-write-token", times=100, refusal=Refusal(403, "Forbidden")))
    with pytest.raises(NoRight, match="storage refused the token"):
        publish(make_hub("write", "xet"), voice, {"a.ckpt": checkpoint}, "Add")
    assert not emulator.core.seen("PUT", "^/lfs-")


def test_a_token_revoked_between_two_commits_is_refused(hub, emulator, voice):
    emulator.faults.switch_on("token-revoked")
    publish(hub, voice, {"a.json": b"1"}, "Add a")
    with pytest.raises(HubRefused):
        publish(hub, voice, {"b.json": b"2"}, "Add b")


def test_a_stalled_xet_upload_goes_by_plain_http_and_lands_once(
    make_hub, emulator, voice, checkpoint, commits
):
    emulator.faults.switch_on("xet-stalled")
    hub = make_hub("write", "xet", stall_seconds=0.3, slow_bytes_per_second=1e9)
    receipt = publish(hub, voice, {"a.ckpt": checkpoint}, "Add")
    assert commits() == 1
    assert emulator.core.seen("PUT", "^/lfs-part/")
    assert verify(hub, voice, receipt.commit, receipt.files) == []


def test_a_hub_without_xet_is_served_by_plain_http(make_hub, emulator, voice, checkpoint, commits):
    emulator.core.xet = False
    hub = make_hub("write", "xet", stall_seconds=5)
    publish(hub, voice, {"a.ckpt": checkpoint}, "Add")
    assert commits() == 1
    assert emulator.core.seen("PUT", "^/lfs-part/")


def test_with_a_parent_the_commit_is_made_on_that_one_or_not_at_all(hub, voice, commits):
    first = publish(hub, voice, {"a.json": b"1"}, "Add a").commit
    second = publish(hub, voice, {"a.json": b"2"}, "Change a", parent=first)
    assert second.made_commit
    with pytest.raises(Overtaken, match="has moved on"):
        publish(hub, voice, {"a.json": b"3"}, "Change a", parent=first)
    assert commits() == 2
    assert read_bytes(hub, voice, "a.json") == b"2"


def test_two_runs_that_end_together_are_both_on_the_card(hub, make_hub, voice, commits):
    other = make_hub("write", "in-process" if hub.transport else "plain")
    seen = []

    def add_first(card: str | None) -> str:
        seen.append(card)
        if len(seen) == 1:  # the other run commits between our look and our commit
            update_card(other, voice, lambda text: (text or CARD) + "- run-02\n", "List run-02")
        return (card or CARD) + "- run-01\n"

    publish(hub, voice, {"run-01/run.json": b"{}"}, "Deliver run-01", card=add_first)
    card = read_bytes(hub, voice, "README.md")
    assert card is not None
    assert card.decode().splitlines()[-2:] == ["- run-02", "- run-01"]
    assert commits() == 2
    assert seen == [None, CARD + "- run-02\n"]


def test_a_card_with_broken_metadata_is_refused_and_nothing_is_committed(hub, voice, commits):
    with pytest.raises(HubRejected, match="model card"):
        update_card(hub, voice, lambda _: "---\ntags: voice\n---\n", "Break the card")
    assert commits() == 0


def test_a_local_file_that_is_gone_is_the_callers_own_error(hub, voice, tmp_path):
    with pytest.raises(FileNotFoundError):
        publish(hub, voice, {"a.ckpt": tmp_path / "gone.ckpt"}, "Add")


def test_the_results_repo_is_made_private_when_it_is_absent(hub, emulator):
    assert ensure_results_repo(hub, VOICE.id) is True
    assert emulator.core.store.repos["model", VOICE.id].is_private
    assert ensure_results_repo(hub, VOICE.id) is False


def test_a_repo_that_the_token_cannot_create_is_explained(make_hub):
    for label in ("one repo", "read"):
        with pytest.raises(NoRight, match="does not exist, and this token may not create it"):
            ensure_results_repo(make_hub(label), VOICE.id)


@pytest.mark.promise("results-verified")
def test_verify_names_every_difference(hub, voice):
    receipt = publish(hub, voice, {"a.ckpt": b"content", "b.json": b"{}"}, "Add")
    expected = {
        "a.ckpt": Checksums.of(b"CONTENT"),
        "b.json": Checksums.of(b"longer"),
        "c.json": Checksums.of(b"{}"),
    }
    found = {row.path: row.sentence for row in verify(hub, voice, receipt.commit, expected)}
    assert found == {
        "a.ckpt": "a.ckpt has another checksum than promised",
        "b.json": "b.json has another size: 2 bytes there, 6 promised",
        "c.json": f"c.json is not in the repo at {receipt.commit[:7]}",
    }


def test_a_commit_that_was_called_off_is_not_sent(hub, voice, checkpoint, commits):
    with pytest.raises(CalledOff):
        publish(hub, voice, {"last.ckpt": checkpoint}, "Too late", called_off=lambda: True)
    assert commits() == 0


def test_verify_looks_at_the_commit_and_not_at_the_head(hub, voice):
    receipt = publish(hub, voice, {"a.json": b"1"}, "Add")
    publish(hub, voice, {"a.json": b"2"}, "Change")
    assert verify(hub, voice, receipt.commit, receipt.files) == []
