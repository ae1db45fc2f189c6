"""One piece of news to one address: which way it goes, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from launcher.errors import BadEnvironment
from launcher.open_http import open_http
from launcher.services.telling import apprise_sender, desktop
from launcher.services.telling.addresses import Address
from pod_image.contract.news import News, request_of, verdict
from pod_image.contract.notify_address import PostAddress

TRIES = 2
TRY_SECONDS = 6.0
PAUSE_SECONDS = 2.0
OTHERS_SECONDS = 20.0
"""For what has no requests of ours to count: Apprise and the desktop."""

Send = Callable[[Address, News], Awaitable[str]]
"""Empty once it was taken, else why not. Never raises, and quotes nothing of the address."""
Http = Callable[[], httpx.AsyncClient]


@dataclass(frozen=True)
class Sender:
    """The real ways out. `sleep` and `http` are arguments, so that tests hand in others."""

    http: Http = open_http
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    run_program: desktop.RunProgram | None = None

    async def __call__(self, address: Address, news: News) -> str:
        if address.post is not None:
            return await self._post(address.post, news)
        try:
            async with asyncio.timeout(OTHERS_SECONDS):
                if address.is_desktop:
                    return await desktop.send(news, self.run_program)
                return await apprise_sender.send(address.text.get_secret_value(), news)
        except TimeoutError:
            return "no answer in time"

    async def _post(self, address: PostAddress, news: News) -> str:
        why = ""
        for attempt in range(TRIES):
            if attempt:
                await self.sleep(PAUSE_SECONDS)
            why, is_worth_another = await self._post_once(address, news)
            if not is_worth_another:
                break
        return why

    async def _post_once(self, address: PostAddress, news: News) -> tuple[str, bool]:
        """Why it was not taken, or "", and whether to try again. A redirect is not followed."""
        request = request_of(address, news)
        try:
            async with (
                asyncio.timeout(TRY_SECONDS),
                self.http() as client,
                client.stream(
                    "POST",
                    request.url,
                    headers=dict(request.headers),
                    content=request.content,
                    follow_redirects=False,
                ) as response,
            ):
                status = response.status_code
        except BadEnvironment as error:
            return str(error.message), False
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError) as exc:
            # Its text may quote the address.
            return f"no answer ({type(exc).__name__})", True
        return verdict(status)
