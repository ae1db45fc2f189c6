"""Debian's Chromium in front of the form. Where there is none, these tests are skipped with the reason.

LAUNCHER_BROWSER=required makes a skip a failure. One browser, one stage and one form serve all tests; each opens
tabs of its own. Fixtures end with this package: Playwright keeps an event loop running in the thread, beside which
tests of other packages could not run one of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.browser.pods import Act
from tests.browser.stage import CHROMIUM, Form, Stage, axe_file, stage
from tests.browser.window import CAP_SECONDS, REFUSED_KEY, Window, none_in_files


def _missing(what: str) -> NoReturn:
    if os.environ.get("LAUNCHER_BROWSER") == "required":
        pytest.fail(f"{what} is required and not there")
    pytest.skip(f"{what} is not there")


@pytest.fixture(scope="package")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where Chromium keeps what it remembers."""
    return tmp_path_factory.mktemp("profile")


@pytest.fixture(scope="package")
def playwright() -> Iterator[Any]:
    """One for all browsers: a second one would not start beside the loop of the first."""
    if not CHROMIUM.exists():
        _missing(f"Chromium at {CHROMIUM}")
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect.set_options(timeout=1000 * CAP_SECONDS)
    with sync_api.sync_playwright() as found:
        yield found


@pytest.fixture(scope="package")
def chromium(playwright: Any, profile: Path, staged: Stage) -> Iterator[Any]:
    """A browser with a profile on disk; afterwards no key is in it, whichever test typed it."""
    context = playwright.chromium.launch_persistent_context(
        profile,
        executable_path=str(CHROMIUM),
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--autoplay-policy=no-user-gesture-required",
        ],
    )
    yield context
    context.close()
    none_in_files([REFUSED_KEY, *staged.keys.values()], profile)


@pytest.fixture(scope="package")
def axe() -> str:
    file = axe_file()
    if file is None:
        _missing("axe-core (npm ci in tests/browser, or the package axe-playwright-python)")
    return file.read_text("utf-8")


@pytest.fixture(scope="package")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


@pytest.fixture(scope="package")
def form(staged: Stage) -> Iterator[Form]:
    """The form of a newcomer: nothing entered, nothing run before the first test, keys have to be typed.

    Afterwards no key is in its files, nor in what it printed.
    """
    form = staged.open_form(offers_keys=False)
    yield form
    assert form.close() == 0
    none_in_files([REFUSED_KEY, *staged.keys.values()], form.home)
    assert not [key for key in staged.keys.values() if key in "".join(form.lines)]


@pytest.fixture
def act(staged: Stage) -> Iterator[Act]:
    """How pods behave in this test, to be changed by it. None is left afterwards."""
    assert staged.player is not None
    staged.player.act = Act()
    yield staged.player.act
    for pod in staged.pods:
        staged.cloud.runpod.world.act(staged.cloud.runpod.world.pods[pod], "terminate")


@pytest.fixture
def window(chromium: Any, form: Form) -> Iterator[Window]:
    found = Window(chromium, form)
    found.enter()
    yield found
    found.close()
    assert found.problems == []
    assert found.abroad == []
