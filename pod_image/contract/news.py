"""What a person is told of a run when nobody looks at it, in the same words and with the same id from everywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from pod_image.contract.bodies import Ended
from pod_image.contract.figures import about, counted, dollars_per_hour, duration
from pod_image.contract.notify_address import PostAddress
from pod_image.contract.plain import plain_line
from pod_image.contract.results_address import is_folder, results_kind

NEAR_SHARE = 0.9
"""Of a cap: from here on it is near."""
USER_AGENT = "pod-launcher"
"""Firewalls in front of servers refuse the usual ones of libraries."""
_DETAIL_LETTERS = 300
_VERSION = 1
_URGENT = 5
"""The highest priority of ntfy."""


class NewsKind(StrEnum):
    """Each is told once of an attempt."""

    ARMED = "armed"
    FIRST_SAMPLE = "first-sample"
    TIME_CAP = "time-cap"
    COST_CAP = "cost-cap"
    ENDED = "ended"
    UNPROVEN = "unproven"
    """A pod may still cost money, and nobody can prove that it does not."""
    TEST = "test"

    @property
    def stays_news(self) -> bool:
        """Whether it is worth telling long after it happened, too."""
        return self in (NewsKind.ENDED, NewsKind.UNPROVEN)


@dataclass(frozen=True)
class News:
    """One thing to tell. `id` is the same whoever tells it: pod, launcher, or either once more after a crash."""

    id: str
    kind: NewsKind
    run_id: str
    title: str
    text: str
    at: datetime
    link: str = ""


@dataclass(frozen=True)
class NewsOfRun:
    """Words the news of one attempt. Holds no secret."""

    run_id: str
    nonce: str
    results_repo: str
    hub_url: str

    def id_of(self, kind: NewsKind) -> str:
        return f"{self.nonce}-{kind.value}"

    def armed(self, at: datetime, price_per_hour_usd: float, deadline: datetime | None) -> News:
        until = f" by {_clock(deadline)}" if deadline is not None else ""
        text = f"Its pod costs {dollars_per_hour(price_per_hour_usd)} and ends itself{until}."
        return self._news(NewsKind.ARMED, at, "is armed", text)

    def first_sample(self, at: datetime, step: int) -> News:
        return self._news(NewsKind.FIRST_SAMPLE, at, "has a first sample", f"Of step {step:,}.")

    def near(self, kind: NewsKind, at: datetime, cost_usd: float, ends_at: datetime) -> News:
        """Of TIME_CAP or COST_CAP."""
        what = "time" if kind is NewsKind.TIME_CAP else "money"
        left = duration((ends_at - at).total_seconds())
        text = f"Its caps end it in {left}, by {_clock(ends_at)}. So far it cost {about(cost_usd)}."
        return self._news(kind, at, f"has used {NEAR_SHARE * 100:.0f} % of its {what}", text)

    def ended(self, at: datetime, ended: Ended) -> News:
        detail = plain_line(ended.detail)
        shown = detail if len(detail) <= _DETAIL_LETTERS else f"{detail[:_DETAIL_LETTERS]}…"
        missing, where = ended.missing_count, results_kind(self.results_repo)
        parts = [
            ended.reason.sentence,
            shown if shown != ended.reason.sentence else "",
            f"It cost {about(ended.cost_usd)}." if ended.cost_usd is not None else "",
            f"{counted(missing, 'file')} did not reach the {where}." if missing else "",
        ]
        how = ended.reason.value.replace("_", " ")
        said = " ".join(part for part in parts if part)
        return self._news(NewsKind.ENDED, at, f"ended: {how}", said)

    def unproven(self, at: datetime, why: str) -> News:
        text = f"{why} Check what is still rented."
        return self._news(NewsKind.UNPROVEN, at, "may have a pod that still costs money", text)

    def _news(self, kind: NewsKind, at: datetime, title: str, text: str) -> News:
        link = f"{self.hub_url}/{self.results_repo}/tree/main/{self.run_id}"
        if is_folder(self.results_repo):
            link = ""  # a folder of the person's own has no page
        return News(self.id_of(kind), kind, self.run_id, f"{self.run_id} {title}", text, at, link)


def near_caps(
    created_at: float, time_limit_at: float, price_per_hour_usd: float, max_cost_usd: float
) -> dict[NewsKind, float]:
    """When each cap is near, in the unix seconds of whoever asks; infinite for one that never is."""
    by_cost = math.inf
    if price_per_hour_usd > 0 and max_cost_usd > 0:
        by_cost = created_at + NEAR_SHARE * max_cost_usd / price_per_hour_usd * 3600
    by_time = created_at + NEAR_SHARE * (time_limit_at - created_at)
    return {NewsKind.TIME_CAP: by_time, NewsKind.COST_CAP: by_cost}


@dataclass(frozen=True)
class Request:
    """What is sent, always by POST."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


def request_of(address: PostAddress, news: News) -> Request:
    """The one request that tells it. A receiver that knows ids takes the same news once, whoever sends it again."""
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": news.id,
        "User-Agent": USER_AGENT,
    }
    if address.authorization:
        headers["Authorization"] = address.authorization
    document = _for_ntfy(address, news) if address.topic else _for_webhook(news)
    if address.topic:
        headers["X-Sequence-ID"] = news.id
    content = json.dumps({name: value for name, value in document.items() if value != ""})
    return Request(address.url, headers, content.encode())


def verdict(status: int) -> tuple[str, bool]:
    """Why an answer of that status took it not, or "" where it was taken; and whether another try may do better."""
    if status < 300:
        return "", False
    return f"the server answered {status}", status == 429 or status >= 500


def _for_ntfy(address: PostAddress, news: News) -> dict[str, object]:
    is_urgent = news.kind is NewsKind.UNPROVEN
    return {
        "topic": address.topic,
        "title": news.title,
        "message": news.text,
        "click": news.link,
        "sequence_id": news.id,
        **({"priority": _URGENT} if is_urgent else {}),
    }


def _for_webhook(news: News) -> dict[str, object]:
    return {
        "version": _VERSION,
        "id": news.id,
        "kind": news.kind.value,
        "run_id": news.run_id,
        "title": news.title,
        "message": news.text,
        "link": news.link,
        "at": news.at.astimezone(UTC).isoformat(),
    }


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%d %b %H:%M UTC")
