"""Clips in a real browser: by keyboard alone, with an outline that is drawn and sound that is heard."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from launcher.workshop.table import read_lines
from tests.browser.stage import Stage
from tests.browser.window import Window
from tests.kit.dataset_files import wav, write

pytestmark = pytest.mark.slow
INK = """(canvas) => { const p = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let n = 0; for (let i = 3; i < p.length; i += 4) n += p[i] > 0; return n / (canvas.width * canvas.height); }"""


def test_a_dataset_of_many_clips_is_worked_through_by_keyboard(
    chromium: Any, staged: Stage
) -> None:
    folder = staged.root / "clips" / "data" / "datasets" / "many"
    sound = {f"wavs/{number:04d}.wav": wav(0.4 + number / 10) for number in range(8)}
    table = "".join(f"wavs/{number:04d}.wav|Number {number}.\n" for number in range(2_000))
    write(folder, {**sound, "metadata.csv": table})
    form = staged.open_form(home="clips")
    window = Window(chromium, form)
    window.enter()
    window.go("/datasets/many/clips")
    page = window.page
    listed = page.get_by_role("listbox")
    expect(page.get_by_role("option")).not_to_have_count(0)
    assert page.get_by_role("option").count() < 100
    listed.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("heading", name="1999.wav")).to_be_visible()
    expect(page.get_by_role("option", name="1999.wav")).to_be_visible()
    page.keyboard.press("Home")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="0002.wav")).to_be_visible()
    page.wait_for_function(f"({INK})(document.querySelector('canvas')) > 0.05")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    begin = page.get_by_role("slider", name="Start of the part kept")
    begin.press("Shift+ArrowRight")
    begin.press("ArrowRight")
    expect(begin).to_have_attribute("aria-valuetext", "0.11 s")
    listed.focus()
    page.keyboard.press("t")
    # While the clip is still being trimmed: it is drawn anew below what is typed.
    page.keyboard.press("e")
    assert page.evaluate("document.activeElement.id") == "field-clip-text"
    page.keyboard.type(" And more.", delay=60)
    expect(begin).to_have_attribute("aria-valuemax", "0.49")
    expect(page.locator("#field-clip-text")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="0003.wav")).to_be_visible()
    expect(page.locator("#field-clip-text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Delete")
    expect(page.get_by_text("Undo: leaving out 0003.wav.")).to_be_visible()
    assert read_lines(folder)[2].text == "Number 2. And more."
    page.reload()
    listed.focus()
    for said in ("Redo: leaving out 0003.wav.", "Redo: the text of 0002.wav.", "Redo: trimming"):
        page.keyboard.press("u")
        expect(page.get_by_text(said)).to_be_visible()
    assert [line.text for line in read_lines(folder)] == [f"Number {n}." for n in range(2_000)]
    assert (folder / "wavs/0002.wav").read_bytes() == sound["wavs/0002.wav"]
    assert window.problems + window.abroad == []
    window.close()
    form.close()
