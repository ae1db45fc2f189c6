"""A command in a pod is typed by a person at a terminal: no server of ours, no page and no agent can have one run."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from launcher.services.following import run_in_pod
from tests.kit.checkout import ROOT
from tests.whole.sources import files

TYPED = {
    "launcher/cli/beside.py",
    "launcher/cli/commands/exec.py",
    "launcher/cli/commands/shell.py",
}


@functools.cache
def texts() -> dict[str, str]:
    """Of every module of the program, by its path: few of them are worth parsing here."""
    names = [path.relative_to(ROOT).as_posix() for path in files()]
    own = [name for name in names if name.endswith(".py") and name.startswith("launcher/")]
    return {name: (ROOT / name).read_text("utf-8") for name in own}


def importers(module: str) -> Iterator[str]:
    """Files that import it, inside functions too."""
    last = module.rpartition(".")[2]
    for name, text in texts().items():
        for node in ast.walk(ast.parse(text)) if last in text else ():
            if isinstance(node, ast.ImportFrom):
                names = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            else:
                names = (
                    {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
                )
            if module in names:
                yield name


def test_only_the_two_commands_lead_to_it() -> None:
    reached, waiting = set[str](), [run_in_pod.__name__]
    while waiting:
        new = set(importers(waiting.pop())) - reached
        reached |= new
        waiting += [name.removesuffix(".py").replace("/", ".") for name in new]
    assert reached == TYPED


def test_no_other_module_has_a_pod_run_words_of_somebodys_own() -> None:
    """What a pod is told to run is either our program with an instruction, or this."""
    assert {name for name, text in texts().items() if "provider.execute(" in text} == {
        "launcher/services/following/instructions.py",
        "launcher/services/following/run_in_pod.py",
    }
