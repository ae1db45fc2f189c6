"""Names of files of this computer, made whole where they were read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from launcher.forms.local_names import anchored

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("train.py", f"{HERE}/train.py"),
        ("train.py:lib/train.py", f"{HERE}/train.py:lib/train.py"),
        (f"{HERE}/train.py", f"{HERE}/train.py"),
        ("~/train.py", "~/train.py"),
        (".", f"{HERE}:."),
        ("../", f"{HERE}/..:."),
        (".:src", f"{HERE}:src"),
        ("src/", f"{HERE}/src"),
    ],
)
def test_a_name_is_read_from_the_folder_and_keeps_its_place(typed: str, whole: str) -> None:
    assert anchored({"bring": [typed]}, HERE) == {"bring": [whole]}
    assert anchored({"bring": typed}, HERE) == {"bring": whole}


@pytest.mark.parametrize(
    "values",
    [{"requirements": ""}, {"argv": ["train.py"]}, {"bring": [3]}, {"bring": 3}, {"no": "x"}],
)
def test_what_is_no_such_name_stays_as_it_is(values: dict[str, Any]) -> None:
    assert anchored(values, HERE) == values


def test_a_file_of_packages_is_anchored_too() -> None:
    assert anchored({"requirements": "all.txt"}, HERE) == {"requirements": f"{HERE}/all.txt"}


def test_a_dataset_folder_of_no_repo_is_one_of_ones_own() -> None:
    whole = {"dataset_repo": f"{HERE}/clips"}
    assert anchored({"dataset_folder": "./clips"}, HERE) == whole
    assert anchored({"dataset_repo": "./clips"}, HERE) == whole
    in_repo = {"dataset_repo": "me/clips", "dataset_folder": "anna"}
    assert anchored(in_repo, HERE) == in_repo
    assert anchored({"dataset_folder": "clips/anna"}, HERE) == {"dataset_folder": "clips/anna"}


def test_a_results_folder_is_whole_where_it_is_on_this_computer() -> None:
    assert anchored({"results_folder": "voices"}, HERE) == {"results_folder": f"{HERE}/voices"}
    assert anchored({"results_folder": "./voices/"}, HERE) == {"results_folder": f"{HERE}/voices"}
    home = anchored({"results_folder": "~/voices"}, HERE)
    assert home == {"results_folder": str(Path.home() / "voices")}
    there = {"results_folder": "/data/voices", "host": "gpubox"}
    assert anchored(there, HERE) == there
