"""Presets, and the settings of a run: what there are, and whether some work together."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path

from launcher.domain.plan import Composed
from launcher.errors import InvalidRequest
from launcher.forms.schema import run_file_schema
from launcher.presets import find_preset, look_at_presets
from launcher.serve.documents.plans import (
    PresetFacts,
    PresetList,
    SettingsAsked,
    SettingsFacts,
    preset_facts,
    setting_facts,
)
from launcher.serve.ground import Ground
from launcher.serve.next_steps import in_http
from launcher.serve.problems import other
from launcher.services.planning.compose import compose, missing


def settings_routes(ground: Ground) -> APIRouter:
    routes = APIRouter(tags=["settings"])

    @routes.get("/presets", response_model=PresetList)
    async def list_presets() -> PresetList:
        """Named settings to start from: the built-in ones, then those saved on the serving computer."""
        found = await asyncio.to_thread(look_at_presets, ground.config)
        return PresetList(presets=[preset_facts(each) for each in found.usable])

    @routes.get("/presets/{name}", response_model=PresetFacts)
    async def get_preset(
        name: Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")],
    ) -> PresetFacts:
        """One preset."""
        try:
            return preset_facts(await asyncio.to_thread(find_preset, ground.config, name))
        except InvalidRequest as exc:
            raise other("not-found", in_http(exc.message), in_http(exc.hint)) from None

    @routes.get("/settings")
    async def get_settings_schema() -> dict[str, Any]:
        """The JSON schema of every setting: type, default, limits and help."""
        return run_file_schema()

    @routes.post("/settings/check", response_model=SettingsFacts)
    async def check_settings(asked: SettingsAsked) -> SettingsFacts:
        """Whether these settings work together, the value of each, and what is still missing.

        Makes no network request.
        """
        composed = await composed_from(ground, asked, check_required=False)
        return SettingsFacts(
            preset=composed.preset,
            settings=setting_facts(composed),
            dropped=list(composed.dropped),
            missing=[each.name for each in missing(composed.settings)],
            notes=list(composed.notes),
        )

    return routes


async def composed_from(
    ground: Ground, asked: SettingsAsked, *, check_required: bool = True
) -> Composed:
    """The settings that were asked for, held to what clients may name. Raises InvalidRequest or MissingSetting."""

    def composed() -> Composed:
        preset = find_preset(ground.config, asked.preset) if asked.preset else None
        return ground.allowed.held(compose(preset, asked.settings, check_required=check_required))

    return await asyncio.to_thread(composed)  # it reads files
