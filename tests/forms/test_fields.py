"""Settings as form fields."""

from launcher.forms.fields import Kind, fields, form_field
from launcher.forms.schema import run_file_schema
from pod_image.contract.settings import SETTINGS


def test_every_setting_is_in_exactly_one_group() -> None:
    shown = [field.name for _, members in fields() for field in members]
    assert sorted(shown) == sorted(SETTINGS)


def test_a_field_tells_kind_range_and_unit() -> None:
    field = form_field(SETTINGS["batch_size"])
    assert (field.kind, field.limits, field.unit) == (Kind.INTEGER, "1 to 256", "clips")
    assert form_field(SETTINGS["epochs"]).limits == "1 to 10,000"
    assert form_field(SETTINGS["quality"]).choices == ("x-low", "low", "medium", "high")
    assert form_field(SETTINGS["learning_rate"]).limits == "over 0, up to 0.01"
    assert form_field(SETTINGS["gpu_types"]).kind is Kind.LIST


def test_a_field_knows_beside_which_values_it_means_something() -> None:
    field = form_field(SETTINGS["quality"])
    assert field.applies({"recipe": "piper"})
    assert not field.applies({"recipe": "command"})


def test_the_schema_of_a_run_file_has_every_setting_with_its_limits() -> None:
    schema = run_file_schema()
    settings = schema["properties"]["settings"]["properties"]
    assert set(settings) == set(SETTINGS)
    assert settings["batch_size"]["maximum"] == 256
    assert schema["properties"]["settings"]["additionalProperties"] is False
