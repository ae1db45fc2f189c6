"""What is found of packages before anybody is given them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.release.packages import NEEDED, OF_ARCHIVE, Package, code_version, faults

METADATA = {
    "Metadata-Version": "2.4",
    "Name": "pod-launcher",
    "Version": code_version(),
    "Classifier": "Typing :: Typed",
    "Description-Content-Type": "text/markdown",
}


def said(**changes: str) -> bytes:
    lines = METADATA | {name.replace("_", "-"): text for name, text in changes.items()}
    return "".join(f"{name}: {text}\n" for name, text in lines.items()).encode()


def good() -> tuple[Package, Package]:
    information = f"pod_launcher-{code_version()}.dist-info/METADATA"
    return (
        Package(Path("pod_launcher.tar.gz"), said(), frozenset(OF_ARCHIVE)),
        Package(Path("pod_launcher.whl"), said(), frozenset({*NEEDED, information})),
    )


def found(archive: Package, wheel: Package) -> list[str]:
    return faults(archive, wheel, code_version())


def test_good_packages_have_no_faults() -> None:
    assert found(*good()) == []


@pytest.mark.parametrize("name", NEEDED)
def test_a_wheel_without_what_it_needs_is_found(name: str) -> None:
    archive, wheel = good()
    assert found(archive, replace(wheel, members=wheel.members - {name})) == [
        f"pod_launcher.whl lacks {name}"
    ]


@pytest.mark.parametrize("name", OF_ARCHIVE)
def test_an_archive_without_what_it_needs_is_found(name: str) -> None:
    archive, wheel = good()
    assert found(replace(archive, members=archive.members - {name}), wheel) == [
        f"pod_launcher.tar.gz lacks {name}"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "launcher/__pycache__/app.cpython-311.pyc",
        "launcher/.env",
        "tests/__init__.py",
        "presets/quick-check.toml",
        "pod_image/.git/config",
    ],
)
def test_a_wheel_with_what_belongs_to_nobody_else_is_found(name: str) -> None:
    archive, wheel = good()
    assert set(found(archive, replace(wheel, members=wheel.members | {name}))) == {
        f"pod_launcher.whl holds {name}"
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Version": "9.9.9"}, "the version is 9.9.9"),
        ({"Classifier": "Programming Language :: Snake"}, "no index knows the classifier"),
        ({"Description_Content_Type": "text/plain"}, "not said to be Markdown"),
        ({"Requires_Dist": "no requirement at all"}, "requires-dist"),
    ],
)
def test_metadata_that_an_index_refuses_is_found(changes: dict[str, str], words: str) -> None:
    archive, wheel = good()
    text = said(**changes)
    (fault,) = found(replace(archive, metadata=text), replace(wheel, metadata=text))
    assert words in fault


def test_an_archive_that_describes_itself_otherwise_is_found() -> None:
    archive, wheel = good()
    assert found(replace(archive, metadata=said(Name="launcher")), wheel) == [
        "the two describe themselves differently"
    ]
