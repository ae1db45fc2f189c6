"""A tag means the commit it was made for, for good; one that is there is never moved."""

from __future__ import annotations

import pytest

from launcher.emulator.hub import Rule
from launcher.emulator.hub.wire import Refusal
from pod_image.hub import (
    HubRefused,
    HubUnavailable,
    NoNameLeft,
    NoRight,
    fetch,
    leave_tag,
    list_tags,
    publish,
    resolve_commit,
)

TAG = "^POST .*/tag/"
NAMES = ("run-01", "run-01.2", "run-01.3")


@pytest.fixture
def two_commits(hub, voice):
    return [publish(hub, voice, {"a.txt": text}, "Add").commit for text in (b"one", b"two")]


def test_a_tag_is_what_from_pretrained_takes_as_revision(hub, voice, two_commits, tmp_path):
    first, second = two_commits
    assert leave_tag(hub, voice, first, NAMES) == "run-01"
    assert leave_tag(hub, voice, second, NAMES) == "run-01.2"
    assert list_tags(hub, voice) == {"run-01": first, "run-01.2": second}
    assert resolve_commit(hub, voice, "run-01") == first
    fetch(hub, voice, resolve_commit(hub, voice, "run-01"), tmp_path)
    assert (tmp_path / "a.txt").read_bytes() == b"one"
    with pytest.raises(NoNameLeft):
        leave_tag(hub, voice, second, NAMES[:1])


def test_a_tag_takes_three_requests_and_one_that_is_there_takes_one(
    hub, emulator, voice, two_commits
):
    first, _ = two_commits
    emulator.core.log.clear()
    leave_tag(hub, voice, first, NAMES)
    assert [entry.method for entry in emulator.core.log] == ["GET", "POST", "GET"]
    emulator.core.log.clear()
    assert leave_tag(hub, voice, first, NAMES) == "run-01"
    assert [entry.method for entry in emulator.core.log] == ["GET"]


def test_a_tag_whose_answer_was_lost_is_found_and_not_made_twice(hub, emulator, voice, two_commits):
    first, _ = two_commits
    emulator.faults.add(Rule(TAG, lose_reply=True))
    assert leave_tag(hub, voice, first, NAMES) == "run-01"
    assert list_tags(hub, voice) == {"run-01": first}


def test_somebody_who_was_quicker_keeps_the_name(hub, emulator, voice, two_commits, monkeypatch):
    first, second = two_commits
    create = type(hub.api).create_tag

    def too_late(api, repo_id, **more):
        if more["tag"] == "run-01":
            create(api, repo_id, **{**more, "revision": second})
        return create(api, repo_id, **more)

    monkeypatch.setattr(type(hub.api), "create_tag", too_late)
    assert leave_tag(hub, voice, first, NAMES) == "run-01.2"
    assert list_tags(hub, voice) == {"run-01": second, "run-01.2": first}


@pytest.mark.parametrize(
    ("status", "error"), [(403, NoRight), (503, HubUnavailable)], ids=["no right", "down"]
)
def test_a_tag_that_cannot_be_made_is_said(hub, emulator, voice, two_commits, status, error):
    emulator.faults.add(Rule(TAG, times=1000, refusal=Refusal(status, "No.")))
    with pytest.raises(error):
        leave_tag(hub, voice, two_commits[0], NAMES)
    assert list_tags(hub, voice) == {}


def test_a_token_that_may_only_read_makes_none(make_hub, voice, two_commits):
    with pytest.raises((NoRight, HubRefused)):
        leave_tag(make_hub("read"), voice, two_commits[0], NAMES)
