"""Where tests lie: in the folders of what they test; what several of them use is in a kit and in no test."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from tests.kit.checkout import ROOT
from tests.whole.sources import Module, files, modules

IGNORED = "# type" + ": ignore"
OF_NO_PACKAGE = {
    "tests/kit": "what tests are built with",
    "tests/whole": "guards over the whole tree",
    "tests/browser": "the pages in Chromium",
    "tests/trainers": "trainers of others with their real packages",
    "tests/gpu": "what only a GPU can show",
    "tests/bench": "programs that measure",
    "tests/simulation": "the promises under drawn faults",
    "tests/mutants": "planted bugs that tests have to notice",
    "tests/promises": "which test holds which promise",
    "tests/examples": "programs that stand in the docs, type-checked here",
    "tests/foreign": "files of strangers",
    "tests/image": "the image, built without Docker",
    "tests/release": "the packages that are published, and the workflows that do it",
}


def folders() -> set[str]:
    """Every folder below tests that holds Python."""
    found = {path.parent.relative_to(ROOT) for path in files() if path.suffix == ".py"}
    return {folder.as_posix() for folder in found if folder.parts[:1] == ("tests",)} - {"tests"}


def of_nothing(tested: Iterable[str]) -> list[str]:
    """Those of the folders that mirror no package, and stand for none either."""
    return [
        folder
        for folder in sorted(tested)
        if not any(folder == each or folder.startswith(f"{each}/") for each in OF_NO_PACKAGE)
        and not any(package.is_dir() for package in packages(folder))
    ]


def packages(folder: str) -> list[Path]:
    below = PurePosixPath(folder).relative_to("tests")
    return [ROOT / "launcher" / below, ROOT / below]


def from_tests(module: Module) -> list[str]:
    """What it takes out of tests, or out of the fixtures of another folder."""
    folder = module.name.rpartition("/")[0].replace("/", ".")
    return [
        name
        for name in module.imports
        if re.match(r"tests\.(.+\.)?test_\w+", name)
        or (
            (found := re.match(r"(tests\.(?:.+\.)?)conftest$", name))
            and not f"{folder}.".startswith(found[1])
        )
    ]


def test_a_folder_of_tests_is_named_after_what_it_tests() -> None:
    assert len(folders()) > 40
    assert of_nothing(folders()) == []
    assert of_nothing(["tests/services/nowhere", "tests/bench"]) == ["tests/services/nowhere"]


def test_what_tests_share_is_imported_from_no_test_and_no_fixtures_of_others() -> None:
    tests = modules("tests")
    assert len(tests) > 200
    shared = {module.name: taken for module in tests if (taken := from_tests(module))}
    assert shared == {}


def test_what_the_type_checker_is_told_to_pass_over_in_a_test_has_a_reason() -> None:
    told = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] == "tests"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if re.search(IGNORED + r"(?!\[[\w, -]+\]  # \w)", line)
    ]
    assert told == []
