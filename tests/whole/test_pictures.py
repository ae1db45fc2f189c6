"""Each picture in the docs is made by the program for it, from what is there now, and is shown somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.pictures import FOLDER, PICTURES, RECORD, Picture, stale
from tests.kit.checkout import ROOT


def test_every_picture_is_up_to_date() -> None:
    assert [one.file for one in stale()] == [], "make pictures"


def test_no_picture_is_made_by_hand_or_shown_nowhere() -> None:
    there = {path.name for path in FOLDER.iterdir()} - {RECORD.name}
    assert there == {one.file for one in PICTURES}
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = "".join(page.read_text("utf-8") for page in pages)
    assert [name for name in there if f"pictures/{name}" not in shown] == []


@pytest.mark.parametrize("one", PICTURES, ids=lambda one: one.file)
def test_what_a_picture_is_made_from_is_there(one: Picture) -> None:
    for each in one.sources:
        assert list(ROOT.glob(each)), each


def test_a_changed_source_makes_a_picture_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page.py").write_text("one")
    (tmp_path / "page.pyc").write_text("made of it")
    monkeypatch.setattr("tests.browser.pictures.ROOT", tmp_path)
    one = Picture("run.png", "run-followed", ("*",))
    before = one.made_from
    (tmp_path / "page.pyc").write_text("made of it by another Python")
    assert one.made_from == before
    (tmp_path / "page.py").write_text("two")
    assert one.made_from != before
