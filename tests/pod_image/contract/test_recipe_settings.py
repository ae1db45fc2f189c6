"""Recipes declare their settings in files of their own; together they are one flat form."""

from enum import StrEnum
from typing import Annotated

import pytest
from pydantic import Field

from pod_image.contract.common_settings import CommonSettings
from pod_image.contract.knobs import Knob, When, declared
from pod_image.contract.recipes import declarations
from pod_image.contract.recipes.base import Declaration
from pod_image.contract.settings import SETTINGS, RunSettings, flat_settings


class Names(StrEnum):
    BREAD = "bread"
    CAKE = "cake"


class Bread(CommonSettings):
    minutes: Annotated[
        int, Field(description="How long it bakes.", ge=1), Knob("Baking", group="How much")
    ] = 40
    rye: Annotated[
        str,
        Field(description="Which rye.", min_length=1),
        Knob("Rye", group="What", when=(When("minutes", (40,)),)),
    ] = "dark"


class Cake(CommonSettings):
    minutes: Annotated[
        int, Field(description="How long it bakes.", ge=1), Knob("Baking", group="How much")
    ] = 40


class HotCake(CommonSettings):
    minutes: Annotated[
        int, Field(description="How long it bakes.", ge=1), Knob("Baking", group="How much")
    ] = 20


def recipe(settings: type[CommonSettings], *requires: str) -> Declaration:
    return Declaration(settings, does="something bakes", order=1, requires=requires)


def settings_of(**recipes: Declaration):
    made = flat_settings(recipes, Names)
    return made, declared(made)


def test_a_recipe_s_settings_apply_to_its_runs_alone_and_those_of_every_run_to_all():
    _, settings = settings_of(bread=recipe(Bread), cake=recipe(CommonSettings))

    assert settings["minutes"].applies({"recipe": "bread"})
    assert not settings["minutes"].applies({"recipe": "cake"})
    assert settings["max_hours"].applies({"recipe": "cake"})


def test_a_condition_of_its_own_is_kept_beside_that():
    _, settings = settings_of(bread=recipe(Bread))

    assert settings["rye"].applies({"recipe": "bread", "minutes": 40})
    assert not settings["rye"].applies({"recipe": "bread", "minutes": 41})


def test_two_recipes_share_a_setting_that_both_declare_in_the_same_words():
    _, settings = settings_of(bread=recipe(Bread), cake=recipe(Cake))

    assert settings["minutes"].applies({"recipe": "bread"})
    assert settings["minutes"].applies({"recipe": "cake"})


def test_one_name_for_two_settings_is_an_error():
    with pytest.raises(TypeError, match="recipe cake declares minutes, which is another setting"):
        settings_of(bread=recipe(Bread), cake=recipe(HotCake))


def test_a_setting_of_every_run_is_none_that_a_recipe_may_declare_anew():
    class Small(CommonSettings):
        disk_gb: Annotated[
            int, Field(description="How large the oven is."), Knob("Oven", group="Where")
        ] = 5

    with pytest.raises(TypeError, match="recipe bread declares disk_gb, which is another setting"):
        settings_of(bread=recipe(Small))


def test_a_recipe_says_which_settings_of_every_run_it_cannot_do_without():
    _, settings = settings_of(bread=recipe(Bread, "dataset_repo"), cake=recipe(Cake))

    assert settings["dataset_repo"].is_required({"recipe": "bread"})
    assert not settings["dataset_repo"].is_required({"recipe": "cake"})


def test_the_first_recipe_runs_when_nobody_says_which():
    made, settings = settings_of(cake=recipe(Cake), bread=recipe(Bread))

    assert made().model_dump(mode="json")["recipe"] == "cake"
    assert settings["recipe"].help.startswith("What runs on the pod: something bakes, or ")


def test_the_recipes_that_are_there_make_the_settings_of_a_run():
    own = [set(each.settings.model_fields) for each in declarations().values()]

    assert len(own) >= 2
    assert set(SETTINGS) == {"recipe"}.union(*own)
    assert list(RunSettings.model_fields) == list(SETTINGS)
