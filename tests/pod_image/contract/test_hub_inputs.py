"""A repo that is fetched beside the dataset, in one word."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pod_image.contract.hub_inputs import HubInput, checked_model, hub_input
from pod_image.contract.settings import RecipeName, RunSettings


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("me/base", HubInput("me/base")),
        ("me/base@v1.0", HubInput("me/base", revision="v1.0")),
        ("me/base:models/x", HubInput("me/base", folder="models/x")),
        ("datasets/me/clips@refs/pr/3:data", HubInput("me/clips", "dataset", "refs/pr/3", "data")),
        ("me/base:./a//b/", HubInput("me/base", folder="a/b")),
    ],
)
def test_a_word_says_repo_kind_revision_and_folder(word: str, means: HubInput) -> None:
    assert hub_input(word) == means
    assert hub_input(str(means)) == means


@pytest.mark.parametrize(
    "word",
    [
        "base",
        "datasets/base",
        "spaces/me/app",
        "me/base/folder",
        "https://huggingface.co/me/base",
        "me/base@",
        "me/base:",
        "me/base:../up",
        "me/base:/etc",
        "me/base:C:x",
        "me/base:~/x",
        "me/base --option",
        f"me/{'b' * 100}",
    ],
)
def test_what_names_no_repo_or_leads_out_of_the_command_s_folder_is_refused(word: str) -> None:
    with pytest.raises(ValidationError):
        RunSettings(recipe=RecipeName("command"), argv=("x",), input=(word,))


def test_a_model_is_no_dataset() -> None:
    assert checked_model("") == ""
    assert checked_model("me/base@v1") == "me/base@v1"
    with pytest.raises(ValueError, match="a model is needed"):
        checked_model("datasets/me/clips")
