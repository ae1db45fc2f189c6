"""Keys that were typed are afterwards nowhere: not in the page, its storage, its frames, the profile, a file or log."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from launcher.ui.state.vault import GRACE_SECONDS
from tests.browser.stage import TRAIN_PATH, Form, Stage
from tests.browser.window import REFUSED_KEY, Window, none_in_files, ready

pytestmark = pytest.mark.slow
VALUES = "[...document.querySelectorAll('input, textarea')].map(one => one.value).join('|')"
STORAGE = "JSON.stringify([{...localStorage}, {...sessionStorage}])"


def test_typed_keys_are_afterwards_nowhere(chromium: Any, form: Form, staged: Stage) -> None:
    window = Window(chromium, form)
    frames: list[str] = []
    sent: list[str] = []

    def listen(socket: Any) -> None:
        socket.on("framereceived", lambda data: frames.append(str(data)))
        socket.on("framesent", lambda data: sent.append(str(data)))

    page = window.page
    page.on("websocket", listen)
    window.enter()
    window.go("/keys")
    before = len(sent)
    page.get_by_label("RunPod API key", exact=True).press_sequentially(REFUSED_KEY)
    page.get_by_role("button", name="Show RunPod API key").click()
    typed = "".join(sent[before:])
    assert REFUSED_KEY[:12] not in typed  # nothing leaves while typing, nor to show it
    page.get_by_role("button", name="Use this key: RunPod API key").click()
    page.get_by_text("Refused", exact=True).wait_for()
    window.type_keys(staged.keys)
    window.go(TRAIN_PATH)
    page.get_by_text("about $").first.wait_for()
    page.go_back()
    ready(page)

    canaries = [REFUSED_KEY, *staged.keys.values()]
    seen = {
        "page": page.content(),
        "fields": page.evaluate(VALUES),
        "storage": page.evaluate(STORAGE),
        "frames to the browser": "".join(frames),
        "output of the program": "".join(form.lines),
        "cookies": str(chromium.cookies()),
    }
    window.close()
    for place, text in seen.items():
        for canary in canaries:
            assert canary not in text, place
    assert sum("".join(sent).count(canary) for canary in canaries) == len(canaries)
    none_in_files(canaries, form.home)
    assert window.problems == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({}, 401),
        ({"Cookie": "launcher=made-up"}, 401),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "path", ["/keys", "/assets/launcher.css", "/_nicegui_ws/socket.io/?EIO=4&transport=polling"]
)
def test_the_form_itself_answers_nobody_but_its_browser(
    form: Form, path: str, headers: dict[str, str], status: int
) -> None:
    with httpx.Client(**form.direct, trust_env=False) as client:
        answer = client.get(path, headers=headers)
    assert (answer.status_code, "client_id" in answer.text) == (status, False)


def test_a_closed_tab_forgets_its_keys(window: Window, staged: Stage) -> None:
    window.type_keys(staged.keys)
    other = window.tab()
    window.go("/help", other)
    storage = window.page.evaluate("JSON.stringify({...sessionStorage})")
    window.page.close()
    other.wait_for_timeout(1000 * (GRACE_SECONDS + 1))
    # A tab that pretends to be the closed one, by everything the closed one had kept.
    other.evaluate("(kept) => Object.assign(sessionStorage, JSON.parse(kept))", storage)
    window.go("/keys", other)
    other.get_by_text("No keys").wait_for()
