"""The settings of a run on its page: what of them is otherwise than its preset would have it."""

from __future__ import annotations

import json

import pytest
from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.forms.value_text import value_text
from launcher.presets import find_preset
from launcher.services.planning.compose import compose
from launcher.ui.pages.run.tabs.settings import preset_text
from pod_image.contract.figures import for_one
from tests.kit.page_verbs import visit
from tests.kit.runs import run
from tests.ui.conftest import Ground


async def test_a_run_differs_from_its_preset_in_what_presets_are_for(
    person: User, ground: Ground
) -> None:
    of_one_run = {
        "dataset_repo": "me/clips",
        "dataset_revision": "a" * 40,
        "results_repo": "me/voice",
        "run_id": "run-01",
        "voice_name": "anna",
        "language": "de_DE",
    }
    preset = find_preset(ground.site.config, "quick-check")
    settings = compose(preset, {**of_one_run, "seed": 7, "disk_gb": 60}).settings
    text = json.dumps(settings.applicable())
    ground.site.history.add(run(settings_json=text, preset=preset.name, state=RunState.ENDED))
    await visit(person, f"/runs/{run().nonce}?tab=settings")
    await person.should_see("Preset quick-check; 2 values differ from it.")


@pytest.mark.parametrize(
    ("changed", "is_known", "words"),
    [
        (0, True, "Preset mine, unchanged."),
        (1, True, "Preset mine; 1 value differs from it."),
        (0, False, "Preset mine, which no longer exists."),
    ],
)
def test_values_that_differ_are_counted_in_words(changed: int, is_known: bool, words: str) -> None:
    assert preset_text("mine", changed, is_known=is_known) == words


def test_one_of_a_unit_is_no_plural() -> None:
    assert value_text("max_hours", 1.0) == "1 hour"
    assert value_text("max_hours", 2.0) == "2 hours"
    assert [for_one(unit) for unit in ("GB", "batches", "clips", "% of all")] == [
        "GB", "batch", "clip", "% of all",
    ]  # fmt: skip
