"""The examples of CONTRIBUTING.md work as they stand there: each is put into a copy of the code and used."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.checkout import ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SETTINGS = "pod_image/contract/common_settings.py"
ASKED = """
import asyncio
from nicegui import ui
from launcher.ui.pages.motto.page import register
from launcher.ui.registry import PAGE_MODULES
assert any("/motto" in one.pages for one in PAGE_MODULES)
class Site: pass
register(Site())
from nicegui import app
print([route.path for route in app.routes if getattr(route, "path", "") == "/motto"])
"""


def example(name: str) -> str:
    """The block of the guide that begins with this comment, without it."""
    (found,) = re.findall(rf"```python\n# {name}\n(.*?)```", GUIDE, re.DOTALL)
    return str(found)


def line(beginning: str) -> str:
    """The line of code that the guide says to add, which begins so."""
    (found,) = re.findall(rf"`({re.escape(beginning)}.*?)`(?=\.)", GUIDE)
    return f"    {found}\n"


def before(path: Path, line: str, text: str) -> None:
    code = path.read_text("utf-8")
    assert code.count(line) == 1, (path, line)
    path.write_text(code.replace(line, text + line), "utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("contributed")
    for folder in ("launcher", "pod_image", "presets"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    before(root / SETTINGS, "    boot_minutes: Annotated[\n", example("setting"))
    (root / "launcher/cli/commands/motto.py").write_text(example("command"), "utf-8")
    commands, pages = root / "launcher/cli/command_list.py", root / "launcher/ui/registry.py"
    before(
        commands,
        '    _entry("plan", _RUN',
        line("_entry("),
    )
    (root / "launcher/ui/pages/motto").mkdir()
    (root / "launcher/ui/pages/motto/__init__.py").touch()
    (root / "launcher/ui/pages/motto/page.py").write_text(example("page"), "utf-8")
    before(
        pages,
        '    PageModule(f"{_PAGES}.queue.page"',
        line("PageModule("),
    )
    return root


def told(root: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", *words],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(root),
            "COLUMNS": "200",
            "LAUNCHER_HOME": str(root / "home"),
        },
        cwd=root,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_setting_of_the_guide_is_an_option_at_once(copy: Path) -> None:
    said = told(copy, "-m", "launcher", "plan", "--help")
    assert "--warmup-minutes" in said
    assert "Time before the first checkpoint is written." in said


def test_a_command_of_the_guide_can_be_typed_and_is_listed(copy: Path) -> None:
    assert told(copy, "-m", "launcher", "motto") == "No pod outlives its run.\n"
    assert '"schema": "motto"' in told(copy, "-m", "launcher", "motto", "--json")
    assert "What this program stands for." in told(copy, "-m", "launcher", "--help")


def test_a_page_of_the_guide_has_its_address(copy: Path) -> None:
    assert told(copy, "-c", ASKED) == "['/motto']\n"


def test_every_make_target_that_the_guide_names_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = re.findall(r"`make ([a-z-]+)`", GUIDE)
    assert len(named) > 8
    assert set(named) <= set(targets)
