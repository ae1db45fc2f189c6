"""The guides in the docs are the Help page's texts, and what README and docs say to type can be typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from launcher.ui.pages.help.docs import PICTURES, guides, main, stale_pages
from launcher.ui.pages.help.topics import topics
from tests.kit.checkout import ROOT
from tests.kit.typed_commands import check

SHOWN = re.compile(r"`(launcher [^`\n]+)`|^ {4}(launcher .+?)(?:  +#.*)?$", re.MULTILINE)
BLOCKS = re.compile(r"()^(?: {4}|(?<=```\n))(launcher .+?)(?:  +#.*)?$", re.MULTILINE)
"""Where a page only names a command in a sentence, its arguments may be missing; a line to copy has them."""
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
USAGE = ROOT / "docs" / "cli.md"
"""Shows how each command is used, with words that stand for its arguments."""
OTHERS = sorted({*(ROOT / "docs").rglob("*.md")} - {*PAGES, USAGE})


def commands(text: str, shown_by: re.Pattern[str] = SHOWN) -> list[str]:
    joined = text.replace("\\\n", " ")
    shown = [(inline or block).split("  #")[0] for inline, block in shown_by.findall(joined)]
    return [each for each in shown if "COMMAND" not in each]


def test_the_guides_are_what_the_help_page_says() -> None:
    assert stale_pages() == {}


def test_a_guide_that_was_edited_or_has_no_topic_is_stale_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.ui.pages.help.docs.DOCS_FOLDER", tmp_path)
    monkeypatch.setattr(stale_pages, "__defaults__", (tmp_path,))
    assert main(["--check"]) == 1
    assert main(["--write"]) == 0
    assert main(["--check"]) == 0
    (tmp_path / "guides" / "keys.md").write_text("other words")
    (tmp_path / "guides" / "of-yesterday.md").write_text("no topic")
    assert main(["--check"]) == 1
    assert main(["--write"]) == 0
    assert set((tmp_path / "guides").glob("*.md")) == set(guides(tmp_path / "guides"))


def test_every_topic_of_the_help_is_a_guide_and_on_the_list() -> None:
    listed = (ROOT / "docs" / "guides" / "README.md").read_text("utf-8")
    for name, topic in topics().items():
        if topic.text:
            assert f"[{topic.title}]({name}.md)" in listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_says_to_type_can_be_typed(page: Path) -> None:
    for each in commands(page.read_text("utf-8")):
        check(each)


@pytest.mark.parametrize("page", OTHERS, ids=lambda page: page.name)
def test_a_line_to_copy_can_be_typed_as_it_stands(page: Path) -> None:
    for each in commands(page.read_text("utf-8"), BLOCKS):
        check(each.split(" | ")[0].replace(" …", "").removesuffix(" ..."))


def test_lines_to_copy_are_found_in_most_of_the_other_pages() -> None:
    assert sum(len(commands(page.read_text("utf-8"), BLOCKS)) for page in OTHERS) > 40


def test_the_pages_that_lead_through_a_run_say_what_to_type() -> None:
    for page in (
        ROOT / "README.md",
        ROOT / "docs/guides/start.md",
        ROOT / "docs/guides/command.md",
    ):
        assert len(commands(page.read_text("utf-8"))) >= 1


def test_the_guides_that_lead_through_a_page_show_it() -> None:
    shown = {
        path.stem
        for path in (ROOT / "docs/guides").glob("*.md")
        if "](../pictures/" in path.read_text("utf-8")
    }
    assert shown == set(PICTURES) != set()
