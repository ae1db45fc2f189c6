"""The pictures in the docs: `python -m tests.browser.pictures --write` makes those anew whose sources have changed.

Each is kept with a hash of the files that it was made from; `--check` says which are not up to date.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kit.checkout import ROOT

FOLDER = ROOT / "docs" / "pictures"
RECORD = FOLDER / "made_from.json"
_PAGES = (
    "launcher/ui/assets/*",
    "launcher/ui/frame.py",
    "launcher/ui/widgets/*",
    "tests/browser/lived_history.py",
    "tests/browser/page_acts.py",
    "tests/browser/page_states.py",
)


@dataclass(frozen=True)
class Picture:
    """`state`: a page as tests/browser/page_states.py has it; empty for what is drawn of a terminal. A PNG of those is
    one of tests/browser/terminal_stills.py."""

    file: str
    state: str
    sources: tuple[str, ...]
    height: int = 0
    """How much of a long page is kept from its top, in pixels, to where a card ends; 0: all of it."""
    after: tuple[str, ...] = ()
    """States that bring about what this page shows."""

    @property
    def made_from(self) -> str:
        """SHA-256 over the names and contents of the sources."""
        found = hashlib.sha256(str(self.height).encode() if self.height else b"")
        for path in sorted({path for each in self.sources for path in ROOT.glob(each)}):
            if path.is_file() and path.suffix != ".pyc":
                found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
        return found.hexdigest()


PICTURES = (
    Picture(
        "run.png", "run-followed", ("launcher/ui/pages/run/**/*", "tests/browser/pods.py", *_PAGES)
    ),
    Picture("queue.png", "queue", ("launcher/ui/pages/queue/**/*", *_PAGES)),
    Picture("study.png", "study", ("launcher/ui/pages/studies/**/*", *_PAGES), height=1842),
    Picture("train.png", "train-checked", ("launcher/ui/pages/train/**/*", *_PAGES), height=1556),
    Picture(
        "clips.png", "clips", ("launcher/ui/pages/clips/**/*", *_PAGES), after=("dataset-made",)
    ),
    Picture(
        "terminal.gif",
        "",
        (
            "launcher/cli/demo_run.py",
            "launcher/cli/terminal/live.py",
            "launcher/cli/terminal/picture.py",
            "launcher/cli/terminal/layout.py",
            "launcher/cli/terminal/sparkline.py",
            "tests/browser/terminal.py",
        ),
    ),
    Picture(
        "offers.png",
        "",
        (
            "launcher/cli/terminal/layout.py",
            "launcher/cli/terminal/offers_view.py",
            "tests/browser/terminal*.py",
        ),
    ),
    Picture(
        "top.png",
        "",
        (
            "launcher/cli/terminal/fleet_view.py",
            "launcher/cli/terminal/layout.py",
            "tests/browser/terminal*.py",
        ),
    ),
)


def stale() -> list[Picture]:
    """Pictures that are absent, or whose sources are not those that they were made from."""
    record = json.loads(RECORD.read_text("utf-8")) if RECORD.is_file() else {}
    return [
        one
        for one in PICTURES
        if not (FOLDER / one.file).is_file() or record.get(one.file) != one.made_from
    ]


def make(pictures: Sequence[Picture]) -> None:
    from tests.browser import screenshots, terminal
    from tests.browser.terminal_stills import STILLS, draw_stills

    with tempfile.TemporaryDirectory(prefix="launcher-pictures-") as folder:
        states = {state for one in pictures if one.state for state in (one.state, *one.after)}
        if states:
            only = [word for state in sorted(states) for word in ("--only", state)]
            screenshots.main(["--out", folder, "--look", "light", *only])
        for one in pictures:
            if one.state:
                made = Path(folder) / f"{one.state}-light.png"
                _keep(made, FOLDER / one.file, one.height)
            elif one.file not in STILLS:
                terminal.draw(FOLDER / one.file)
    if stills := [one.file for one in pictures if one.file in STILLS]:
        draw_stills(FOLDER, stills)
    record = {one.file: one.made_from for one in PICTURES}
    RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", "utf-8")


def _keep(made: Path, path: Path, height: int) -> None:
    from PIL import Image

    with Image.open(made) as picture:
        kept = picture.crop((0, 0, picture.width, height)) if height else picture
        kept.save(path, optimize=True)


def main(words: list[str]) -> int:
    if words not in (["--check"], ["--write"]):
        print("usage: python -m tests.browser.pictures --check | --write", file=sys.stderr)
        return 2
    found = stale()
    if words == ["--write"] and found:
        make(found)
    for one in found:
        made = "made" if words == ["--write"] else "is not up to date: make pictures"
        print(f"{one.file} {made}", file=sys.stderr)
    return 1 if found and words == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
