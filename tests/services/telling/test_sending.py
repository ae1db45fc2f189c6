"""Each way out, against a server of its kind: what arrives, and that no failure quotes an address."""

from __future__ import annotations

import asyncio
import builtins
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest

from launcher.errors import InvalidRequest, NotConfigured
from launcher.services.telling import apprise_sender, desktop
from launcher.services.telling.addresses import Address, addresses_in, for_pods, refuse_secrets
from launcher.services.telling.sending import Sender
from launcher.services.telling.teller import trial_news
from pod_image.contract.news import News, NewsKind
from tests.kit.clocks import NOW
from tests.kit.http_server import Server
from tests.kit.receivers import NTFY, SECRET_WORDS, WEBHOOK, Receivers
from tests.kit.virtual_time import in_virtual_time

WORD = "Very-Secret-1"
NEWS = News(
    "abcdefghij-ended",
    NewsKind.ENDED,
    "run-01",
    "run-01 ended: finished",
    "The run finished. — „Größe“",
    NOW,
    "https://hub.test/me/voice/tree/main/run-01",
)


def one(text: str) -> Address:
    (found,) = addresses_in(text)
    return found


@in_virtual_time
async def test_ntfy_is_told_by_one_request_with_title_link_and_the_id_that_replaces() -> None:
    receivers = Receivers()
    sender = Sender(lambda: httpx.AsyncClient(transport=receivers))
    assert await sender(one(NTFY), NEWS) == ""
    (got,) = receivers.got
    assert got.path == "/"
    assert got.body == {
        "topic": "Runs_Of_Mine",
        "title": NEWS.title,
        "message": NEWS.text,
        "click": NEWS.link,
        "sequence_id": NEWS.id,
    }
    assert got.headers["x-sequence-id"] == NEWS.id
    assert got.headers["user-agent"] == "pod-launcher"
    assert got.headers["authorization"] == "Bearer tk_Secret0Token9"


@in_virtual_time
async def test_a_webhook_is_told_in_json_that_a_program_can_read() -> None:
    receivers = Receivers()
    sender = Sender(lambda: httpx.AsyncClient(transport=receivers))
    assert await sender(one(WEBHOOK), NEWS) == ""
    (got,) = receivers.got
    assert got.path == "/tell/Key0123456789abcdef"
    assert got.body == {
        "version": 1,
        "id": NEWS.id,
        "kind": "ended",
        "run_id": "run-01",
        "title": NEWS.title,
        "message": NEWS.text,
        "link": NEWS.link,
        "at": "2026-03-01T12:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("answers", "requests", "why"),
    [
        ([503, 200], 2, ""),
        ([500], 2, "the server answered 500"),
        ([403], 1, "the server answered 403"),
        ([302], 1, "the server answered 302"),
        ([0], 2, "no answer (TimeoutError)"),
    ],
)
def test_a_server_in_trouble_is_asked_twice_and_a_no_is_a_no(
    answers: list[int], requests: int, why: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        receivers = Receivers(answers={"hooks.test": list(answers)})
        sender = Sender(lambda: httpx.AsyncClient(transport=receivers))
        assert await sender(one(WEBHOOK), NEWS) == why
        assert [each.host for each in receivers.got] == ["hooks.test"] * requests
        assert asyncio.get_running_loop().time() < 20

    check()


@in_virtual_time
async def test_no_failure_quotes_an_address(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"cannot reach {request.url}")

    caplog.set_level(logging.DEBUG)
    sender = Sender(lambda: httpx.AsyncClient(transport=httpx.MockTransport(refuse)))
    for address in (one(NTFY), one(WEBHOOK)):
        why = await sender(address, NEWS)
        assert why == "no answer (ConnectError)"
        shown = f"{why} {address!r} {caplog.text}"
        assert not any(word in shown for word in SECRET_WORDS)


def test_apprise_tells_a_server_of_its_own_kind(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Server((200, b"", {}), (500, b"", {})).up() as server:
        address = one(server.url.replace("http://", "json://") + "/to?:Key=Very-Secret-1")
        taken, refused = (asyncio.run(Sender()(address, NEWS)) for _ in range(2))
    assert (taken, refused) == ("", "Apprise reports that it was not accepted")
    first = json.loads(server.bodies[0])
    assert first["title"] == NEWS.title
    assert first["message"] == f"{NEWS.text}\n{NEWS.link}"
    assert "Very-Secret" not in caplog.text
    assert "127.0.0.1" not in "".join(
        each.message for each in caplog.records if "apprise" in each.name
    )


def test_a_plugin_that_fails_is_told_of_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    import apprise

    def fail(*_: object, **__: object) -> bool:
        raise RuntimeError(f"json://user:{WORD}@127.0.0.1")

    plugin = type(apprise.Apprise.instantiate("json://127.0.0.1/x"))
    monkeypatch.setattr(plugin, "notify", fail)
    why = asyncio.run(Sender()(one(f"json://user:{WORD}@127.0.0.1/x"), NEWS))
    assert why == "Apprise failed (RuntimeError)"


def test_without_apprise_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "apprise":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "apprise", raising=False)
    with pytest.raises(NotConfigured) as missing:
        apprise_sender.check("tgram://1/2")
    assert 'pip install "pod-launcher[notify]"' in str(missing.value.hint)
    assert asyncio.run(Sender()(one("json://127.0.0.1/x"), NEWS)) == str(missing.value.message)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux", ("notify-send", "--app-name=Pod Launcher", "--", NEWS.title, NEWS.text)),
        (
            "darwin",
            (
                "osascript", "-e", "on run argv", "-e",
                "display notification (item 2 of argv) with title (item 1 of argv)",
                "-e", "end run", NEWS.title, NEWS.text,
            ),
        ),
    ],
)  # fmt: skip
def test_the_desktop_is_told_by_its_own_program(platform: str, expected: tuple[str, ...]) -> None:
    assert desktop.program(NEWS, platform) == expected


