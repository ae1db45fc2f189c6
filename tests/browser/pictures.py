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
    """`state`: a page as tests/browser/page_states.py has it; empty for what is drawn of a terminal."""

    file: str
    state: str
    sources: tuple[str, ...]

    @property
    def made_from(self) -> str:
        """SHA-256 over the names and contents of the sources."""
        found = hashlib.sha256()
        for path in sorted({path for each in self.sources for path in ROOT.glob(each)}):
            if path.is_file() and path.suffix != ".pyc":
                found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
        return found.hexdigest()


PICTURES = (
    Picture(
        "run.png", "run-followed", ("launcher/ui/pages/run/**/*", "tests/browser/pods.py", *_PAGES)
    ),
    Picture("queue.png", "queue", ("launcher/ui/pages/queue/**/*", *_PAGES)),
    Picture("study.png", "study", ("launcher/ui/pages/studies/**/*", *_PAGES)),
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

    with tempfile.TemporaryDirectory(prefix="launcher-pictures-") as folder:
        states = [word for one in pictures if one.state for word in ("--only", one.state)]
        if states:
            screenshots.main(["--out", folder, "--look", "light", *states])
        for one in pictures:
            if one.state:
                made = Path(folder) / f"{one.state}-light.png"
                (FOLDER / one.file).write_bytes(made.read_bytes())
            else:
                terminal.draw(FOLDER / one.file)
    record = {one.file: one.made_from for one in PICTURES}
    RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", "utf-8")


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
