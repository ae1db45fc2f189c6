"""Everything that can go wrong for a person, in one tree.

LauncherError                    exit
  InvalidRequest                    2   settings that cannot work together, bad preset, unusable file
    MissingSetting                      a required setting was not given
    PlanMoved                           what was agreed to is not what would run now
    UnknownPlan                         no plan of that hash is kept, or not any more
  NotConfigured                     3   no key, key refused, an extra is not installed
    BadEnvironment                      a proxy, certificates, an address or a folder that this computer names is none
  NothingAvailable                  4   no offer fits, or all were refused
  ProviderError                     5   the provider said no
    ProviderUnavailable                 no answer, 429 or 5xx; reads are tried again, renting is not
    RentUnclear                         the create had no clear answer; it is settled by looking, never by asking again
    NoCapacity                          this offer is taken; the next candidate may do
    InsufficientBalance                 the account cannot pay for an hour
    OverLimit                           the account's own limits allow no more: cost in an hour, number of pods
    NoRight                             the key is good but may not do this
    PodGone                             the pod does not exist any more
    ApiDrift                            the provider answered in a shape we do not know; nothing is guessed
  HubError                          5   Hugging Face said no, or did not answer
  RunFailed                         6   the pod reported failure
    NotDelivered                    7   the run ended, and not everything it made is in the results repo
  Interrupted                     130   Ctrl-C; says whether the pod still runs and what it costs

Every error has a message (what happened), a hint (what to do next) and an exit code. Foreign errors become
one of these in exactly one function per service, with `from exc`. Only the edges catch them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pod_image.contract.hinted_error import HintedError
from pod_image.contract.next_steps import Said, joined


class LauncherError(HintedError):
    """Something a person can act on."""

    exit_code = 1

    def add(self, said: Said) -> None:
        """Say more of what happened, behind what is said already."""
        self.message = joined([self.message, said])
        self.args = (str(self.message),)


class InvalidRequest(LauncherError):
    exit_code = 2


class MissingSetting(InvalidRequest):
    """A required setting was not given. `setting` is its name."""

    def __init__(self, message: Said, *, setting: str, hint: Said = "") -> None:
        super().__init__(message, hint=hint)
        self.setting = setting


class PlanMoved(InvalidRequest):
    """`moves`: what is other than agreed, each a `launcher.domain.plan_moves.Moved`."""

    def __init__(self, message: Said, *, moves: Sequence[Any], hint: Said = "") -> None:
        super().__init__(message, hint=hint)
        self.moves = tuple(moves)


class UnknownPlan(InvalidRequest):
    pass


class NotConfigured(LauncherError):
    exit_code = 3


class BadEnvironment(NotConfigured):
    pass


class NothingAvailable(LauncherError):
    exit_code = 4


class ProviderError(LauncherError):
    exit_code = 5


class ProviderUnavailable(ProviderError):
    """No usable answer. `retry_after_seconds` is the provider's own word on when to come back, if any."""

    def __init__(
        self, message: Said, *, hint: Said = "", retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class RentUnclear(ProviderError):
    pass


class NoCapacity(ProviderError):
    pass


class InsufficientBalance(ProviderError):
    pass


class OverLimit(ProviderError):
    """`is_about_price`: a cheaper pod may be within it."""

    def __init__(self, message: Said, *, hint: Said = "", is_about_price: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.is_about_price = is_about_price


class NoRight(ProviderError):
    """`scope`: what the key lacks, as the provider names it; empty where that is not known."""

    def __init__(self, message: Said, *, hint: Said = "", scope: str = "") -> None:
        super().__init__(message, hint=hint)
        self.scope = scope


class PodGone(ProviderError):
    pass


class ApiDrift(ProviderError):
    pass


class HubError(LauncherError):
    exit_code = 5


class RunFailed(LauncherError):
    """`is_own`: the run's own doing, so that another machine changes nothing."""

    exit_code = 6

    def __init__(self, message: Said, *, hint: Said = "", is_own: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.is_own = is_own


class NotDelivered(RunFailed):
    exit_code = 7


class Interrupted(LauncherError):
    exit_code = 130
