"""A setting without its marker cannot even be imported."""

import re
from typing import Annotated

import pytest
from pydantic import BaseModel, Field, ValidationError, create_model

from pod_image.contract.knobs import Knob, Picks, When, declared, grouped
from pod_image.contract.settings import SETTINGS, RunSettings


def test_a_setting_without_a_marker_is_an_error():
    class Bare(BaseModel):
        patience: Annotated[int, Field(description="How long.")] = 3

    with pytest.raises(TypeError, match="patience needs exactly one Knob, it has 0"):
        declared(Bare)


def test_a_setting_without_a_description_is_an_error():
    class Mute(BaseModel):
        patience: Annotated[int, Knob("Patience", group="G")] = 3

    with pytest.raises(TypeError, match="patience has no description"):
        declared(Mute)


def test_a_condition_on_an_undeclared_setting_is_an_error():
    class Loose(BaseModel):
        patience: Annotated[
            int,
            Field(description="How long."),
            Knob("P", group="G", when=(When("early", (True,)),)),
        ] = 3

    with pytest.raises(TypeError, match="depends on early"):
        declared(Loose)


LIST = Annotated[tuple[str, ...], Field(description="Some.")]
TEXT = Annotated[str, Field(description="One.")]


@pytest.mark.parametrize(
    ("annotation", "default", "words"),
    [
        (Annotated[LIST, Knob("L", group="G", empty_means="none")], (), "list without a separator"),
        (Annotated[TEXT, Knob("T", group="G", empty_means="none", separator=",")], "", "no list"),
        (Annotated[LIST, Knob("L", group="G", separator=",")], (), "does not say what that means"),
        (Annotated[TEXT, Knob("T", group="G")], "full", "does not say what that means"),
        (
            Annotated[TEXT, Knob("T", group="G", required=True, required_when=(When("x", (1,)),))],
            "",
            "does not say what that means",
        ),
        (
            Annotated[TEXT, Field(min_length=1), Knob("T", group="G", empty_means="none")],
            "full",
            "cannot be empty",
        ),
        (
            Annotated[TEXT, Knob("T", group="G", empty_means="none", belongs_to="absent")],
            "",
            "belongs to absent",
        ),
        (
            Annotated[
                TEXT,
                Knob("T", group="G", empty_means="none", picks=Picks.RUN, picks_by=("absent",)),
            ],
            "",
            "chosen by absent",
        ),
    ],
    ids=range(8),
)
def test_a_marker_that_lacks_what_its_setting_needs_is_an_error(annotation, default, words):
    number = Annotated[int, Field(description="A number."), Knob("X", group="G")]
    model = create_model("Lacking", x=(number, 1), it=(annotation, default))

    with pytest.raises(TypeError, match=words):
        declared(model)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_every_setting_reads_as_a_sentence_and_has_a_valid_default(setting):
    assert setting.help.endswith("."), setting.help
    assert setting.knob.group in {"What", "How much", "Where", "Limits"}
    assert setting.name in RunSettings().model_dump()


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_a_setting_may_be_empty_where_validation_lets_it_be(setting):
    empty = () if setting.is_list else ""
    try:
        RunSettings.model_validate({setting.name: empty})
        is_taken = True
    except ValidationError as exc:
        is_taken = all(fault["loc"][0] != setting.name for fault in exc.errors())
    assert setting.may_be_empty == is_taken


def test_no_pattern_is_long_to_compile():
    """A class of every script's letters, repeated up to some hundred times, takes longer than all others together."""
    patterns = list(_patterns(RunSettings.model_json_schema()))
    assert len(patterns) > 10
    assert not [each for each in patterns if re.search(r"\\[wWdDsS][^\]]*\]?\{\d*,\d{2,}\}", each)]


def _patterns(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for each in schema.values():
            yield from _patterns(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _patterns(each)


def test_groups_keep_the_order_of_declaration():
    assert [group for group, _ in grouped(SETTINGS)] == ["What", "How much", "Where", "Limits"]


def test_only_applicable_values_are_sent():
    piper = RunSettings(dataset_repo="a/b", results_repo="a/c")
    command = RunSettings(recipe="command", argv=("true",), results_repo="a/c")

    assert "quality" in piper.applicable()
    assert "argv" not in piper.applicable()
    assert command.applicable()["argv"] == ["true"]
    assert "quality" not in command.applicable()


def test_a_required_setting_is_required_only_where_its_condition_holds():
    dataset = SETTINGS["dataset_repo"]

    assert dataset.is_required({"recipe": "piper"})
    assert not dataset.is_required({"recipe": "command"})
    assert not SETTINGS["argv"].is_required({"recipe": "piper"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", 10_001),
        ("batch_size", 257),
        ("max_hours", 0),
        ("language", "english"),
        ("voice_name", "My Voice"),
        ("results_repo", "no-slash"),
        ("results_repo", "../etc/passwd"),
        ("run_id", "-x"),
        ("quality", "best"),
    ],
)
def test_values_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        RunSettings(**{name: value})
