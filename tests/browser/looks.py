"""The ways in which every page and state is looked at, and a walk through all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.browser.lived_history import write_history
from tests.browser.page_acts import FOLLOWED
from tests.browser.page_states import (
    PAGE_STATES,
    WITH_KEYS,
    WITH_RUNS,
    PageState,
)
from tests.browser.stage import CHROMIUM, Stage
from tests.browser.window import Window


@dataclass(frozen=True)
class Look:
    """How a window is set up."""

    name: str
    width: int
    height: int
    scheme: str


LOOKS = (
    Look("light", 1280, 900, "light"),
    Look("dark", 1280, 900, "dark"),
    Look("narrow", 390, 844, "light"),
)


def open_chromium(playwright: Any) -> Any:
    return playwright.chromium.launch(
        executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
    )


def walk(
    browser: Any, staged: Stage, look: Look, only: set[str]
) -> Iterator[tuple[Window, PageState]]:
    """Each state that is wanted (all, with `only` empty), in a window at its page; nothing is done there yet."""
    write_history(staged.root / f"lived-{look.name}")
    if staged.player is not None:
        staged.player.act = FOLLOWED
    for home, page_states, keyed in (
        ("empty", PAGE_STATES, False),
        ("keyed", WITH_KEYS, True),
        ("lived", WITH_RUNS, False),
    ):
        wanted = [page_state for page_state in page_states if not only or page_state.name in only]
        if not wanted:
            continue
        form = staged.open_form(home=f"{home}-{look.name}")
        size = {"width": look.width, "height": look.height}
        context = browser.new_context(viewport=size, color_scheme=look.scheme)
        window = Window(context, form, look.scheme)
        window.enter()
        if keyed:
            window.use_offered_keys()
        for page_state in wanted:
            window.go(page_state.path)
            yield window, page_state
        context.close()
        form.close()
