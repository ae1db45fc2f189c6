"""The settings of a run on its page: what of them is otherwise than its preset would have it."""

from __future__ import annotations

import json

from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.presets import find_preset
from launcher.services.planning.compose import compose
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
