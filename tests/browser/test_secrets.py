"""Keys that were typed are afterwards nowhere: not in the page, its storage, its frames, the profile, a file or log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from launcher.ui.vault import GRACE_SECONDS
from tests.browser.conftest import Window, ready
from tests.browser.stage import CHROMIUM, Stage, stage

REFUSED = "rpa_canary0refused0canary0refused0"


@pytest.fixture
def bare(tmp_path: Path) -> Any:
    """A stage whose keys are not in the form's environment: they have to be typed."""
    with stage(tmp_path, keys_in_environment=False) as found:
        yield found


def test_typed_keys_are_afterwards_nowhere(chromium: Any, bare: Stage, tmp_path: Path) -> None:
    form = bare.open_form()
    profile = tmp_path / "profile"
    context = chromium.browser_type.launch_persistent_context(
        profile, executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
    )
    window = Window(context, form)
    frames: list[str] = []
    sent: list[str] = []

    def listen(socket: Any) -> None:
        socket.on("framereceived", lambda data: frames.append(str(data)))
        socket.on("framesent", lambda data: sent.append(str(data)))

    window.page.on("websocket", listen)
    window.enter()
    values = {
        "RunPod API key": bare.cloud.runpod.api_key,
        "Hugging Face token to read": bare.cloud.hub.tokens["read"],
        "Hugging Face token to write": bare.cloud.hub.tokens["write"],
    }
    page = window.page
    window.go("/keys")
    before = len(sent)
    field = page.get_by_label("RunPod API key").first
    field.press_sequentially(REFUSED)
    page.get_by_role("button", name="Show RunPod API key").click()
    typed = "".join(sent[before:])
    assert REFUSED[:12] not in typed  # nothing leaves while typing, nor to show it
    page.get_by_role("button", name="Use key: RunPod API key").click()
    page.get_by_text("Refused", exact=True).wait_for()
    for label, value in values.items():
        page.get_by_label(label).first.fill(value)
        page.get_by_role("button", name=f"Use key: {label}").click()
        page.get_by_text("Held in memory").nth(list(values).index(label)).wait_for()
    page.get_by_text("3 of 3 keys held").wait_for()
    window.go("/train?preset=quick-check&dataset=demo/clips")
    page.wait_for_timeout(1500)
    page.go_back()
    ready(page)

    canaries = [REFUSED, *values.values()]
    seen = {
        "page": page.content(),
        "fields": page.evaluate(
            "[...document.querySelectorAll('input, textarea')].map(e => e.value).join('|')"
        ),
        "storage": page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])"),
        "frames to the browser": "".join(frames),
        "output of the program": "".join(form.lines),
        "cookies": str(context.cookies()),
    }
    context.close()
    for place, text in seen.items():
        for canary in canaries:
            assert canary not in text, place
    assert sum("".join(sent).count(canary) for canary in canaries) == len(canaries)
    _none_in_files(canaries, [profile, form.home])
    assert form.close() == 0
    _none_in_files(canaries, [profile, form.home])


def _none_in_files(canaries: list[str], folders: list[Path]) -> None:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                for canary in canaries:
                    assert canary.encode() not in content, path
                    assert canary.encode("utf-16-le") not in content, path


def test_a_closed_tab_forgets_its_keys(window: Window) -> None:
    other = window.tab()
    window.use_offered_keys(other)
    storage = other.evaluate("JSON.stringify({...sessionStorage})")
    other.close()
    window.page.wait_for_timeout(1000 * (GRACE_SECONDS + 2))
    again = window.tab()
    # A tab that pretends to be the closed one, by everything the closed one had kept.
    again.goto(window.form.base + "/help")
    again.evaluate("(kept) => Object.assign(sessionStorage, JSON.parse(kept))", storage)
    window.go("/keys", again)
    again.get_by_text("No keys").wait_for()
