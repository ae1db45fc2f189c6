"""What registries said of images, remembered for a while: each reading of a manifest is one of few pulls."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx

from launcher.clock import Clock, is_within
from launcher.config import Config
from launcher.providers.place import Place
from launcher.services.common.image_check import ImageCheck, Verdict, check_image

REMEMBERED = timedelta(minutes=10)
REMEMBERED_OTHERWISE = timedelta(seconds=30)
"""A tag that is not there may be pushed at any moment, and a network come back."""


class ImageLooks:
    """Asks once for an image, and again when what was said is old."""

    def __init__(
        self,
        config: Config,
        place: Place,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._config, self._place, self._clock, self._transport = config, place, clock, transport
        self._said: dict[tuple[str, bool], tuple[datetime, ImageCheck]] = {}

    @property
    def are_asked(self) -> bool:
        """A stand-in of the place pulls nothing, and whoever uses one may have no network: only where a stand-in of
        the registries was named too.
        """
        has_stand_in = self._place.has_stand_in(self._config.place_urls, self._config.hub_url)
        return bool(self._config.registry_url) or not has_stand_in

    async def look(self, image: str, *, has_credential: bool = False) -> ImageCheck | None:
        """None where no registry is asked."""
        if not self.are_asked:
            return None
        now = self._clock.now()
        said = self._said.get((image, has_credential))
        if said is not None and is_within(_lasts(said[1]), said[0], now):
            return said[1]
        found = await check_image(
            image,
            self._place,
            has_credential=has_credential,
            registry_url=self._config.registry_url,
            transport=self._transport,
        )
        self._said[image, has_credential] = (now, found)
        return found


def _lasts(said: ImageCheck) -> timedelta:
    return REMEMBERED if said.verdict is Verdict.THERE else REMEMBERED_OTHERWISE
