"""The serving computer: versions, extras, where runs go, which keys there are. No value of a key."""

from __future__ import annotations

import asyncio
import platform

from fastapi import APIRouter, Request

from launcher import __version__
from launcher.serve.documents.system import KeyFacts, PlaceFacts, SystemFacts
from launcher.serve.extras import extras_here
from launcher.serve.ground import Ground
from launcher.serve.routes.asking import caller_of
from launcher.stores.secrets import KeyName
from pod_image.contract import CONTRACT_VERSION


def system_routes(ground: Ground) -> APIRouter:
    routes = APIRouter(tags=["system"])

    @routes.get("/system", response_model=SystemFacts)
    async def get_system(request: Request) -> SystemFacts:
        """Versions, extras, the provider, which keys are set, and which folders and secrets requests may name."""
        place = ground.bench.place
        return SystemFacts(
            version=__version__,
            contract=CONTRACT_VERSION,
            python=platform.python_version(),
            now=ground.bench.clock.now(),
            place=PlaceFacts(
                name=place.name,
                title=place.title,
                is_stand_in=place.has_stand_in(ground.config.place_urls, ground.config.hub_url),
            ),
            extras=await asyncio.to_thread(extras_here),
            keys=[
                KeyFacts(name=name.value, source=ground.keys.sources.get(name)) for name in KeyName
            ],
            token_id=caller_of(request).token_id,
            folders=[str(folder) for folder in ground.allowed.folders],
            secrets=sorted(ground.allowed.secrets),
            runs_followed=sum(ground.live.is_watched(run.nonce) for run in ground.live.live_runs),
            runs_that_may_cost=len(ground.live.live_runs),
        )

    return routes
