"""Pages that are files of their own are for everyone, too: the report of a dataset, and a run's page to send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.looking import judged_here
from tests.browser.looks import LOOKS
from tests.browser.pages_apart import pages_apart

pytestmark = pytest.mark.slow


def test_a_page_that_is_a_file_is_for_everyone_in_every_look(
    chromium: Any, axe: str, tmp_path: Path
) -> None:
    page = chromium.new_page()
    for look in LOOKS:
        page.set_viewport_size({"width": look.width, "height": look.height})
        page.emulate_media(color_scheme=look.scheme)
        for name, path in pages_apart(tmp_path).items():
            page.goto(path.as_uri())
            assert judged_here(page, axe) == [], f"{name}, {look.name}"
    page.close()
