"""No text of others becomes markup: where the pages write HTML at all, it is ours to the last letter."""

from __future__ import annotations

import re
from pathlib import Path

import launcher.ui

PAGES = Path(launcher.ui.__file__).parent
WRITES_MARKUP = re.compile(
    r"ui\.(?:html|markdown|add_head_html|add_body_html|add_css|notify|chat_message|log|tooltip|mermaid|interactive_image)\b"
    r"|\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|document\.write\b|v-html|HTMLResponse|html=True|add_slot|srcdoc"
)
OURS = {
    "application.py": "links to our own assets",
    "widgets/elements.py": "icons, drawn in icons.py",
    "pages/help/page.py": "help pages, which are files of this package",
    "pages/datasets/routes.py": "the dataset's report, which escapes all it shows",
    "pages/runs/living.py": "the cells of a row of what lives, each of them escaped",
}


def test_markup_is_written_where_it_is_ours_alone() -> None:
    writers = {
        path.relative_to(PAGES).as_posix()
        for path in [*PAGES.rglob("*.py"), *PAGES.rglob("*.js")]
        if WRITES_MARKUP.search(path.read_text("utf-8"))
    }
    assert writers == set(OURS)
