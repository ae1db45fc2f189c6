"""The run's own page on its way out: made for commits that there are anyhow, and never in the way of one."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pod_image.agent.curve_picture import curve_picture
from pod_image.agent.record import record_of
from pod_image.agent.run import Run
from pod_image.agent.run_card import Place, RunCard
from pod_image.contract.curve import Curve
from pod_image.contract.environment import HUB_URL_VARIABLE
from pod_image.contract.variables import PUBLIC_HUB_URL


@dataclass
class RunPage:
    """The page and its picture, as files of the results repo."""

    run: Run
    is_carried: bool = True
    """Whether commits bring it. After one that the Hub did not take for its files they go without, up to the end."""
    _picture: bytes = b""
    _drawn_of: Mapping[str, Curve] = field(default_factory=dict)

    def leave_out(self) -> None:
        self.is_carried = False

    def try_again(self) -> None:
        self.is_carried = True

    async def files(self, coming: Mapping[str, int], *, is_last: bool) -> dict[str, bytes]:
        """By path in the repo, for the commit that brings files of the sizes `coming`; none where it cannot be made."""
        if not self.is_carried:
            return {}
        try:
            card = self._card(coming, is_last=is_last)
            return await self.run.ports.run_blocking(lambda: self._drawn(card))
        except Exception:  # a fault of ours in a page must not cost a result
            for line in traceback.format_exc().splitlines():
                self.run.events.say(line)
        return {}

    def _card(self, coming: Mapping[str, int], *, is_last: bool) -> RunCard:
        run = self.run
        there = {file.path: file.size_bytes for file in run.delivered.values()}
        own = (run.results.card, run.results.curves)
        endpoint = run.ports.environment.get(HUB_URL_VARIABLE) or PUBLIC_HUB_URL
        course = copy(run.progress.course)
        course.curves = dict(course.curves)  # it is drawn on a thread while the run goes on
        return RunCard(
            record=record_of(run, is_over=is_last),
            course=course,
            settings=run.settings,
            place=Place(endpoint.rstrip("/"), run.settings.results_there, run.results),
            written_at=datetime.fromtimestamp(run.now(), UTC),
            files={path: size for path, size in {**there, **coming}.items() if path not in own},
        )

    def _drawn(self, card: RunCard) -> dict[str, bytes]:
        run, curves = self.run, card.course.curves
        if self._drawn_of != curves:  # a Hub that is away is asked again and again with the same
            self._picture, self._drawn_of = curve_picture(curves), curves
        pictures = {run.results.curves: self._picture} if self._picture else {}
        text = run.events.mask(card.markdown(has_picture=bool(pictures)))
        return {run.results.card: text.encode(), **pictures}
