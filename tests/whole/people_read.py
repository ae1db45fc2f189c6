"""The texts that people read: literals of the program, pages' templates, presets and documents; no docstrings."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.kit.checkout import ROOT
from tests.whole.sources import files

PROGRAM = ("launcher", "pod_image")
FOR_TESTS = ("launcher/emulator/",)
"""Stands in for foreign services, whose words are not ours."""
TERMS_PAGE = "docs/words.md"
_SPLIT = re.compile(r"[\"']\s*\n\s*f?[\"']")
"""Where a literal goes on in the next line."""


@dataclass(frozen=True)
class Text:
    place: str
    words: str


def texts(worth_parsing: re.Pattern[str]) -> Iterator[Text]:
    """Every text that people read. Of the program only files in which the pattern is found at all are parsed."""
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".py" and name.startswith(PROGRAM) and not name.startswith(FOR_TESTS):
            if worth_parsing.search(one_line(_SPLIT.sub("", path.read_text("utf-8")))):
                yield from of_module(name)
        elif _is_document(name) or _is_template(name):
            yield Text(name, one_line(_without_code(name, path.read_text("utf-8"))))
        elif path.suffix == ".toml" and name.startswith("presets/"):
            yield from _of_preset(name, path)


def of_module(name: str) -> Iterator[Text]:
    yield from of_tree(name, ast.parse((ROOT / name).read_text("utf-8"), name))


def of_tree(name: str, tree: ast.Module) -> Iterator[Text]:
    """Literals, with `{}` for what is filled in; and the docstrings of commands, which are their help."""
    silent = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_command(name, node):
            yield Text(f"{name}:{node.lineno}", one_line(ast.get_docstring(node) or ""))
        elif id(node) in silent | parts:
            continue
        elif isinstance(node, ast.JoinedStr):
            said = [one.value if isinstance(one, ast.Constant) else "{}" for one in node.values]
            yield Text(f"{name}:{node.lineno}", one_line("".join(map(str, said))))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Text(f"{name}:{node.lineno}", one_line(node.value))


def one_line(text: str) -> str:
    return " ".join(text.split())


def _is_command(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return name.startswith("launcher/cli/") and bool(node.decorator_list)


def _is_document(name: str) -> bool:
    named = name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
    below = name.startswith("docs/") and name.endswith(".md") and name != TERMS_PAGE
    return named or below or (name.startswith("launcher/") and name.endswith(".md"))


def _is_template(name: str) -> bool:
    return name.startswith("launcher/") and name.endswith((".html", ".js"))


def _without_code(name: str, text: str) -> str:
    """Of the changelog its top two sections; of documents what is not code, of templates what is no comment."""
    if name == "CHANGELOG.md":
        text = "\n## ".join(text.split("\n## ")[:3])
    if name.endswith(".js"):
        return re.sub(r"(?m)(?:^|\s)//.*$", "", text)
    return re.sub(r"(?m)^(?: {4}|\t)\S.*$|`[^`\n]*`", "", text) if name.endswith(".md") else text


def _of_preset(name: str, path: Path) -> Iterator[Text]:
    preset = tomllib.loads(path.read_text("utf-8"))
    for key in ("title", "description"):
        yield Text(f"{name}: {key}", one_line(str(preset.get(key, ""))))
