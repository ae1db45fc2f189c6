"""What the parts of a running study share: the study as it is known now, what was agreed to, and what waits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.study import Asked, Study, Trial
from launcher.errors import InvalidRequest
from launcher.services.common.workbench import Workbench
from launcher.services.following.silence import SilentPlaces
from launcher.services.following.watch import Watching
from launcher.services.studies.keeping import Change, change_study, find_study
from launcher.services.studies.news import Report, StudyNews
from launcher.stores.secrets import Keys
from pod_image.contract.next_steps import Said

LOOK_SECONDS = 60.0
"""Between two looks at what other computers have done, and after a trouble that passes."""
STOCK_SECONDS = 300.0
"""After a look that found nothing to rent."""


@dataclass
class Standing:
    bench: Workbench
    keys: Keys
    address: StudyAddress
    computer: str
    """By which this computer claims trials."""
    report: Report
    agreed: Asked
    study: Study
    began_at: datetime
    watching: Watching
    """How its runs are followed."""
    silent_places: SilentPlaces = field(default_factory=SilentPlaces)
    no_trial_before: datetime | None = None
    """When the next trial may be begun, where nothing could be rented or reached."""
    _not_before: dict[int, datetime] = field(default_factory=dict)
    _said_last: str = ""

    @property
    def now(self) -> datetime:
        return self.bench.clock.now()

    async def look(self) -> None:
        self.study = (await find_study(self.bench, self.address)).study

    async def change(self, change: Change, message: str) -> None:
        self.study = await change_study(
            self.bench, self.address, change, f"Study {self.address.name}: {message}"
        )

    def refuse_what_nobody_agreed_to(self) -> None:
        """Whoever may write to the repo could have runs do something else, or send other files of this computer.

        Raises InvalidRequest; a study that is only added to is the same one.
        """
        if _what_runs_do(self.study.asked) != _what_runs_do(self.agreed):
            raise InvalidRequest(
                f"What the runs of {self.address} would do has changed since you agreed to it.",
                hint="Check it, and run the study again if that is what you want.",
            )

    def within_what_was_agreed(self, study: Study) -> Study:
        """With the money that was agreed to here: what another computer adds to it is spent by that one."""
        budget = min(study.asked.budget_usd, self.agreed.budget_usd)
        return replace(study, asked=replace(study.asked, budget_usd=budget))

    def put_off(self, trial: Trial) -> None:
        """Look into the trial again a little later."""
        self._not_before[trial.number] = self.now + timedelta(seconds=LOOK_SECONDS)

    def is_due(self, trial: Trial) -> bool:
        waits = self._not_before.get(trial.number)
        return waits is None or self.now >= waits

    def hold_back(self, *, for_stock: bool) -> None:
        """Begin no trial for a while."""
        seconds = STOCK_SECONDS if for_stock else LOOK_SECONDS
        self.no_trial_before = self.now + timedelta(seconds=seconds)

    @property
    def is_held_back(self) -> bool:
        return self.no_trial_before is not None and self.now < self.no_trial_before

    def tell(self, text: Said, trial: Trial | None = None) -> None:
        self._said_last = ""
        self.report(StudyNews(text, self.study, trial))

    def say_once(self, text: Said) -> None:
        """Unless it was the last thing that was said."""
        if str(text) != self._said_last:
            self.tell(text)
            self._said_last = str(text)


def _what_runs_do(asked: Asked) -> Asked:
    """The study without what is only ever added to."""
    return replace(asked, budget_usd=0.0, at_most=1, most_trials=None, patience=None)
