"""What every file of the code base keeps to: words, docstrings, directions, no secret."""

from __future__ import annotations

import ast
import re

import pytest

from tests.kit.checkout import ROOT
from tests.whole.sources import Module, files, modules

CODE = ("launcher", "pod_image")
FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "data", "info"}
SHARED = (
    "pod_image.contract",
    "pod_image.hub",
    "pod_image.dataset",
    "pod_image.folder_store",
    "pod_image.foreign",
    "pod_image.phonemes",
    "pod_image.hearing",
)
LIGHT = (
    "pod_image/contract/",
    "pod_image/hub/",
    "pod_image/dataset/",
    "pod_image/folder_store/",
    "pod_image/foreign/",
    "pod_image/phonemes/",
    "pod_image/hearing/",
    "pod_image/agent/",
)
OWN_PROCESSES = ("pod_image/agent/gpu_trial.py",)
"""Programs that the agent starts and never imports."""
SECRET = re.compile(
    rb"\b(?:hf_|rpa_|ghp_|github_pat_|sk-|AKIA)[A-Za-z0-9]{16,}"
    rb"|-----BEGIN [A-Z ]*PRIVATE KEY|\b[a-z]+://[^/\s:@{}]+:[^/\s:@{}]{6,}@"
)
PLAINLY_MADE_UP = (b"canary", b"demo", b"example", b"obviously")


def name_of(module: Module) -> str:
    return module.name


def test_the_guards_see_the_code() -> None:
    names = {module.name for module in modules(*CODE)}
    assert {"launcher/cli/app.py", "pod_image/agent/life.py", "launcher/errors.py"} <= names


def test_every_module_says_in_a_sentence_what_it_is() -> None:
    silent = [
        module.name
        for module in modules(*CODE, "tests")
        if module.tree.body and not (ast.get_docstring(module.tree) or "").strip()
    ]
    assert silent == []


def test_no_file_is_named_after_nothing() -> None:
    words = {
        path.relative_to(ROOT).as_posix(): {
            word
            for part in path.relative_to(ROOT).parts
            for word in re.split(r"[_.-]", part.lower())
        }
        for path in files()
        if path.suffix == ".py"
    }
    assert [name for name, found in words.items() if found & FORBIDDEN_NAMES] == []


def test_no_file_holds_what_looks_like_a_secret() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[:8]!r}…"
        for path in files()
        for match in SECRET.findall(path.read_bytes())
        if not any(word in match.lower() for word in PLAINLY_MADE_UP)
    ]
    assert found == []


def test_the_guard_knows_a_secret_when_it_sees_one() -> None:
    # Put together here, so that this file holds none.
    for secret in (b"hf_" + b"aB3" * 11, b"rpa_" + b"X" * 40, b"postgres://me:" + b"hunter22@host"):
        assert SECRET.search(b"token = '" + secret + b"'")
    assert not SECRET.search(b"HF_UPLOAD_TOKEN hf_transfer http://user@host sk-learn")


def test_imports_are_absolute() -> None:
    assert [
        module.name
        for module in modules(*CODE, "tests")
        if any(name.startswith(".") for name in module.imports)
    ] == []


def test_the_pod_never_imports_the_launcher() -> None:
    assert [
        module.name
        for module in modules("pod_image")
        if any(name.split(".")[0] in ("launcher", "tests") for name in module.imports)
    ] == []


def test_of_the_pods_code_the_launcher_imports_these_packages_alone() -> None:
    others = {
        (module.name, name)
        for module in modules("launcher")
        for name in module.imports
        if name.startswith("pod_image.") and not name.startswith(SHARED)
    }
    assert others == set()


def test_the_emulators_are_used_by_the_demo_and_the_tests_alone() -> None:
    users = {
        module.name
        for module in modules("launcher")
        if any(name.startswith("launcher.emulator") for name in module.imports)
    }
    allowed = ("launcher/emulator/", "launcher/demo/")
    assert any(name.startswith("launcher/demo/") for name in users)
    assert [name for name in users if not name.startswith(allowed)] == []


def test_nothing_outside_the_recipes_knows_torch_or_one_recipe() -> None:
    heavy = {"torch", "onnx", "onnxruntime", "piper", "tensorboard"}
    outside = [
        module
        for module in modules("pod_image")
        if module.name.startswith(LIGHT) and module.name not in OWN_PROCESSES
    ]
    assert outside
    assert {
        (module.name, name)
        for module in outside
        for name in module.imports
        if name.split(".")[0] in heavy
        or name.startswith(("pod_image.recipes.piper", "pod_image.recipes.command"))
    } == set()


def test_the_contract_needs_the_standard_library_and_pydantic_alone() -> None:
    import sys

    known = sys.stdlib_module_names | {"pydantic", "pydantic_core", "annotated_types"}
    strangers = {
        (module.name, name)
        for module in modules("pod_image")
        if module.name.startswith("pod_image/contract/")
        for name in module.imports
        if name.split(".")[0] not in known and not name.startswith("pod_image")
    }
    assert strangers == set()


@pytest.mark.parametrize("folder", CODE)
def test_nothing_is_done_in_a_shell_or_unpickled(folder: str) -> None:
    """A name from a repo or a dataset must never become a command."""
    found = []
    for module in modules(folder):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.keyword) and node.arg == "shell":
                found.append((module.name, node.value.lineno))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "os.system", "os.popen", "eval", "exec", "pickle.load", "pickle.loads",
                "asyncio.create_subprocess_shell", "subprocess.getoutput",
            }:  # fmt: skip
                found.append((module.name, node.lineno))
    assert found == []
