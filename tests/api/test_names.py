"""The public names: lazily loaded, typed, and exactly those that are promised."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import launcher
import launcher.api
from launcher import api
from launcher.api.both import Both
from tests.kit.checkout import ROOT

LATER = ("httpx", "pydantic", "huggingface_hub", "keyring", "nicegui", "rich", "launcher.api")


def test_importing_the_package_loads_nothing_until_a_name_is_used() -> None:
    code = (
        "import sys, launcher\n"
        f"print([name for name in {LATER!r} if name in sys.modules])\n"
        "dir(launcher), launcher.__version__\n"
        f"print([name for name in {LATER!r} if name in sys.modules])\n"
        "launcher.plan\n"
        "print('launcher.api' in sys.modules, 'nicegui' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.splitlines() == ["[]", "[]", "True False"]


def test_the_names_that_are_promised_are_those_that_are_there_and_typed() -> None:
    tree = ast.parse(Path(launcher.__file__).with_suffix(".pyi").read_text("utf-8"))
    typed = {
        alias.asname
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    listed = next(node for node in tree.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(listed.value) == launcher.__all__
    assert {*typed, "__version__"} == set(launcher.__all__)
    assert set(launcher.api.__all__) == typed
    assert sorted(launcher.__all__) == launcher.__all__
    assert all(getattr(launcher, name) is not None for name in launcher.__all__)
    assert set(launcher.__all__) <= set(dir(launcher))


def test_both_packages_say_that_they_are_typed() -> None:
    assert (ROOT / "launcher" / "py.typed").is_file()
    assert (ROOT / "pod_image" / "py.typed").is_file()


def test_each_call_shows_its_signature_and_says_what_it_does() -> None:
    for name in ("plan", "deploy", "attach", "runs"):
        call = getattr(launcher, name)
        assert isinstance(call, Both)
        assert call.__doc__
        assert "keys" in inspect.signature(call).parameters
    public = {name for name in vars(launcher.Run) if not name.startswith("_")}
    wanted = {
        *("events", "samples", "logs", "stop", "save", "abort"),
        *("sample", "wait", "results", "receipt", "voices", "use_voice"),
    }
    assert wanted <= public
    undocumented = [name for name in wanted if not inspect.getdoc(getattr(launcher.Run, name))]
    assert undocumented == []


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    assert not hasattr(launcher, "rent")


def test_no_module_of_the_package_takes_the_place_of_a_call() -> None:
    """A module that is loaded is an attribute of its package, before what the package would look up."""
    folder = Path(api.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} & set(api.__all__) == set()
