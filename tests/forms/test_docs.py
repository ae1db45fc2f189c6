"""The generated pages of the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from launcher.cli.command_list import COMMANDS
from launcher.forms import docs
from launcher.forms.docs import (
    DOCS_FOLDER,
    command_reference,
    generated,
    main,
    settings_tables,
    stale_pages,
)
from launcher.forms.option_names import option_of
from pod_image.contract.settings import SETTINGS


def test_the_docs_of_this_checkout_say_what_the_code_says() -> None:
    assert stale_pages() == {}


def test_every_setting_is_in_the_table_with_range_and_condition() -> None:
    table = settings_tables()
    assert all(f"`{option_of(setting.name)}`" in table for setting in SETTINGS.values())
    assert "1 to 256 clips" in table
    assert "recipe is piper" in table


def test_every_command_is_in_the_reference() -> None:
    """But an older name of one, of which that one tells."""
    text = command_reference()
    absent = [each.name for each in COMMANDS if f"## launcher {each.name}\n" not in text]
    assert absent == ["gpus"]
    assert "`launcher gpus`" in text
    assert "`--detach`" in text


def test_every_row_of_the_reference_has_two_cells_and_words_as_they_are_typed() -> None:
    text = command_reference()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}
    assert "`FILE.ckpt`" in text
    assert "`skypilot\\|dstack`" in text


def test_words_around_a_block_stay_and_the_block_is_made_anew() -> None:
    page = "Before\n<!-- generated: settings -->\nstale words\n<!-- end of generated -->\nAfter\n"
    made = generated(page)
    assert made.startswith("Before\n")
    assert made.endswith("After\n")
    assert "stale words" not in made
    assert generated(made) == made


def test_a_block_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(KeyError):
        generated("<!-- generated: nonsense -->\n<!-- end of generated -->")


def test_check_fails_on_a_stale_page_and_write_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docs, "stale_pages", lambda: stale_pages(tmp_path / "docs"))
    assert main(["--check"]) == 1
    assert main(["--write"]) == 0
    assert main(["--check"]) == 0
    (tmp_path / "docs" / "settings.md").write_text(
        "<!-- generated: settings -->\n<!-- end of generated -->"
    )
    assert main(["--check"]) == 1
    assert main(["--both"]) == 2


def test_a_word_kept_from_an_earlier_release_is_not_taught() -> None:
    assert "`--emulators`" in (DOCS_FOLDER / "cli.md").read_text("utf-8")
    assert "`--serve`" not in (DOCS_FOLDER / "cli.md").read_text("utf-8")
