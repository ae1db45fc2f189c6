"""The documentation points at what is there: every file, folder, module and page that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.checkout import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BELOW = ("", "launcher", "pod_image")
"""Where a path in the text may begin."""
FOLDERS = ("launcher", "pod_image", "presets", "tests", "docs")
FILE = re.compile(r"[\w./-]*\w\.(?:py|md|css|js)")
PLACE = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*")
MODULE = re.compile(r"(?:launcher|pod_image|tests)(?:\.\w+)+")
MADE_UP = re.compile(r"\bNAME\b|^out/")
"""What the reader calls a folder or a file of their own, and what a run leaves on its pod."""


def gone(text: str, page: Path, root: Path = ROOT) -> Iterator[str]:
    """What the text of a page names and the tree does not have."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for word in re.findall(r"`([^`\n]+)`", prose):
        if MADE_UP.search(word):
            continue
        if FILE.fullmatch(word) or PLACE.fullmatch(word):
            if not _has_path(root, word):
                yield word
        elif MODULE.fullmatch(word) and not _has_module(root, word):
            yield word
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose):
        if "://" not in link and not (page.parent / link).exists():
            yield link


def _has_path(root: Path, path: str) -> bool:
    if "/" in path:
        return any((root / below / path).exists() for below in BELOW)
    return (root / path).exists() or any(
        next((root / folder).rglob(path), None) for folder in FOLDERS
    )


def _has_module(root: Path, name: str) -> bool:
    """A module, or one name in it."""
    parts = name.split(".")
    whole, around = root.joinpath(*parts), root.joinpath(*parts[:-1])
    if whole.is_dir() or whole.with_suffix(".py").exists():
        return True
    source = around.with_suffix(".py") if not around.is_dir() else around / "__init__.py"
    return source.exists() and bool(re.search(rf"\b{parts[-1]}\b", source.read_text("utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    assert list(gone(page.read_text("utf-8"), page)) == []


def test_what_is_gone_is_noticed() -> None:
    text = (
        "`launcher/services/stop.py` `services/stop.py` `launcher/ui/parts/` `stop_surely.py` "
        "`launcher.services.context` `launcher.cli.app.no_such_name` [the old page](gone.md) "
        "`docs/map.md` `services/ending/reap.py` `reap.py` `launcher.cli.app` `launcher.cli.app.run` "
        "`launcher/providers/NAME/place.py` [the map](map.md) [elsewhere](https://example.org/x.md)"
    )
    assert list(gone(text, ROOT / "docs" / "page.md")) == [
        "launcher/services/stop.py",
        "services/stop.py",
        "launcher/ui/parts/",
        "stop_surely.py",
        "launcher.services.context",
        "launcher.cli.app.no_such_name",
        "gone.md",
    ]
