"""The offers that a launch may still take, and why it left out the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from launcher.domain.offer import Offer
from launcher.errors import InvalidRequest, LauncherError, NoRight, NothingAvailable, OverLimit
from launcher.services.launching.bad_hosts import BadHost, elsewhere
from launcher.services.launching.progress import Reporter, Stage
from pod_image.contract.figures import dollars_per_hour


class Candidates:
    """`left` in the order in which they are tried; `tried` is the one of the last order."""

    def __init__(self, offers: Iterable[Offer], reporter: Reporter) -> None:
        self._reporter = reporter
        self.left = list(offers)
        self.tried: Offer | None = None
        self.refused: list[tuple[Offer, LauncherError]] = []

    def take(self) -> Offer:
        """The next one, off the list."""
        self.tried = self.left.pop(0)
        return self.tried

    def avoid(self, hosts: Sequence[BadHost]) -> None:
        """The machine of the last order was no good: its GPU in another data centre comes first now."""
        if self.tried is not None:
            self.left = list(elsewhere(self.tried, self.left, hosts))

    def note_refusal(self, offer: Offer, exc: LauncherError) -> None:
        """Go on to the next candidate, unless the answer shows that none will do."""
        self.refused.append((offer, exc))
        if isinstance(exc, InvalidRequest | NoRight):
            kinds = [type(each) for _, each in self.refused[-2:]]
            if not self.left or kinds == [type(exc)] * 2:
                raise exc
        self._reporter.say(Stage.REFUSED, f"{sentence_of(offer)}: {exc.message}", offer=offer)

    def leave_out_dearer(self, offer: Offer, exc: OverLimit) -> None:
        """Go on with what is cheaper, where that can be within the account's limit."""
        self.refused.append((offer, exc))
        self.left = [
            each
            for each in self.left
            if exc.is_about_price and each.price_per_hour_usd < offer.price_per_hour_usd
        ]
        if not self.left:
            raise exc
        self._reporter.say(Stage.REFUSED, f"{sentence_of(offer)}: {exc.message}", offer=offer)

    def nothing_available(self) -> LauncherError:
        if len(self.refused) == 1:
            ((offer, exc),) = self.refused
            what = f"{sentence_of(offer)} is not available now: {exc.message}"
        else:
            listed = "; ".join(f"{sentence_of(each)}: {exc.message}" for each, exc in self.refused)
            what = f"None of the {len(self.refused)} candidates is available now. {listed}"
        return NothingAvailable(
            what,
            hint="Allow more GPU types, more data centres or the other cloud tier, or try again later.",
        )


def sentence_of(offer: Offer) -> str:
    return f"{offer.counted}{offer.gpu_name} ({offer.variant}, {dollars_per_hour(offer.price_per_hour_usd)})"
