"""Tokens stay where they belong, failures become our errors, and what is not the Hub's passes."""

from __future__ import annotations

import errno

import httpx2
import pytest
from huggingface_hub.errors import HfHubHTTPError
from pydantic import SecretStr

from launcher.cli.terminal.next_steps import in_terminal
from launcher.emulator.hub import Rule
from launcher.emulator.hub.wire import Refusal
from pod_image.hub import (
    Hub,
    HubConflict,
    HubRefused,
    HubRejected,
    HubUnavailable,
    NoRight,
    NotInRepo,
    Repo,
    RepoMissing,
    resolve_commit,
    whoami,
)
from pod_image.hub.refusals import translated
from tests.pod_image.hub.conftest import VOICE

CANARY = "demo-canary-value"


def test_a_token_is_in_no_repr_and_in_no_error(emulator):
    hub = Hub(SecretStr(CANARY), emulator.url)
    with pytest.raises(HubRefused) as refused:
        whoami(hub)
    shown = [repr(hub), str(hub), repr(hub.api), str(refused.value), repr(refused.value)]
    assert not any(CANARY in text for text in shown)


def test_no_token_is_not_told_as_a_wrong_one(make_hub, clips_commit):
    nobody = make_hub(None)
    with pytest.raises(RepoMissing) as missing:
        resolve_commit(nobody, Repo("demo/clips", "dataset"))
    assert "No Hugging Face token was given" in str(missing.value.hint)
    with pytest.raises(HubRefused) as refused:
        nobody.ask("making a repo", lambda api: api.create_repo("demo/new"))
    assert "No Hugging Face token was given" in str(refused.value.hint)
    assert "wrong" not in str(refused.value.hint)


@pytest.mark.parametrize("value", ["café-canary", "canary\n", "can\x00ary", "💥"])
def test_a_token_that_could_not_be_sent_is_refused_before_it_is(emulator, value):
    hub = Hub(SecretStr(value), emulator.url)
    for use in (whoami, Hub.headers):
        with pytest.raises(HubRefused, match="characters that no token has") as refused:
            use(hub)
        assert value not in str(refused.value)
    assert emulator.core.log == []


def test_our_requests_carry_our_name(make_hub, emulator):
    whoami(make_hub())
    assert emulator.core.log[-1].user_agent.startswith("pod-launcher/")


def test_without_a_token_nothing_is_sent_even_if_one_lies_around(make_hub, emulator, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "demo-write")
    hub = make_hub(None)
    assert "authorization" not in {name.lower() for name in hub.headers()}
    with pytest.raises(HubRefused, match="no token"):
        whoami(hub)
    with pytest.raises(RepoMissing):
        resolve_commit(hub, VOICE)
    with pytest.raises(RepoMissing):
        hub.ask("looking", lambda api: api.list_repo_refs(VOICE.id))
    assert [row.token for row in emulator.core.log] == [None, None]


def test_the_endpoint_comes_from_the_argument_the_environment_or_is_the_public_one(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://from-environment.test/")
    assert Hub(None, "http://given.test").endpoint == "http://given.test"
    assert Hub(None).endpoint == "http://from-environment.test"
    monkeypatch.delenv("HF_ENDPOINT")
    assert Hub(None).endpoint == "https://huggingface.co"


def test_two_hubs_share_the_clients_connections(make_hub):
    first = make_hub("write")
    client = first.client()
    second = make_hub("read")
    assert second.client() is client


def test_a_silent_hub_is_given_up_after_the_time_for_an_answer(make_hub, emulator, clock):
    emulator.faults.add(Rule("whoami", times=100, delay_seconds=3600))
    hub = make_hub("write", "in-process")
    with pytest.raises(HubUnavailable, match="ReadTimeout"):
        whoami(hub)
    assert clock.slept[0] == hub.patience.answer_seconds


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, None, HubRejected),
        (401, None, HubRefused),
        (402, None, NoRight),
        (403, None, NoRight),
        (404, "EntryNotFound", NotInRepo),
        (404, None, NotInRepo),
        (408, None, HubUnavailable),
        (409, None, HubConflict),
        (412, None, HubConflict),
        (422, None, HubRejected),
        (429, None, HubUnavailable),
        (500, None, HubUnavailable),
        (502, None, HubUnavailable),
        (504, None, HubUnavailable),
    ],
)
def test_each_status_has_its_error_with_message_and_hint(make_hub, emulator, status, code, error):
    refusal = Refusal(status, "Said by the Hub", code)
    emulator.faults.add(Rule("whoami", times=100, refusal=refusal))
    with pytest.raises(error, match=f"answered {status} while asking.*Said by the Hub") as raised:
        whoami(make_hub())
    assert in_terminal(raised.value.hint)


@pytest.mark.parametrize(
    ("headers", "said", "seconds"),
    [
        ({"RateLimit": '"api";r=0;t=55'}, "slow down", 56),
        ({"RateLimit": '"api";r=3;t=55', "Retry-After": "120"}, "slow down", 120),
        ({"RateLimit": '"api";r=949;t=9'}, "You can retry this action in about 1 hour.", 3600),
        ({}, "Try again in 20 minutes", 1200),
        ({}, "too many commits (128 per hour)", 3600),
        ({}, "slow down", None),
    ],
)
def test_how_long_to_wait_is_read_from_headers_or_the_text(
    make_hub, emulator, headers, said, seconds
):
    emulator.faults.add(Rule("whoami", times=100, refusal=Refusal(429, said, headers=headers)))
    hub = make_hub(asked_wait_seconds=1.0)
    with pytest.raises(HubUnavailable) as raised:
        whoami(hub)
    assert raised.value.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Network error: HTTP status client error (403 Forbidden) for url", NoRight),
        ("HTTP status client error (401 Unauthorized)", HubRefused),
        ("Network error: error sending request", HubUnavailable),
    ],
)
def test_what_hf_xet_raises_as_a_builtin_is_told_apart_by_its_text(text, error):
    assert isinstance(translated(ConnectionError(text), "uploading"), error)


def test_the_true_cause_is_found_behind_a_wrapper():
    wrapper = RuntimeError("Error while uploading")
    wrapper.__cause__ = httpx2.ConnectError("no route")
    error = translated(wrapper, "uploading")
    assert isinstance(error, HubUnavailable)
    assert "no route" in in_terminal(error.message)


def test_signed_addresses_are_not_repeated_in_errors():
    error = translated(ConnectionError("failed for https://cdn.test/x?Signature=abc"), "fetching")
    assert error is not None
    assert "abc" not in in_terminal(error.message)


@pytest.mark.parametrize(
    "foreign", [OSError(errno.ENOSPC, "No space left on device"), KeyError("x"), ValueError("y")]
)
def test_what_is_not_the_hubs_passes_unchanged(make_hub, foreign):
    def fail(_):
        raise foreign

    with pytest.raises(type(foreign)) as raised:
        make_hub().ask("trying", fail)
    assert raised.value is foreign
    assert not isinstance(foreign, HfHubHTTPError)
