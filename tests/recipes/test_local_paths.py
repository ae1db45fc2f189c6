"""Paths of other computers, read without one."""

from __future__ import annotations

import pytest

from launcher.recipes.local_paths import (
    found_in,
    is_hub_name,
    name_of,
    parts_of,
    shortest_apart,
)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        (r"C:\data\cats", ("data", "cats")),
        ("D:/data//cats/", ("data", "cats")),
        (r"\\nas\share\cats", ("nas", "share", "cats")),
        ("/home/anna/café", ("home", "anna", "café")),
        ("~/cats", ("cats",)),
        ("./cats/../dogs", ("dogs",)),
        ("cloud:/workspace/cats", ("workspace", "cats")),
        ("../../etc/passwd", ("etc", "passwd")),
        (r"C:\a:b\nul", ("a_b", "folder")),
        ("", ()),
        ("/", ()),
        ("C:", ()),
    ],
)
def test_a_path_of_any_system_is_taken_apart(path: str, parts: tuple[str, ...]) -> None:
    assert parts_of(path) == parts
    assert name_of(path) == (parts[-1] if parts else "")


@pytest.mark.parametrize(
    ("text", "is_name"),
    [
        ("stabilityai/stable-diffusion-xl-base-1.0", True),
        ("models/sdxl.safetensors", False),
        ("/models/sdxl", False),
        (r"C:\models\sdxl", False),
        ("C:/models", False),
        ("sdxl", False),
        ("a/b/c", False),
    ],
)
def test_a_repo_is_told_from_a_path(text: str, is_name: bool) -> None:
    assert is_hub_name(text) is is_name


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ([r"C:\data\cats", r"D:\data\dogs"], ["cats", "dogs"]),
        ([r"C:\a\img", r"C:\b\img"], ["a/img", "b/img"]),
        ([r"C:\data\cats", "c:/DATA/Cats"], ["cats", "cats"]),
        ([r"C:\cats", r"D:\cats"], ["cats", "cats-2"]),
        (["/data/cats", "/data/Cats"], ["data/cats", "data/Cats-2"]),
        ([r"C:\a\x\img", r"C:\b\x\img", r"C:\c\dogs"], ["a/x/img", "b/x/img", "dogs"]),
        (["/a/katzen-ä", "/b/猫"], ["katzen-ä", "猫"]),
    ],
)
def test_folders_are_as_short_as_tells_them_apart(paths: list[str], names: list[str]) -> None:
    found = shortest_apart(paths)
    assert [found[path] for path in paths] == names


def test_the_file_that_agrees_with_most_of_a_path_is_meant() -> None:
    given = ["samples.json", "other/samples.json", "training_samples/samples.json"]
    assert found_in(given, r"C:\OneTrainer\training_samples\samples.json") == given[2]
    assert found_in(given, "samples.json") is not None
    assert found_in(given, "concepts.json") is None
    assert found_in(given, "") is None
