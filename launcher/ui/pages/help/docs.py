"""The guides of `docs/guides`, made from the Help page's own texts.

`python -m launcher.ui.pages.help.docs --check` or `--write`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from launcher.forms.docs import DOCS_FOLDER
from launcher.ui.pages.help.topics import Topic, topics

FOLDER = "guides"
INDEX = "README.md"
PICTURES = {
    "start": (
        "train.png",
        "The Train page after “Check everything”: what is trained, time, price, and the most it can cost",
    ),
    "sound": ("clips.png", "The clips of a dataset: one is trimmed, its transcript beside it"),
    "training": (
        "run.png",
        "The page of a run: steps, cost beside its cap, curves, newest samples",
    ),
    "studies": ("study.png", "A study in the web form"),
}
"""By topic. The web form shows the page itself."""
_FROM = "<!-- generated from launcher/ui/pages/help/texts; `make docs` writes it -->"


def stale_pages(folder: Path = DOCS_FOLDER) -> dict[Path, str | None]:
    """Guides that are not what the Help page says, with the text that they should have; None: no topic has it."""
    wanted = guides(folder / FOLDER)
    there = set((folder / FOLDER).glob("*.md"))
    changed = {
        path: text
        for path, text in wanted.items()
        if path not in there or path.read_text("utf-8") != text
    }
    return {**dict.fromkeys(there - set(wanted)), **changed}


def guides(folder: Path) -> dict[Path, str]:
    """Every guide by its path, and the list of them all."""
    written = [topic for topic in topics().values() if topic.text]
    index = "\n".join(f"- [{topic.title}]({topic.name}.md): {_about(topic)}" for topic in written)
    return {
        folder
        / INDEX: f"# Guides\n\n{_FROM}\n\nThe web form has the same texts on its Help page.\n\n{index}\n",
        **{folder / f"{one.name}.md": _with_note(one) for one in written},
    }


def _about(topic: Topic) -> str:
    return ", ".join(heading for _, heading, _ in topic.sections) + "."


def _with_note(topic: Topic) -> str:
    title, rest = topic.text.split("\n", 1)
    picture, words = PICTURES.get(topic.name, ("", ""))
    shown = f"\n![{words}](../pictures/{picture})\n" if picture else ""
    return f"{title}\n\n{_FROM}\n{shown}{rest.rstrip()}\n"


def main(words: list[str]) -> int:
    if words not in (["--check"], ["--write"]):
        print("usage: python -m launcher.ui.pages.help.docs --check | --write", file=sys.stderr)
        return 2
    stale = stale_pages()
    for path, text in sorted(stale.items()):
        if words == ["--check"]:
            print(f"{path.name} is not what the Help page says: make docs", file=sys.stderr)
        elif text is None:
            path.unlink()
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"written: {path.name}")
    return 1 if stale and words == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
