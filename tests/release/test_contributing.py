"""What a contributor meets: forms for issues, the template of a pull request, hooks before a commit, updates."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher.cli.command_list import COMMANDS
from tests.kit.checkout import ROOT

FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
TEMPLATES = [*FORMS, ROOT / ".github/PULL_REQUEST_TEMPLATE.md"]
QUESTIONS = [path for path in FORMS if path.stem != "config"]
KINDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
HOOKS = ROOT / ".pre-commit-config.yaml"
TOO_SLOW_FOR_A_COMMIT = {"mypy"}
READ_BY = {
    "docker": "Dockerfile",
    "pip": "requirements*.txt",
    "npm": "package.json",
    "github-actions": "action.yml",
}
"""What dependabot looks for in a folder that it is given."""


def document(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode or not done.stdout:
        return [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.*") if path.is_file()]
    return done.stdout.splitlines()


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_form_is_one_that_github_takes(path: Path) -> None:
    form = document(path)
    assert form.keys() <= {"name", "description", "title", "labels", "assignees", "body"}
    assert form["name"]
    assert form["description"]
    questions = [each for each in form["body"] if each["type"] != "markdown"]
    assert questions
    assert {each["type"] for each in form["body"]} <= KINDS
    names = [each["id"] for each in questions]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][\w-]*", name) for name in names)
    assert all(each["attributes"]["label"] for each in questions)
    for each in questions:
        options = each["attributes"].get("options", [])
        assert bool(options) == (each["type"] in ("dropdown", "checkboxes"))
        assert all(isinstance(option, str) for option in options), "YAML makes yes and no of words"
        assert len(set(options)) == len(options)


def test_what_is_asked_for_is_what_helps_and_never_a_key() -> None:
    text = (ROOT / ".github/ISSUE_TEMPLATE/problem.yml").read_text("utf-8")
    assert "launcher doctor" in text
    assert "launcher reap" in text
    assert "Never paste a key" in text


def test_every_command_target_and_file_that_a_template_names_is_there() -> None:
    text = "\n".join(path.read_text("utf-8") for path in TEMPLATES)
    commands = set(re.findall(r"`launcher ([a-z]+)", text)) | set(
        re.findall(r"^ +launcher ([a-z]+)", text, re.MULTILINE)
    )
    assert "reap" in commands
    assert commands <= {entry.name for entry in COMMANDS}
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([\w-]+)`", text)) <= targets
    named = re.findall(r"`?([\w./-]+\.(?:md|toml))`?", text)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_links_beside_the_forms_lead_to_this_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    links = document(ROOT / ".github/ISSUE_TEMPLATE/config.yml")["contact_links"]
    assert links
    assert all(link["url"].startswith(project["urls"]["Source"] + "/") for link in links)
    assert all(link["name"] and link["about"] for link in links)


def test_the_hooks_are_the_quick_half_of_make_check() -> None:
    words = ["make", "-n", "--no-print-directory", "-o", ".venv/.dev", "check"]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout
    checks = {line.removeprefix(".venv/bin/").strip() for line in said.splitlines() if line}
    hooks = {hook["entry"].removeprefix(".venv/bin/") for hook in hooks_here()}
    as_checks = {
        hook.replace("ruff check --force-exclude", "ruff check .").replace(
            "ruff format --force-exclude", "ruff format --check ."
        )
        for hook in hooks
    }
    assert checks - as_checks == TOO_SLOW_FOR_A_COMMIT


def test_every_hook_runs_what_the_environment_has_and_on_files_that_are_here() -> None:
    names = tracked()
    for hook in hooks_here():
        assert hook["language"] == "system"
        assert hook["entry"].startswith(".venv/bin/")
        assert any(re.search(hook.get("files", ""), name) for name in names), hook["id"]
    assert len({hook["id"] for hook in hooks_here()}) == len(hooks_here())


def hooks_here() -> list[dict[str, Any]]:
    (repo,) = document(HOOKS)["repos"]
    assert repo["repo"] == "local", "nothing is fetched before a commit"
    hooks: list[dict[str, Any]] = repo["hooks"]
    return hooks


def test_every_place_where_updates_are_looked_for_has_something_to_update() -> None:
    updates = document(ROOT / ".github/dependabot.yml")["updates"]
    assert {each["package-ecosystem"] for each in updates} == set(READ_BY)
    for each in updates:
        kind = each["package-ecosystem"]
        assert each["cooldown"]["default-days"] >= 7
        for folder in each.get("directories", [each.get("directory")]):
            if (kind, folder) != ("github-actions", "/"):  # that one means the workflows
                assert list(ROOT.glob(f"{folder.strip('/') or '.'}/{READ_BY[kind]}")), (
                    kind,
                    folder,
                )
