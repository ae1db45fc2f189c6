"""Addresses that one request tells somebody at: what they are, what of them is secret, what may be shown."""

from __future__ import annotations

import pytest

from pod_image.agent.events import Masking
from pod_image.contract.notify_address import (
    BadAddress,
    PostAddress,
    carries_secret,
    post_address,
)
from pod_image.contract.secret_names import secret_values, without_secrets
from tests.kit.receivers import NTFY, SECRET_WORDS, WEBHOOK


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ntfy://Mine_1", PostAddress("ntfy.sh", "https://ntfy.sh/", "Mine_1")),
        ("https://ntfy.sh/Mine_1", PostAddress("ntfy.sh", "https://ntfy.sh/", "Mine_1")),
        ("ntfys://tk_a1@n.test:8/t", PostAddress("n.test", "https://n.test:8/", "t", "Bearer tk_a1")),
        ("ntfys://u:p%40s@n.test/t", PostAddress("n.test", "https://n.test/", "t", "Basic dTpwQHM=")),
        ("https://h.test/a?b=c", PostAddress("h.test", "https://h.test/a?b=c")),
        ("https://u:p@h.test/a", PostAddress("h.test", "https://h.test/a", "", "Basic dTpw")),
        ("http://127.0.0.1:9/a", PostAddress("127.0.0.1", "http://127.0.0.1:9/a")),
        ("ntfy://localhost:9/t", PostAddress("localhost", "http://localhost:9/", "t")),
        ("ntfy://another.test/t", None),
        ("tgram://token/chat", None),
        ("desktop", None),
    ],
)  # fmt: skip
def test_what_one_request_can_tell_is_known_by_its_form(
    text: str, expected: PostAddress | None
) -> None:
    assert post_address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "http://h.test/Very-Secret-1",
        "https:///Very-Secret-1",
        "https://h.test:port/Very-Secret-1",
        "ntfy://no.topic.Very-Secret-1",
        "ntfys://h.test/two/Very-Secret-1",
        "https://h.test/\nVery-Secret-1",
    ],
)
def test_an_address_that_is_none_is_refused_without_a_letter_of_it(text: str) -> None:
    with pytest.raises(BadAddress) as refused:
        post_address(text)
    assert "Secret" not in str(refused.value)


def test_nothing_but_the_host_is_ever_shown_by_accident() -> None:
    for text in (NTFY, WEBHOOK):
        address = post_address(text)
        assert address is not None
        shown = f"{address!r} {address.mark}"
        assert address.host in shown
        assert not any(word in shown for word in SECRET_WORDS)


def test_one_address_has_one_mark_however_it_is_written_and_others_have_others() -> None:
    def mark(text: str) -> str:
        address = post_address(text)
        assert address is not None
        return address.mark

    assert mark("ntfy://Mine_1") == mark("https://ntfy.sh/Mine_1")
    marks = [mark(f"https://h.test/{number}") for number in range(20)]
    assert len(set(marks)) >= 19
    assert {len(each) for each in marks} == {3}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ntfy://mine", False),
        ("https://h.test/hook", False),
        ("http://127.0.0.1:9/", False),
        (NTFY, True),
        (WEBHOOK, True),
        ("https://h.test/hook?key=1", True),
        ("https://u:p@h.test/hook", True),
    ],
)
def test_an_address_with_a_password_or_a_token_is_known_as_a_secret(
    text: str, expected: bool
) -> None:
    assert carries_secret(text) is expected


def test_of_an_address_all_that_may_be_secret_is_masked_and_its_host_is_not() -> None:
    mask = Masking(secret_values({"LAUNCHER_NOTIFY": f"desktop {NTFY} {WEBHOOK}"}))
    words = " ".join(SECRET_WORDS)
    assert mask(f"{words} and {NTFY}") == "*** *** *** and ***"
    assert mask("ntfy.test hooks.test desktop tell") == "ntfy.test hooks.test desktop tell"


def test_a_process_that_needs_no_address_gets_none_by_any_name() -> None:
    environment = {"LAUNCHER_NOTIFY": f"desktop {NTFY} {WEBHOOK}", "COPY": f"see {WEBHOOK}"}
    assert without_secrets({**environment, "PATH": "/usr/bin"}) == {"PATH": "/usr/bin"}
