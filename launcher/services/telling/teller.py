"""Who is told what of a run, and by whom: by its pod where that can, and by this computer for the rest. Each once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from launcher.clock import Clock, SystemClock
from launcher.domain.run import Run
from launcher.services.telling.addresses import Address
from launcher.services.telling.sending import Send, Sender
from launcher.stores.told_news import ToldNews
from pod_image.contract.bodies import ArmedReport, Ended, Sample, Told
from pod_image.contract.events import Event
from pod_image.contract.news import News, NewsKind, NewsOfRun, near_caps
from pod_image.contract.outcomes import EndReason

POD_SECONDS = 40.0
"""For so long the pod's own word is waited for: its tries take half of that, and its word comes at once."""
OLD_NEWS = timedelta(minutes=10)
"""What happened before that is told no more, but for how a run ended."""
LEAVING_SECONDS = 15.0
"""Whoever leaves waits so long for what is on its way."""

Hear = Callable[[News], None]


@dataclass(eq=False)
class _Heard:
    """Of one attempt: what was told of it, and by whom."""

    by_pod: set[str] = field(default_factory=set)
    """Marks of addresses that the pod tells at."""
    told: dict[str, Told] = field(default_factory=dict)
    """What the pod said of it, by id."""
    news: set[str] = field(default_factory=set)
    is_over: bool = False
    """The pod tells nothing any more."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, eq=False)
class _Errand:
    """One piece of news for one address."""

    heard: _Heard
    news: News
    address: Address

    @property
    def waits_for_pod(self) -> bool:
        """Whether the pod is to tell it there, and has not said yet how that went."""
        heard = self.heard
        is_the_pods = self.address.mark in heard.by_pod and not heard.is_over
        return is_the_pods and self.news.id not in heard.told


class Teller:
    """Takes in what is seen of runs, and tells. No method but `settle` waits, and none raises.

    `listeners` hear all that is new, whoever else is told of it: a page shows it. `on_trouble` is given a sentence.
    """

    def __init__(
        self,
        addresses: Iterable[Address] = (),
        *,
        hub_url: str = "",
        told: ToldNews | None = None,
        clock: Clock | None = None,
        send: Send | None = None,
    ) -> None:
        self.addresses = tuple(addresses)
        self.listeners: list[Hear] = []
        self.on_trouble: Callable[[str], None] | None = None
        self._hub_url = hub_url.rstrip("/")
        self._told = told
        self._clock = clock or SystemClock()
        self.send = send or Sender()
        self._runs: dict[str, _Heard] = {}
        self._under_way: dict[asyncio.Task[None], _Errand] = {}

    @property
    def tells(self) -> bool:
        return bool(self.addresses or self.listeners)

    def pod_tells(self, run: Run, marks: Iterable[str]) -> None:
        """The run's pod was given the addresses of these marks."""
        self._of(run).by_pod |= set(marks)

    def heard(self, run: Run, event: Event, now: datetime) -> None:
        """The pod said something."""
        match event.body:
            case Told() as told:
                self._pod_told(run, told)
            case ArmedReport(works=True, deadline=deadline):
                price = run.price_per_hour_usd
                self._tell(run, self._news_of(run).armed(event.at, price, deadline), now)
            case Sample(kind="sample", step=step):
                self._tell(run, self._news_of(run).first_sample(event.at, step), now)
            case Ended() as ended:
                self._pod_is_over(run)
                self._tell(run, self._news_of(run).ended(event.at, ended), now)

    def time_is(self, run: Run, now: datetime) -> None:
        """The run goes on; a cap may be near."""
        is_asked = run.armed_at is not None and run.max_hours > 0 and not self._of(run).is_over
        # What the pod says of its end is the nearer of its caps.
        if run.created_at is None or run.deadline is None or not is_asked or now >= run.deadline:
            return
        created_at, price = run.created_at.timestamp(), run.price_per_hour_usd
        time_limit_at = created_at + run.max_hours * 3600
        for kind, at in near_caps(created_at, time_limit_at, price, run.max_cost_usd).items():
            if at <= now.timestamp():
                moment = datetime.fromtimestamp(at, UTC)
                cost_usd = (at - created_at) / 3600 * price
                self._tell(run, self._news_of(run).near(kind, moment, cost_usd, run.deadline), now)

    def is_over(self, run: Run, now: datetime) -> None:
        """The pod is gone, and the history knows the end."""
        self._pod_is_over(run)
        ended = Ended(
            reason=run.end_reason or EndReason.LOST,
            detail=run.detail,
            cost_usd=run.cost_usd,
            not_delivered_count=run.not_delivered or 0,
        )
        self._tell(run, self._news_of(run).ended(run.ended_at or now, ended), now)

    def cannot_prove_gone(self, run: Run, why: str, now: datetime) -> None:
        """A pod that should not live any more may live. Told at once: it costs money."""
        self._pod_is_over(run)
        self._tell(run, self._news_of(run).unproven(now, why), now)

    async def settle(self, seconds: float = LEAVING_SECONDS) -> None:
        """Whoever leaves waits for what is on its way; what a pod is to tell is left to the pod. Never raises."""
        tasks = list(self._under_way)
        ours = [task for task, errand in self._under_way.items() if not errand.waits_for_pod]
        if ours:
            await asyncio.wait(ours, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def test(self, news: News) -> list[tuple[str, str]]:
        """Send it to every address: what may be shown of each, and why it was not taken, or ""."""
        whys = await asyncio.gather(*(self._guarded(each, news) for each in self.addresses))
        return [(each.shown, why) for each, why in zip(self.addresses, whys, strict=True)]

    def _tell(self, run: Run, news: News, now: datetime) -> None:
        heard = self._of(run)
        if not self.tells or news.id in heard.news:
            return
        heard.news.add(news.id)
        if now - news.at > OLD_NEWS and not news.kind.stays_news:
            return
        for hear in self.listeners:
            hear(news)
        for address in self.addresses:
            errand = _Errand(heard, news, address)
            task = asyncio.ensure_future(self._run_errand(errand, self._before(errand)))
            self._under_way[task] = errand
            task.add_done_callback(lambda done: self._under_way.pop(done, None))

    def _before(self, errand: _Errand) -> list[asyncio.Task[None]]:
        """What has to be told there first: the end comes last."""
        if errand.news.kind is not NewsKind.ENDED:
            return []
        same = (errand.heard, errand.address)
        return [
            task for task, each in self._under_way.items() if (each.heard, each.address) == same
        ]

    async def _run_errand(self, errand: _Errand, before: list[asyncio.Task[None]]) -> None:
        heard, news, address = errand.heard, errand.news, errand.address
        if before:
            await asyncio.wait(before, timeout=LEAVING_SECONDS)
        await self._pods_word(errand)
        told = heard.told.get(news.id)
        if told is not None and address.mark in told.to:
            if self._told is not None:
                self._told.settle(news.id, address.mark)
            return
        if self._told is not None and not self._told.claim(news.id, address.mark):
            return
        why = await self._guarded(address, news)
        if self._told is not None:
            after = self._told.give_back if why else self._told.settle
            after(news.id, address.mark)
        if why and self.on_trouble is not None:
            self.on_trouble(f"{address.shown} did not get the notification “{news.title}”: {why}.")

    async def _guarded(self, address: Address, news: News) -> str:
        try:
            return await self.send(address, news)
        except Exception as exc:  # its text may quote the address
            return f"this program failed ({type(exc).__name__})"

    async def _pods_word(self, errand: _Errand) -> None:
        """Wait for what the pod says of it, until it is over or has had its time."""
        heard = errand.heard
        patience = asyncio.ensure_future(self._clock.sleep(POD_SECONDS))
        try:
            while errand.waits_for_pod and not patience.done():
                heard.changed.clear()
                changed = asyncio.ensure_future(heard.changed.wait())
                try:
                    await asyncio.wait((patience, changed), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    changed.cancel()
        finally:
            patience.cancel()

    def _pod_told(self, run: Run, told: Told) -> None:
        heard = self._of(run)
        heard.by_pod |= {*told.to, *told.failed}
        heard.told[told.id] = told
        heard.changed.set()

    def _pod_is_over(self, run: Run) -> None:
        heard = self._of(run)
        heard.is_over = True
        heard.changed.set()

    def _news_of(self, run: Run) -> NewsOfRun:
        return NewsOfRun(run.run_id, run.nonce, run.results_repo, self._hub_url)

    def _of(self, run: Run) -> _Heard:
        return self._runs.setdefault(run.nonce, _Heard())


def trial_news(now: datetime) -> News:
    """What a person sends to see whether it arrives."""
    text = "This is a test. Notifications about your runs will look like this."
    stamp = f"test-{int(now.timestamp())}"
    return News(stamp, NewsKind.TEST, "test", "Pod Launcher test notification", text, now)
