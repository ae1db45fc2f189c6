"""Preset below, given above: what applies, where it came from, what is refused."""

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.plan import Origin
from launcher.errors import InvalidRequest, MissingSetting
from launcher.presets import Preset
from launcher.services.planning.compose import compose, missing
from pod_image.contract.recipes.piper import PiperSettings

REPOS = {"dataset_repo": "me/clips", "results_repo": "me/voice"}
PRESET = Preset("mine", "Mine", "", {"quality": "high", "batch_size": 8})


def test_what_was_given_wins_over_the_preset_and_the_preset_over_the_default() -> None:
    composed = compose(PRESET, {**REPOS, "batch_size": "16"})
    assert PiperSettings.of(composed.settings).batch_size == 16
    assert PiperSettings.of(composed.settings).quality == "high"
    assert composed.origins["batch_size"] is Origin.YOU
    assert composed.origins["quality"] is Origin.PRESET
    assert composed.origins["epochs"] is Origin.DEFAULT
    assert composed.preset == "mine"


def test_a_value_given_as_its_default_still_comes_from_the_person() -> None:
    assert compose(None, {**REPOS, "epochs": 1000}).origins["epochs"] is Origin.YOU


def test_a_preset_value_that_no_longer_applies_is_dropped_and_named() -> None:
    composed = compose(PRESET, {"results_repo": "me/out", "recipe": "command", "argv": ["true"]})
    assert set(composed.dropped) == {"quality", "batch_size"}
    assert "quality" not in composed.origins
    assert PiperSettings.of(composed.settings).quality == "medium"


@pytest.mark.parametrize(
    ("chosen", "given", "revision"),
    [
        ({"dataset_repo": "me/clips", "dataset_revision": "v2"}, {}, "v2"),
        (
            {"dataset_repo": "me/clips", "dataset_revision": "v2"},
            {"dataset_repo": "me/clips"},
            "v2",
        ),
        (
            {"dataset_repo": "me/clips", "dataset_revision": "v2"},
            {"dataset_repo": "me/x"},
            "main",
        ),
        ({"dataset_revision": "v2"}, {"dataset_repo": "me/clips"}, "main"),
        ({"dataset_revision": "v2"}, {"dataset_repo": "me/x", "dataset_revision": "v3"}, "v3"),
    ],
    ids=["its own", "said again", "another dataset", "no dataset of its own", "given"],
)
def test_a_presets_commit_counts_for_the_presets_dataset_alone(
    chosen: dict[str, str], given: dict[str, str], revision: str
) -> None:
    preset = Preset("mine", "Mine", "", chosen)
    composed = compose(preset, {"results_repo": "me/voice", **given})
    assert composed.settings.dataset_revision == revision
    assert composed.dropped == (("dataset_revision",) if revision == "main" else ())


def test_a_key_in_the_command_is_refused_and_not_repeated() -> None:
    key = "hf_" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1b"
    given = {**REPOS, "recipe": "command", "argv": ["sh", "-c", f"HF_TOKEN={key} train"]}
    for preset, values in ((None, given), (Preset("mine", "Mine", "", given), {})):
        with pytest.raises(InvalidRequest, match="Word 3 of the command") as refused:
            compose(preset, values)
        assert key not in in_terminal(refused.value.message) + in_terminal(refused.value.hint)


def test_a_typed_value_that_does_not_apply_is_refused_with_what_it_needs() -> None:
    with pytest.raises(InvalidRequest) as caught:
        compose(None, {**REPOS, "argv": ["true"]})
    assert in_terminal(caught.value.message).startswith(
        "--argv only has an effect when --recipe is command"
    )
    assert "--recipe command" in in_terminal(caught.value.hint)


def test_a_typed_value_beside_one_that_says_it_all_is_refused_by_both_names() -> None:
    own = {"recipe": "onetrainer", "trainer_config": "train.json", "picture_epochs": 3}
    with pytest.raises(InvalidRequest) as caught:
        compose(None, {**REPOS, **own})
    said = in_terminal(caught.value.message)
    assert said == "--picture-epochs has no effect with --trainer-config."
    assert (
        in_terminal(caught.value.hint)
        == "Leave --picture-epochs out, or leave --trainer-config out."
    )


def test_a_typed_value_that_the_preset_makes_meaningless_is_refused() -> None:
    preset = Preset("run", "Run", "", {"recipe": "command", "argv": ["true"]})
    with pytest.raises(InvalidRequest):
        compose(preset, {"results_repo": "me/out", "quality": "low"})


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(InvalidRequest) as caught:
        compose(None, {**REPOS, "batch_sise": 3})
    assert "batch_size" in in_terminal(caught.value.hint)


def test_an_unknown_setting_in_a_preset_names_the_preset() -> None:
    with pytest.raises(InvalidRequest) as caught:
        compose(Preset("old", "Old", "", {"warmup": 3}), REPOS)
    assert "preset old" in in_terminal(caught.value.message)


def test_a_required_setting_that_is_missing_is_named_by_its_flag() -> None:
    with pytest.raises(MissingSetting) as caught:
        compose(None, {"dataset_repo": "me/clips"})
    assert caught.value.setting == "results_repo"
    assert "--results-repo" in in_terminal(caught.value.message)
    assert caught.value.exit_code == 2


def test_a_command_needs_no_dataset_but_something_to_run() -> None:
    settings = compose(None, {"recipe": "command"}, check_required=False).settings
    assert [setting.name for setting in missing(settings)] == ["results_repo", "argv"]
