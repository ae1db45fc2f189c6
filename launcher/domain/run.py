"""A run as the person's machine knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from launcher.domain.cost import hours_until_capped, worst_case_cost_usd
from launcher.domain.labels import NO_LABELS, Labels
from launcher.domain.pod_ids import is_cluster
from pod_image.contract.outcomes import EndReason
from pod_image.contract.places import DEFAULT_PLACE


class RunState(StrEnum):
    PLANNED = "planned"
    LAUNCHING = "launching"
    RUNNING = "running"
    ENDING = "ending"
    ENDED = "ended"

    @property
    def may_have_pod(self) -> bool:
        """Whether a pod may exist that costs money."""
        return self in (RunState.LAUNCHING, RunState.RUNNING, RunState.ENDING)


@dataclass(frozen=True)
class Run:
    """One attempt at a run: a row of the history. Holds no secret.

    `address` names it on every computer, `me/voice/run-01`; here `run-01` will do while no other repo has that run id.
    """

    run_id: str
    results_repo: str
    attempt: int
    nonce: str
    state: RunState
    planned_at: datetime
    pod_name: str = ""
    pod_id: str = ""
    price_per_hour_usd: float = 0.0
    gpu_name: str = ""
    max_hours: float = 0.0
    max_cost_usd: float = 0.0
    created_at: datetime | None = None
    armed_at: datetime | None = None
    ended_at: datetime | None = None
    deadline: datetime | None = None
    end_reason: EndReason | None = None
    detail: str = ""
    cost_usd: float | None = None
    billed_usd: float | None = None
    provider_calls: int = 0
    preset: str = ""
    settings_json: str = "{}"
    """Every applicable value, as it was sent."""
    secret_names: tuple[str, ...] = ()
    """Account secrets made for this attempt, still to be removed; names only."""
    log_cursor: str = ""
    """Id of the last log event read; resumes the stream."""
    account_id: str = ""
    """The account at the provider that pays; empty where the provider did not say."""
    not_delivered: int | None = None
    """How many files did not reach the results repo, by the pod's last word; None while nobody has said."""
    last_seq: int = 0
    """`seq` of the last event read; what is missing up to the next one is looked for in the results repo."""
    is_from_repo: bool = False
    """Known from its results repo alone, which anybody may have written: no pod is ended and no secret removed for it.
    Its `nonce` only names it here and is no pod's; `pod_id` is empty."""
    told_nonce: str = ""
    """What the repo calls the attempt's nonce; for a run that is known from there alone."""
    told_pod_id: str = ""
    """What the repo calls its pod: to be shown, and asked the bill of."""
    place: str = DEFAULT_PLACE
    """Where its pod is."""
    labels: Labels = field(default=NO_LABELS, hash=False)
    """What a person calls it; the same for every attempt. Changed by itself, never with the rest of the row."""

    @property
    def title(self) -> str:
        """What a person tells it by: its name, else its run id."""
        return self.labels.name or self.run_id

    @property
    def known_cost_usd(self) -> float | None:
        """What was billed; what the run has metered itself while no bill is known."""
        return self.cost_usd if self.billed_usd is None else self.billed_usd

    def lasted_seconds(self, now: datetime | None = None) -> float | None:
        """From its pod's creation to its end, or to `now` while it goes on. None where it never had a pod, and without
        `now` while it goes on. Never below nothing: two clocks may differ."""
        end = self.ended_at or now
        if self.created_at is None or end is None:
            return None
        return max(0.0, (end - self.created_at).total_seconds())

    @property
    def most_usd(self) -> float:
        """What it can cost at the most: the cap on money, or what its hours cost on this GPU, whichever is less."""
        if not self.price_per_hour_usd or not self.max_hours:
            return self.max_cost_usd
        return worst_case_cost_usd(self.price_per_hour_usd, self.max_hours, self.max_cost_usd)

    @property
    def is_cluster(self) -> bool:
        """Its pods are several, which cannot release themselves: it goes on only while it is watched."""
        return is_cluster(self.pod_id)

    @property
    def capped_at(self) -> datetime | None:
        """When the first of its caps is reached, by the price that is known here. None while that cannot be told."""
        if self.created_at is None or not (self.max_hours and self.max_cost_usd):
            return self.deadline
        hours = hours_until_capped(self.price_per_hour_usd, self.max_hours, self.max_cost_usd)
        by_price = self.created_at + timedelta(hours=hours)
        return by_price if self.deadline is None else min(by_price, self.deadline)

    @property
    def attempt_nonce(self) -> str:
        """By which the pod itself knows the attempt; empty where that is not known."""
        return self.told_nonce if self.is_from_repo else self.nonce

    @property
    def shown_pod_id(self) -> str:
        """The pod that it ran on, for a person to read."""
        return self.pod_id or self.told_pod_id

    @property
    def end_sentence(self) -> str:
        """Why it ended; empty while it goes on. Of a run that never had a pod nothing is said of one."""
        if self.end_reason is None:
            return ""
        if not self.shown_pod_id and self.end_reason in (EndReason.BOOT_FAILED, EndReason.ABORTED):
            return "The run ended before it had a GPU."
        return self.end_reason.sentence

    @property
    def address(self) -> str:
        """As it is typed wherever a run is asked for."""
        return f"{self.results_repo}/{self.run_id}" if self.results_repo else self.run_id
