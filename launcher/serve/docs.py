"""The reference in the docs: `python -m launcher.serve.docs --check` or `--write`.

The guide's own words stay; what stands between the markers, and the description for other tools, are generated.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from launcher.forms.docs import DOCS_FOLDER
from launcher.serve.app import described_alone
from launcher.serve.reference import markdown

GUIDE = "http.md"
DESCRIPTION = "http.openapi.json"
_BLOCK = re.compile(r"(<!-- generated: http -->\n)(.*?)(<!-- end of generated -->)", re.DOTALL)


def stale_pages(folder: Path = DOCS_FOLDER) -> dict[Path, str]:
    """Pages that are not what the code says, with the text that they should have."""
    document = described_alone()
    guide, description = folder / GUIDE, folder / DESCRIPTION
    wanted = {
        guide: _with_reference(guide.read_text("utf-8"), document),
        description: json.dumps(document, indent=2, ensure_ascii=False) + "\n",
    }
    return {
        path: text
        for path, text in wanted.items()
        if not path.is_file() or path.read_text("utf-8") != text
    }


def _with_reference(guide: str, document: dict[str, Any]) -> str:
    text = markdown(document)
    return _BLOCK.sub(lambda found: f"{found[1]}\n{text}\n{found[3]}", guide)


def main(words: list[str]) -> int:
    if words not in (["--check"], ["--write"]):
        print("usage: python -m launcher.serve.docs --check | --write", file=sys.stderr)
        return 2
    pages = stale_pages()
    for path, text in pages.items():
        if words == ["--write"]:
            path.write_text(text, "utf-8")
            print(f"written: {path.name}")
        else:
            print(f"{path.name} is not what the code says: make docs", file=sys.stderr)
    return 1 if pages and words == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
