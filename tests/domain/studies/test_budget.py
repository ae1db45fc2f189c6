"""The one promise of a study's money: spent and the worst case of what lives are never over its budget."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from launcher.domain.studies.kept import read_study, study_text, trials_text
from launcher.domain.studies.study import (
    Claim,
    OverBudget,
    Study,
    TooManyLive,
    Trial,
    TrialState,
)
from tests.kit.studies import study_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CENTS = st.integers(0, 500).map(lambda cents: cents / 100)
ENDS = st.sampled_from(
    [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.WAITING]
)


def claim(
    study: Study, worst_usd: float, boot_usd: float = 0.0, number: int | None = None
) -> Study:
    at = len(study.trials) if number is None else number
    trial = (
        study.trials[at]
        if at < len(study.trials)
        else Trial(at, {"learning_rate": 1e-4, "batch_size": 16})
    )
    return study.claimed(trial, Claim("me", NOW), worst_usd, boot_usd)


class TwoComputers(RuleBasedStateMachine):
    """Both read a study, and write it only where nobody has written since: what the Hub does with a commit's parent."""

    study: Study

    @initialize(budget=st.integers(100, 2000), at_most=st.integers(1, 4))
    def create(self, budget: int, at_most: int) -> None:
        self.study = study_of(budget_usd=budget / 100, at_most=at_most)
        self.read = {"one": self.study, "other": self.study}

    @rule(who=st.sampled_from(["one", "other"]))
    def look(self, who: str) -> None:
        kept = read_study(study_text(self.study).encode(), trials_text(self.study).encode())
        assert kept == self.study
        self.read[who] = kept

    @rule(who=st.sampled_from(["one", "other"]), worst=CENTS, boot=CENTS)
    def begin(self, who: str, worst: float, boot: float) -> None:
        seen = self.read[who]
        waiting = seen.of(TrialState.WAITING)
        with suppress(OverBudget, TooManyLive):
            self._write(who, claim(seen, worst, boot, waiting[0].number if waiting else None))

    @precondition(lambda self: any(read.live for read in self.read.values()))
    @rule(
        who=st.sampled_from(["one", "other"]),
        which=st.integers(0, 3),
        share=st.floats(0, 1),
        end=ENDS,
    )
    def end(self, who: str, which: int, share: float, end: TrialState) -> None:
        seen = self.read[who]
        if not seen.live:
            return
        trial = seen.live[which % len(seen.live)]
        self._write(who, seen.settled(trial.number, end, share * trial.reserved_usd, ended_at=NOW))

    def _write(self, who: str, changed: Study) -> None:
        if self.read[who] == self.study:  # else the Hub answers 412, and it has to look again
            self.study = self.read[who] = changed

    @invariant()
    def never_over_the_budget(self) -> None:
        if not hasattr(self, "study"):
            return
        committed = self.study.spent_usd + self.study.reserved_usd
        assert committed <= self.study.asked.budget_usd + 1e-6
        assert len(self.study.live) <= self.study.asked.at_most


TestTwoComputers = pytest.mark.promise("money-study")(TwoComputers.TestCase)
TestTwoComputers.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_a_trial_that_would_go_over_the_budget_is_refused_and_says_whether_waiting_helps() -> None:
    study = claim(study_of(budget_usd=5.0, at_most=3), 3.0)
    with pytest.raises(OverBudget) as refused:
        claim(study, 2.5)
    assert not refused.value.is_final  # the first may cost less than it could
    with pytest.raises(OverBudget) as refused:
        claim(study, 5.01)
    assert refused.value.is_final
    assert claim(study, 1.5, 0.5).left_usd == pytest.approx(0.0)


def test_pods_that_never_come_up_are_set_aside_as_well() -> None:
    study = claim(study_of(budget_usd=5.0), 2.0, 0.6)
    assert study.reserved_usd == pytest.approx(2.6)
    assert study.settled(0, TrialState.COMPLETE, 1.0).left_usd == pytest.approx(4.0)


def test_a_second_launch_is_another_run_and_what_the_first_cost_stays_spent() -> None:
    study = claim(study_of(budget_usd=5.0), 2.0).settled(0, TrialState.WAITING, 0.4)
    assert study.trials[0].claim is None
    again = claim(study, 2.0, number=0)
    assert again.trials[0].run_id == "tune-001-2"
    assert again.trials[0].committed_usd == pytest.approx(2.4)


def test_a_trial_is_begun_once_and_ended_once() -> None:
    study = claim(study_of(), 1.0)
    with pytest.raises(ValueError, match="started already"):
        claim(study_of(at_most=2).with_trial(study.trials[0]), 1.0, number=0)
    over = study.settled(0, TrialState.COMPLETE, 0.5)
    with pytest.raises(ValueError, match="does not live"):
        over.settled(0, TrialState.COMPLETE, 0.5)


@pytest.mark.parametrize("worst", [float("nan"), float("inf"), -1.0])
def test_what_a_trial_may_cost_is_a_number(worst: float) -> None:
    with pytest.raises(ValueError, match="a number"):
        claim(study_of(), worst)
