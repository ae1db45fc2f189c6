"""What a person typed, and what is said of it when it is wrong."""

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.errors import InvalidRequest
from launcher.forms.values import parse_assignment, to_settings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"batch_size": 400}, "--batch-size must be 1 to 256 clips; 400 was given."),
        ({"batch_size": "many"}, "--batch-size must be a whole number, 1 to 256 clips"),
        ({"quality": "best"}, "--quality must be one of x-low, low, medium, high; 'best'"),
        ({"max_hours": 1000}, "--max-hours must be 0.02 to 240 hours; 1000 was given."),
        ({"learning_rate": 0}, "--learning-rate must be over 0, up to 0.01; 0 was given."),
        ({"results_repo": "mine"}, "--results-repo cannot be 'mine'."),
        ({"sample_sentences": []}, "--sample-sentences cannot be empty."),
        ({"sample_sentences": ["a", ""]}, "--sample-sentences (item 2) cannot be empty."),
        ({"gpu_types": "4090"}, "--gpu-types must be a list; '4090' was given."),
        ({"base_checkpoint": "x" * 501}, "can have at most 500 characters; this has 501."),
        ({"voice_name": 7}, "--voice-name must be text; 7 was given."),
        ({"argv": ["x"] * 257}, "can have at most 256 values; 257 were given."),
    ],
)
def test_a_value_out_of_range_is_explained_with_flag_range_and_unit(
    values: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        to_settings(values)
    assert message in in_terminal(caught.value.message)


def test_every_wrong_value_is_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as caught:
        to_settings({"batch_size": 0, "epochs": 0})
    assert "--batch-size" in in_terminal(caught.value.message)
    assert "--epochs" in in_terminal(caught.value.message)


def test_a_repo_without_an_owner_is_told_how_repos_are_written() -> None:
    with pytest.raises(InvalidRequest) as caught:
        to_settings({"dataset_repo": "clips"})
    assert "owner/name" in in_terminal(caught.value.hint)


def test_something_that_looks_like_a_key_is_not_repeated() -> None:
    with pytest.raises(InvalidRequest) as caught:
        to_settings({"results_repo": "hf_obviouslyfake"})
    assert "hf_obviouslyfake" not in in_terminal(caught.value.message)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("batch_size=16", ("batch_size", 16)),
        ("batch-size = 16", ("batch_size", 16)),
        ("max_hours=0.5", ("max_hours", 0.5)),
        ("quality=high", ("quality", "high")),
        ('quality="high"', ("quality", "high")),
        ("run_id=007", ("run_id", "007")),
        ('gpu_types=["4090", "A5000"]', ("gpu_types", ["4090", "A5000"])),
        ("gpu_types=RTX 4090", ("gpu_types", ["RTX 4090"])),
        ("gpu_types=4090", ("gpu_types", ["4090"])),
        ("gpu_types=RTX 4090, A5000", ("gpu_types", ["RTX 4090", "A5000"])),
        ("sample_sentences=Yes, no.", ("sample_sentences", ["Yes, no."])),
        ("gpu_types=", ("gpu_types", [])),
    ],
)
def test_an_assignment_is_read_as_its_setting_wants_it(
    text: str, expected: tuple[str, object]
) -> None:
    assert parse_assignment(text) == expected


def test_an_assignment_without_an_equals_sign_is_refused_with_an_example() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_assignment("batch_size")
    assert "key=value" in in_terminal(caught.value.message)
    assert "--set" in in_terminal(caught.value.hint)


def test_an_assignment_to_no_setting_names_the_nearest() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_assignment("batchsize=3")
    assert "batch_size" in in_terminal(caught.value.hint)
