"""What has one place in the code base is written nowhere else."""

from __future__ import annotations

import ast
import itertools
import re

from tests.whole.sources import modules

MOVES = {
    "pod_image/contract/whole_file.py": "the one place",
    "pod_image/agent/bringing.py": "what a run brings gets its place in an open folder, whatever links lie there",
    "pod_image/folder_store/below.py": "what a kill leaves of a new version is finished by whoever comes next",
    "pod_image/hub/fetch.py": "what an earlier try left of a download is added to",
    "pod_image/recipes/piper/event_file.py": "is open, and read, for as long as the training goes on",
    "launcher/emulator/hub/wire.py": "a body that is on disk already gets its name",
    "launcher/emulator/hub/store.py": "a repository's folders go with its new name",
    "launcher/presets/__init__.py": "a preset that was deleted is put aside whole, and put back",
    "launcher/services/following/copying.py": "a file that came whole and checked from a pod gets its place",
    "launcher/workshop/growing.py": "clips that were cut elsewhere become the dataset's",
    "launcher/workshop/editing/journal.py": "sound is put aside whole, and put back",
}
"""Who moves a file over another, and why."""


def is_a_move(node: ast.AST) -> bool:
    """`path.replace(other)`, `os.replace`, `os.rename`: a text's `replace` takes two, a date's takes names."""
    match node:
        case ast.Call(func=ast.Attribute(attr="replace" | "rename", value=ast.Name(id="os"))):
            return True
        case ast.Call(func=ast.Attribute(attr="replace"), args=[_], keywords=[]):
            return True
    return False


def test_files_are_replaced_safely_in_one_place() -> None:
    found = {
        module.name
        for module in modules("launcher", "pod_image")
        if any(is_a_move(node) for node in ast.walk(module.tree))
    }
    assert found == set(MOVES)


FIGURES = re.compile(r" ?(?:[KMG]i?B|USD)\b|/hour")


def test_sizes_and_sums_are_worded_in_one_place() -> None:
    """Where a format with its own digits stands before a unit, the figure was worded by hand."""
    found = [
        f"{module.name}: {ast.unparse(node)}"
        for module in modules("launcher", "pod_image")
        if not module.name.startswith("launcher/emulator/")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.JoinedStr)
        for value, after in itertools.pairwise(node.values)
        if isinstance(value, ast.FormattedValue)
        and isinstance(value.value, ast.BinOp)
        and isinstance(after, ast.Constant)
        and FIGURES.match(str(after.value))
    ]
    assert found == []


def test_the_launcher_makes_its_http_clients_in_one_place() -> None:
    """There the environment is examined before; elsewhere a stale variable would be a traceback again."""
    found = {
        module.name
        for module in modules("launcher")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("httpx.AsyncClient", "httpx.Client")
    }
    assert found == {"launcher/open_http.py"}
