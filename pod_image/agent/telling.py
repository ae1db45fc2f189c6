"""Telling a person outside how the run gets on, by one request each. Nothing fails for it, and nothing waits long."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from pod_image.agent.clock import AnchoredClock
from pod_image.agent.limits import Limits
from pod_image.contract.bodies import ArmedReport, Body, Ended, Sample, Told
from pod_image.contract.environment import HUB_URL_VARIABLE, RunDocument
from pod_image.contract.events import from_line
from pod_image.contract.news import News, NewsOfRun, near_caps, request_of, verdict
from pod_image.contract.notify_address import BadAddress, PostAddress, post_address
from pod_image.contract.outcomes import EndReason
from pod_image.contract.secret_names import NOTIFY_VARIABLE
from pod_image.contract.variables import PUBLIC_HUB_URL

TRIES = 3
TRY_SECONDS = 5.0
PAUSES_SECONDS = (1.0, 3.0)
LAST_SECONDS = 5.0
"""For news of the end, of a pod that delivered: no more than a cent of it."""
CUT_OFF_SECONDS = 2.0
"""The same of a pod that is to go at once."""
_LOOK_SECONDS = 2.0


def addresses_in(environment: Mapping[str, str]) -> tuple[PostAddress, ...]:
    """Where this pod tells; what is no such address is left out: the launcher refused it, or tells there itself."""
    found: dict[str, PostAddress] = {}
    for text in environment.get(NOTIFY_VARIABLE, "").split():
        with suppress(BadAddress):
            address = post_address(text)
            if address is not None:
                found[address.mark] = address
    return tuple(found.values())


def words_of(document: RunDocument, environment: Mapping[str, str]) -> NewsOfRun:
    return NewsOfRun(
        document.run_id,
        document.attempt.nonce,
        document.settings.results_there,
        (environment.get(HUB_URL_VARIABLE) or PUBLIC_HUB_URL).rstrip("/"),
    )


def told_in(events: Path) -> frozenset[str]:
    """Ids of what earlier lives of this attempt told, or could not: whoever followed them told it then."""
    try:
        lines = events.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return frozenset()
    told = (event.body for line in lines if '"told"' in line and (event := from_line(line)))
    return frozenset(body.id for body in told if isinstance(body, Told))


@dataclass
class Telling:
    """Hears what the agent says, and tells those outside what matters of it. Without addresses it does nothing."""

    addresses: tuple[PostAddress, ...]
    words: NewsOfRun
    limits: Limits
    clock: AnchoredClock
    http: Callable[[], httpx.AsyncClient]
    emit: Callable[[Body], None]
    told: set[str] = field(default_factory=set)
    _waiting: deque[News] = field(default_factory=deque)

    def hear(self, body: Body) -> None:
        """Take in an event as it is said. Never raises, and sends nothing yet."""
        if not self.addresses:
            return
        at = self.clock.moment()
        match body:
            case ArmedReport(works=True, deadline=deadline):
                self._wait(self.words.armed(at, self.limits.price_per_hour_usd, deadline))
            case Sample(kind="sample", step=step):
                self._wait(self.words.first_sample(at, step))

    async def work(self) -> None:
        """Tell what waits, one after the other, and of the caps when they are near. Ends only when it is cancelled."""
        while self.addresses:
            self._look_at_caps()
            while self._waiting:
                await self.tell(self._waiting.popleft())
            await self.clock.sleep(_LOOK_SECONDS)

    async def end(self, ended: Ended, within_seconds: float) -> None:
        """Tell how the run ended, and say who took it. Never later than `within_seconds`, and never raises."""
        self._waiting.clear()
        news = self.words.ended(self.clock.moment(), ended)
        if ended.reason is not EndReason.LOST and within_seconds > 0:
            with suppress(Exception):
                await self.tell(news, within_seconds)

    async def cannot_release(self) -> None:
        """Tell that the pod tries to end itself, and lives."""
        why = "The pod could not be released: it keeps trying, and keeps costing money until then."
        await self.tell(self.words.unproven(self.clock.moment(), why))

    async def tell(self, news: News, within_seconds: float | None = None) -> None:
        """Send it to every address at once, and say which took it."""
        if not self.addresses or news.id in self.told:
            return
        self.told.add(news.id)
        sending = [asyncio.ensure_future(self._send(each, news)) for each in self.addresses]
        try:
            await asyncio.wait(sending, timeout=within_seconds)
        finally:
            for each in sending:
                each.cancel()
        answers = {
            address.mark: _answer(each)
            for address, each in zip(self.addresses, sending, strict=True)
        }
        failed = {mark: why for mark, why in answers.items() if why}
        self.emit(
            Told(
                id=news.id,
                kind=news.kind.value,
                to=tuple(mark for mark in answers if mark not in failed),
                failed=tuple(failed),
                detail=next(reversed(failed.values()), ""),
            )
        )

    def _wait(self, news: News) -> None:
        if news.id not in self.told and all(each.id != news.id for each in self._waiting):
            self._waiting.append(news)

    def _look_at_caps(self) -> None:
        limits, now = self.limits, self.clock.now()
        near = near_caps(
            limits.created_at,
            limits.time_limit_at,
            limits.price_per_hour_usd,
            limits.max_cost_usd,
        )
        ends_at = datetime.fromtimestamp(limits.ends_at, UTC)
        for kind, at in near.items():
            if at <= now < limits.ends_at:
                moment = datetime.fromtimestamp(now, UTC)
                self._wait(self.words.near(kind, moment, limits.cost_usd(now), ends_at))

    async def _send(self, address: PostAddress, news: News) -> str:
        """Empty once it was taken, else why not. No redirect is followed: it may lead anywhere."""
        why = ""
        async with self.http() as client:
            for attempt in range(TRIES):
                if attempt:
                    await self.clock.sleep(PAUSES_SECONDS[attempt - 1])
                why, is_worth_another = await _post(client, address, news)
                if not is_worth_another:
                    break
        return why


async def _post(client: httpx.AsyncClient, address: PostAddress, news: News) -> tuple[str, bool]:
    """Why it was not taken, or "", and whether to try again. What is answered beside the status is not read."""
    request = request_of(address, news)
    try:
        async with (
            asyncio.timeout(TRY_SECONDS),
            client.stream(
                "POST",
                request.url,
                headers=dict(request.headers),
                content=request.content,
                follow_redirects=False,
            ) as response,
        ):
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError) as exc:
        # Its text may quote the address.
        return f"no answer ({type(exc).__name__})", True
    return verdict(status)


def _answer(sending: asyncio.Future[str]) -> str:
    if not sending.done() or sending.cancelled():
        return "no answer in time"
    error = sending.exception()
    return sending.result() if error is None else f"no answer ({type(error).__name__})"
