"""docs/json.md and docs/json.schema.json: `python -m launcher.cli.documents.docs --check` or `--write`.

`--write` refuses what breaks a version that programs read already, unless the version is raised, or `--unreleased`
says that no release had it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launcher.cli.documents.promises import broken_promises
from launcher.cli.documents.registry import COMMANDS, EVERYWHERE, Shapes
from launcher.cli.documents.schema import name_of, schema

DOCS_FOLDER = Path(__file__).parents[3] / "docs"
PAGE, SCHEMA_PAGE = "json.md", "json.schema.json"
_FIRST_TEXT = """# JSON

Every command takes `--json`. It then prints JSON documents on stdout and nothing else; errors, warnings and notices
are lines of JSON on stderr. [json.schema.json](json.schema.json) is the schema of all documents (JSON Schema
2020-12): `$defs` has an entry for each command, such as `runs` or `dataset.check`, for each document, and for each
part of a document.

- **Name and version.** Each document has `schema`, its name, and `version`.
- **One or many.** Most commands print one document. A command that streams prints one document a line, as things
  happen: those marked *line* below, any number of them; the answer, if there is one, is the last line. A command that
  fails may have printed an answer before, or none.
- **Errors** are one line on stderr: `{"schema": "error", "error": {"code", "message", "hint", "exit_code"}}`. The
  code is for programs; message and hint are for people. Warnings and notices are lines on stderr too, with the schema
  `notice`.
- **Money** is a number of US dollars, in a field whose name ends in `_usd`. **Durations** are in seconds, or in the
  unit that the name ends in. **Times** are ISO 8601 with a time zone. **File sizes** are in bytes (`_bytes`); memory
  and disk of a machine are in gigabytes (`_gb`).
- **Fixed words** (`state`, `end_reason`, `code`, …) are listed in the schema. A `message`, `hint`, `detail` or `why`
  is English for people: it may change. A program does not need it: what it can act on is in other fields.
- **null** means not known, or does not apply. In events of a pod such a field is left out.

Within a version, fields and words may be added: a program should ignore what it does not know. A field is never
removed, never changes its type or meaning, and does not become null if it never was; a word keeps its meaning. Any
other change raises the version of that document, and the changelog says so.

    launcher runs --json | jq -r '.runs[] | select(.end_reason == null) | .run_id'
    launcher watch --json | jq 'select(.event == "step") | {step, losses, cost_usd}'
    launcher deploy --preset quick-check … --yes --json | tail -n 1 | jq .cost_usd

"""


def page(made: Mapping[str, Any]) -> str:
    """docs/json.md."""
    parts = [_FIRST_TEXT + "## On stderr, from every command\n"]
    parts += [_document(shape, made) for shape in EVERYWHERE]
    parts.append("## From several commands\n")
    parts += [_document(each, made) for each in _shapes() if len(_commands_of(each)) > 1]
    parts += [_command(name, shapes, made) for name, shapes in COMMANDS.items()]
    shown = {name_of(each) for each in _shapes()}
    parts.append("## Parts\n")
    named = made["$defs"]
    parts += [
        _table(name, named[name], 3)
        for name in sorted(named)
        if name[0].isupper() and name not in shown
    ]
    return "\n".join(parts)


def stale_pages(folder: Path = DOCS_FOLDER) -> dict[Path, str]:
    """Pages that are not what the declarations say, with the text they should have."""
    made = schema()
    wanted = {
        folder / PAGE: page(made),
        folder / SCHEMA_PAGE: json.dumps(made, indent=1, ensure_ascii=False) + "\n",
    }
    return {
        path: text
        for path, text in wanted.items()
        if not path.is_file() or path.read_text("utf-8") != text
    }


def main(words: list[str], folder: Path = DOCS_FOLDER) -> int:
    if words not in (["--check"], ["--write"], ["--write", "--unreleased"]):
        print("usage: … --check | --write [--unreleased]", file=sys.stderr)
        return 2
    pages = stale_pages(folder)
    if words == ["--write"] and (broken := _broken(folder)):
        print("\n".join([*broken, "Raise its version, or add --unreleased."]), file=sys.stderr)
        return 1
    for path, text in pages.items():
        if "--write" in words:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"written: {path.name}")
        else:
            print(
                f"{path.name} is not what the code says: python -m launcher.cli.documents.docs --write",
                file=sys.stderr,
            )
    return 1 if pages and words == ["--check"] else 0


def _broken(folder: Path) -> list[str]:
    path = folder / SCHEMA_PAGE
    return broken_promises(json.loads(path.read_text("utf-8")), schema()) if path.is_file() else []


def _shapes() -> list[Any]:
    found = [each for shapes in COMMANDS.values() for each in (*shapes.answers, *shapes.lines)]
    return list(dict.fromkeys((*EVERYWHERE, *found)))


def _command(name: str, shapes: Shapes, made: Mapping[str, Any]) -> str:
    """What it may print, by name; in full what no other command prints."""
    named = [f"[`{name_of(each)}`](#{name_of(each).lower()})" for each in shapes.answers]
    lines = [f"[`{name_of(each)}`](#{name_of(each).lower()}) *line*" for each in shapes.lines]
    parts = [f"## launcher {name}\n", ", ".join([*lines, *named]) + "\n"]
    own = [each for each in (*shapes.lines, *shapes.answers) if _commands_of(each) == [name]]
    parts += [_document(each, made) for each in own]
    return "\n".join(parts)


def _commands_of(shape: Any) -> list[str]:
    return [name for name, each in COMMANDS.items() if shape in (*each.lines, *each.answers)]


def _document(shape: Any, made: Mapping[str, Any]) -> str:
    name = name_of(shape)
    return _table(name, made["$defs"][name], 3)


def _table(name: str, part: Mapping[str, Any], level: int) -> str:
    lines = [f"{'#' * level} {name}\n"]
    if part.get("description"):
        lines.append(f"{part['description']}\n")
    properties: Mapping[str, Mapping[str, Any]] = part.get("properties", {})
    if properties:
        lines += ["| Field | Type | Meaning |", "| --- | --- | --- |"]
        required = set(part.get("required", ()))
        lines += [
            f"| `{field}` | {_type(value)}{'' if field in required else ', may be absent'} "
            f"| {value.get('description', '')} |"
            for field, value in properties.items()
        ]
        lines.append("")
    elif part:
        lines.append(f"{_type(part)}\n")
    return "\n".join(lines)


def _type(part: Mapping[str, Any]) -> str:
    if "$ref" in part:
        name = str(part["$ref"]).rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in part:
        return " or ".join(dict.fromkeys(_type(each) for each in part["anyOf"]))
    if "const" in part:
        return f"`{json.dumps(part['const'])}`"
    if "enum" in part:
        return ", ".join(f"`{json.dumps(each)}`" for each in part["enum"])
    if "items" in part:
        return f"list of {_type(part['items'])}"
    if part.get("format") == "date-time":
        return "time"
    if isinstance(part.get("additionalProperties"), Mapping):
        return f"object of {_type(part['additionalProperties'])}"
    return str(part.get("type", "anything"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
