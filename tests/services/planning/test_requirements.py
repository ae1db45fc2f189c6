"""A requirements file that goes along: with what it names beside it, and not with what cannot work on a pod."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.services.planning.brought.look import look_at_brought
from pod_image.contract.findings import Severity
from pod_image.contract.settings import RunSettings


def looked(name: str) -> tuple[list[str], list[str]]:
    """Where the files will lie, and what is wrong."""
    settings = RunSettings(recipe="command", argv=("true",), requirements=name)
    brought, findings = look_at_brought(settings)
    errors = [found for found in findings if found.severity is Severity.ERROR]
    assert all(found.setting == "requirements" for found in errors)
    return sorted(file.path for file in brought.files), [str(found.message) for found in errors]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def test_the_files_that_it_names_go_along_and_keep_their_places_to_each_other(here: Path) -> None:
    write(here / "project" / "reqs" / "train.txt", "-r ../base.txt", "--constraint=pins/all.txt")
    write(here / "project" / "base.txt", "-rmore.txt", "torch==2.9  # a remark -r no.txt")
    write(here / "project" / "more.txt", "-r base.txt")
    write(here / "project" / "reqs" / "pins" / "all.txt", "numpy<3")
    at = ".requirements"
    assert looked("project/reqs/train.txt") == (
        [f"{at}/_/pins/all.txt", f"{at}/_/train.txt", f"{at}/base.txt", f"{at}/more.txt"],
        [],
    ), "and the folder's name stays here"


@pytest.mark.parametrize(
    "line",
    [
        "trl==1.16.0",
        "torch>=2,<3; python_version > '3.10'",
        "package[extra,more] == 1.0 --hash=sha256:" + "0" * 64,
        "trl @ https://example.org/trl.whl",
        "git+https://github.com/owner/name@v1#egg=name",
        "name @ git+https://github.com/owner/name.git@" + "a" * 40,
        "https://example.org/name-1.0.tar.gz",
        "--extra-index-url https://download.pytorch.org/whl/cu128",
        "--find-links https://example.org/wheels",
        "-r https://example.org/more.txt",
        "--pre",
        "numpy \\",
    ],
)
def test_what_pip_can_fetch_from_a_pod_is_taken(here: Path, line: str) -> None:
    write(here / "all.txt", line)
    assert looked("all.txt") == ([".requirements/all.txt"], [])


PASSWORD = "hunter2"
LOCAL = "uses a path on this computer"
SECRET = "uses an address with a user name or password in it"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("-e .", "is an editable install of a folder"),
        ("--editable=git+https://github.com/owner/name", "is an editable install of a folder"),
        ("./lib", LOCAL),
        ("../other/lib", LOCAL),
        ("lib/package", LOCAL),
        ("/home/anna/lib", LOCAL),
        ("C:\\work\\lib", LOCAL),
        ("~/lib", LOCAL),
        ("package-1.0-py3-none-any.whl", LOCAL),
        ("package-1.0.tar.gz ; sys_platform == 'linux'", LOCAL),
        ("file:///home/anna/lib", LOCAL),
        ("lib @ file:///home/anna/lib", LOCAL),
        ("git+file:///home/anna/lib", LOCAL),
        ("--find-links ./wheels", LOCAL),
        ("-f wheels", LOCAL),
        ("-i simple", LOCAL),
        ("-r /home/anna/more.txt", "a file path that does not exist on the pod"),
        ("-r ..\\more.txt", "a file path that does not exist on the pod"),
        (f"--index-url https://me:{PASSWORD}@example.org/simple", SECRET),
        ("--extra-index-url=https://${TOKEN}@example.org/simple", SECRET),
        ("lib @ git+https://token@github.com/owner/lib", SECRET),
    ],
)
def test_what_is_only_here_or_needs_a_key_is_refused_with_its_line(
    here: Path, line: str, why: str
) -> None:
    write(here / "all.txt", "trl", "", line)
    files, (said,) = looked("all.txt")
    assert files == []
    assert said.startswith("all.txt line 3 ")
    assert why in said
    assert PASSWORD not in said


def test_a_file_that_is_named_and_not_there_is_said_with_its_name(here: Path) -> None:
    write(here / "all.txt", "-r more.txt")
    assert looked("all.txt")[1] == ["There is no file more.txt, which all.txt line 1 names."]
    assert looked("absent.txt")[1] == ["There is no file absent.txt."]


def test_a_line_that_goes_on_is_one_line(here: Path) -> None:
    write(here / "all.txt", "trl \\", "  --hash=sha256:0 \\", "  --hash=sha256:1", "-e \\", "  .")
    assert looked("all.txt")[1] == ["all.txt line 4 is an editable install of a folder."]
