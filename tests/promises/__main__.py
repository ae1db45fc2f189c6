"""`python -m tests.promises --check | --write`: the table of promises in docs/architecture.md, made from the tests."""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kit.checkout import ROOT

PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- promises: made by `python -m tests.promises --write` -->"
END = "<!-- end of promises -->"
_AREAS = {"money": "Money", "results": "Results", "secrets": "Secrets"}


@dataclass(frozen=True)
class Promise:
    key: str
    says: str
    not_covered: str


@dataclass(frozen=True)
class Proof:
    """A test, with the keys of the promises that it holds."""

    file: str
    test: str
    keys: tuple[str, ...]


class Broken(Exception):
    """A promise that no test holds, or a test that holds one nobody made."""


def promises() -> list[Promise]:
    text = (Path(__file__).parent / "promises.toml").read_text()
    return [Promise(**each) for each in tomllib.loads(text)["promise"]]


def proofs(folder: Path = ROOT / "tests") -> list[Proof]:
    """Every test that is marked, in the order of files and lines. Read, not imported."""
    found = []
    for path in sorted(folder.rglob("test_*.py")):
        text = path.read_text()
        if "mark.promise(" not in text:
            continue
        name = path.relative_to(folder.parent).as_posix()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                keys = tuple(_keys(node))
                if keys:
                    found.append(Proof(name, node.name, keys))
    return found


def _keys(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.promise":
            yield from (str(ast.literal_eval(argument)) for argument in mark.args)


def table(made: Sequence[Promise], held: Sequence[Proof]) -> str:
    """The block of the page. Raises Broken."""
    known = {promise.key for promise in made}
    unknown = {key for proof in held for key in proof.keys} - known
    if unknown:
        raise Broken(f"tests hold promises that are not in promises.toml: {sorted(unknown)}")
    parts = [BEGIN]
    for area, title in _AREAS.items():
        rows = [_row(each, held) for each in made if each.key.partition("-")[0] == area]
        head = f"| {title}: promised | Proven by | Not covered |\n|---|---|---|"
        parts.append("\n".join((head, *rows)))
    return "\n\n".join((*parts, END))


def _row(promise: Promise, held: Sequence[Proof]) -> str:
    files: dict[str, list[str]] = {}
    for proof in held:
        if promise.key in proof.keys:
            files.setdefault(proof.file, []).append(proof.test.removeprefix("test_"))
    if not files:
        raise Broken(f"no test holds {promise.key!r}: {promise.says}")
    proven = "<br>".join(
        f"`{file}`: {', '.join(test.replace('_', ' ') for test in tests)}"
        for file, tests in files.items()
    )
    return f"| {promise.says} | {proven} | {promise.not_covered or 'Nothing known.'} |"


def with_table(page: str, block: str) -> str:
    before, _, rest = page.partition(BEGIN)
    if not rest:
        raise Broken(f"{PAGE.name} has no place for the table: {BEGIN}")
    return before + block + rest.partition(END)[2]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.promises", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="exit code 1 when the table is not true")
    what.add_argument("--write", action="store_true", help="make it true")
    given = parser.parse_args(arguments)
    page = PAGE.read_text()
    try:
        wanted = with_table(page, table(promises(), proofs()))
    except Broken as exc:
        print(exc)
        return 1
    if given.write:
        PAGE.write_text(wanted)
    elif wanted != page:
        print(f"{PAGE.name} does not say which tests hold the promises now: make docs")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
