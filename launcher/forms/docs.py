"""The generated pages of the docs: `python -m launcher.forms.docs --check` or `--write`.

A page is text with blocks between markers; only the blocks are generated, the words around them stay.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from launcher.forms.fields import FormField, fields
from launcher.forms.option_names import option_of
from launcher.forms.schema import run_file_schema
from launcher.forms.typed_settings import typed_settings
from pod_image.contract.environment import for_python
from pod_image.contract.interpreter import module_command
from pod_image.contract.knobs import Setting

SCHEMA_PAGE = "run-file.schema.json"
DOCS_FOLDER = Path(__file__).parents[2] / "docs"
TYPED_SETTINGS = Path(__file__).parents[1] / "api" / "typed_settings.py"
_BLOCK = re.compile(
    r"(<!-- generated: (?P<name>[\w-]+) -->\n)(?P<text>.*?)(<!-- end of generated -->)", re.DOTALL
)
_FIRST_WORDS = {
    "settings.md": (
        "# Settings\n\nEvery setting of a run. On the command line it is an option, in a run file or a preset a "
        "key below\n`[settings]`, in the web form a field. A preset's value wins over the default, and what you "
        "give wins over both.\n\n<!-- generated: settings -->\n<!-- end of generated -->\n"
    ),
    "cli.md": (
        "# Commands\n\nWhat each command does; `launcher COMMAND --help` says the same.\n\n"
        "<!-- generated: commands -->\n<!-- end of generated -->\n"
    ),
}


def settings_tables() -> str:
    """One table per group, in order of declaration."""
    return "\n".join(f"## {group}\n\n{_table(members)}" for group, members in fields())


def command_reference() -> str:
    """The help of every command, as the command line itself prints it in an interpreter of its own."""
    done = subprocess.run(
        module_command("launcher.cli.reference"),
        capture_output=True,
        text=True,
        check=True,
        env=for_python(os.environ),
    )
    return done.stdout


BLOCKS: Mapping[str, Callable[[], str]] = {
    "settings": settings_tables,
    "commands": command_reference,
}


def generated(page: str) -> str:
    """The page with each of its blocks made anew. Raises KeyError for a block that nobody makes."""
    return _BLOCK.sub(lambda match: f"{match[1]}\n{BLOCKS[match['name']]()}\n{match[4]}", page)


def stale_pages(folder: Path = DOCS_FOLDER) -> dict[Path, str]:
    """Pages whose blocks are not what they should be, with the text they should have."""
    pages = {}
    for name, first_words in _FIRST_WORDS.items():
        path = folder / name
        text = path.read_text("utf-8") if path.is_file() else first_words
        wanted = generated(text)
        if not path.is_file() or wanted != text:
            pages[path] = wanted
    typed, wanted = TYPED_SETTINGS, typed_settings()
    if not typed.is_file() or typed.read_text("utf-8") != wanted:
        pages[typed] = wanted
    schema, wanted = folder / SCHEMA_PAGE, schema_page()
    if not schema.is_file() or schema.read_text("utf-8") != wanted:
        pages[schema] = wanted
    return pages


def schema_page() -> str:
    """The JSON schema of a run file, for editors that complete and check TOML."""
    return json.dumps(run_file_schema(), indent=2, ensure_ascii=False) + "\n"


def main(words: list[str]) -> int:
    if words not in (["--check"], ["--write"]):
        print("usage: python -m launcher.forms.docs --check | --write", file=sys.stderr)
        return 2
    pages = stale_pages()
    for path, text in pages.items():
        if words == ["--write"]:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"written: {path.name}")
        else:
            print(f"{path.name} is not what the code says: make docs", file=sys.stderr)
    return 1 if pages and words == ["--check"] else 0


def _table(members: list[FormField]) -> str:
    lines = [
        "| Setting | Default | Range | Applies | What it is |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{option_of(field.name)}`{' *' if field.is_required else ''} | {_default(field)} | {_range(field)} "
        f"| {_applies(field.setting)} | {field.help} |"
        for field in members
    ]
    if any(field.is_required for field in members):
        lines += ["", "\\* required where it applies."]
    return "\n".join(lines) + "\n"


def _default(field: FormField) -> str:
    if field.default in ("", []):
        return "none" if field.is_required else f"empty ({field.empty_means})"
    if isinstance(field.default, list):
        return "<br>".join(f"`{item}`" for item in field.default)
    return f"`{field.default}`"


def _range(field: FormField) -> str:
    if field.choices:
        return ", ".join(f"`{choice}`" for choice in field.choices)
    return " ".join(part for part in (field.limits, field.unit) if part)


def _applies(setting: Setting | None) -> str:
    conditions = setting.knob.when if setting else ()
    return ", ".join(
        f"{condition.setting} is {' or '.join(map(str, condition.values))}"
        for condition in conditions
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
