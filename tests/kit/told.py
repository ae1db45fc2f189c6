"""Somebody who is told, as the launcher's tellers see them: each piece of news with its time, nothing sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from launcher.services.telling.addresses import Address
from pod_image.contract.news import News
from tests.kit.virtual_time import now_seconds


@dataclass
class Told:
    """`whys` says why an address does not take it, by what is shown of it; `seconds` is how long each takes."""

    got: list[tuple[str, News, float]] = field(default_factory=list)
    whys: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    async def __call__(self, address: Address, news: News) -> str:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        why = self.whys.get(address.shown, "")
        if not why:
            self.got.append((address.shown, news, now_seconds()))
        return why

    def kinds(self, shown: str) -> list[str]:
        """What arrived at that address, in order."""
        return [news.kind.value for where, news, _ in self.got if where == shown]

    def lateness(self, kind: str) -> float:
        """Seconds from what happened until the last address knew of that kind."""
        return max(at - news.at.timestamp() for _, news, at in self.got if news.kind == kind)