def test_on_windows_no_letter_of_the_news_is_read_as_program() -> None:
    seen: list[tuple[Sequence[str], Mapping[str, str]]] = []

    async def recorded(argv: Sequence[str], more: Mapping[str, str]) -> int:
        seen.append((argv, more))
        return 0

    assert asyncio.run(desktop.send(NEWS, recorded, "win32")) == ""
    ((argv, more),) = seen
    assert NEWS.title not in " ".join(argv)
    assert NEWS.text not in " ".join(argv)
    assert set(more.values()) == {NEWS.title, NEWS.text}


@pytest.mark.parametrize(
    ("code", "why"), [(0, ""), (1, "notify-send answered 1"), (-9, "notify-send answered -9")]
)
def test_a_desktop_that_does_not_take_it_is_said(code: int, why: str) -> None:
    async def recorded(argv: Sequence[str], more: Mapping[str, str]) -> int:
        return code

    assert asyncio.run(desktop.send(NEWS, recorded, "linux")) == why


def test_a_computer_without_such_a_program_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    why = asyncio.run(desktop.send(NEWS, platform="linux"))
    assert why.startswith("this computer has no notify-send; ")
    assert "libnotify-bin" in why


@pytest.mark.parametrize("text", [NTFY, WEBHOOK, "tgram://1234567890:Very-Secret-Token/1/"])
def test_an_address_with_a_secret_is_refused_as_an_argument(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        refuse_secrets([text])
    said = f"{refused.value.message} {refused.value.hint}"
    assert "As an argument, every program on this computer could read it" in said
    assert not any(word in said for word in (*SECRET_WORDS, "Very-Secret"))


def test_addresses_without_one_may_stand_there() -> None:
    refuse_secrets(["desktop", "ntfy://mine", "https://hook.test/x", "json://127.0.0.1:9/x"])


@pytest.mark.parametrize("text", ["mine", "nonsense:x", "http://hook.test/Very-Secret-1", "://x"])
def test_what_is_no_address_is_refused_by_its_place_and_not_quoted(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        addresses_in(f"desktop {text}")
    assert "Notification address 2" in str(refused.value.message)
    assert "Secret" not in f"{refused.value.message} {refused.value.hint}"


def test_what_apprise_does_not_know_is_refused_before_anything_is_rented() -> None:
    with pytest.raises(InvalidRequest) as refused:
        apprise_sender.check("nonsense://Very-Secret-1")
    assert "nonsense://" in str(refused.value.message)
    assert "Secret" not in str(refused.value.message)


def test_a_pod_is_handed_what_one_request_over_the_net_can_tell_and_nothing_else() -> None:
    kept = f"desktop {NTFY} json://h.test/x http://127.0.0.1:9/x {WEBHOOK} {NTFY}"
    found = addresses_in(kept)
    assert [each.shown for each in found] == [
        "desktop", "ntfy.test", "json://", "127.0.0.1", "hooks.test",
    ]  # fmt: skip
    handed = for_pods(found)
    assert handed is not None
    assert handed.get_secret_value() == f"{NTFY} {WEBHOOK}"
    assert for_pods(addresses_in("desktop")) is None


def test_a_trial_says_that_it_is_one() -> None:
    news = trial_news(NOW)
    assert news.kind is NewsKind.TEST
    assert "This is a test." in news.text
