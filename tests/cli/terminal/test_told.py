"""Curves and samples of one run on a terminal: the newest first, few of many, and how many are left out."""

from __future__ import annotations

from launcher.cli.terminal.told import (
    MOST_CURVES,
    MOST_POINTS,
    MOST_SAMPLES,
    curve_facts,
    sample_facts,
    told_parts,
)
from launcher.domain.run_picture import RunPicture, picture_of
from tests.kit.runs import event


def learnt(steps: int, curves: int = 1) -> RunPicture:
    names = [f"loss {number}" for number in range(curves)]
    return picture_of(
        event("step", step, step=step, losses=dict.fromkeys(names, 10.0 / step))
        for step in range(1, steps + 1)
    )


def spoken(count: int, text: str) -> RunPicture:
    return picture_of(
        event("sample", n, step=100 * n, path=f"samples/{n}.wav", text=text.format(n=n))
        for n in range(1, count + 1)
    )


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert told_parts(RunPicture()) == []


def test_a_curve_is_told_by_its_first_and_its_newest_value() -> None:
    text = "\n".join(told_parts(learnt(steps=1_000)))
    assert "loss 0" in text
    assert "0.01 at step 1,000" in text
    assert "10" in text


def test_the_first_and_the_newest_value_of_a_long_run_are_those_that_the_pod_said() -> None:
    (row,) = [line for line in told_parts(learnt(steps=5_001))[1].splitlines() if "loss 0" in line]
    assert row.split()[2:7] == ["10", "0.002", "at", "step", "5,001"]


def test_a_loss_that_never_was_a_number_is_no_curve() -> None:
    told = picture_of([event("step", 1, step=1, losses={"mel": float("nan")})])
    assert (told_parts(told), curve_facts(told)) == ([], [])


def test_of_many_curves_some_are_told_and_the_others_counted() -> None:
    text = "\n".join(told_parts(learnt(steps=2, curves=MOST_CURVES + 3)))
    assert f"loss {MOST_CURVES - 1}" in text
    assert f"loss {MOST_CURVES} " not in text
    assert "and 3 more curves, in --json" in text


def test_a_long_curve_has_few_points_and_its_newest_among_them() -> None:
    (curve,) = curve_facts(learnt(steps=1_501))
    assert len(curve["points"]) <= MOST_POINTS
    assert curve["points"][-1] == (1_501, 10.0 / 1_501)


def test_the_newest_samples_come_first_with_their_file_and_earlier_ones_are_counted() -> None:
    told = spoken(MOST_SAMPLES + 2, text="Sentence {n}." + " It goes on." * 20)
    lines = "\n".join(told_parts(told)).splitlines()
    assert "Sentence 7." in lines[2]
    assert "samples/7.wav" in lines[2]
    assert lines[-1].strip() == "and 2 earlier samples"
    assert len(sample_facts(told)) == MOST_SAMPLES + 2
