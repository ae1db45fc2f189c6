"""Runs beside each other: which curve they are compared by, where it ends, and which of their settings differ."""

from __future__ import annotations

import json

from launcher.domain.run_picture import picture_of
from launcher.services.following.comparing import (
    ComparedRun,
    alike,
    beside_each_other,
    common_curve,
    differing,
)
from tests.kit.runs import ended_run, event, run


def with_losses(nonce: str, *steps: int, **losses: float) -> ComparedRun:
    told = [event("step", n, step=n, losses=losses) for n in steps]
    return ComparedRun(run(nonce=nonce), picture_of(told), nonce)


def test_they_are_compared_by_the_curve_that_most_of_them_have() -> None:
    compared = [
        with_losses("a", 1, 2, mel=1.0, odd=5.0),
        with_losses("b", 1, odd=4.0),
        with_losses("c", 1, odd=3.0),
    ]
    name, shown = common_curve(compared)
    ends = [one.last_loss(name, shown) for one in compared]
    assert name == "odd"
    assert [end.text if end else "" for end in ends] == [
        "5 at step 2",
        "4 at step 1",
        "3 at step 1",
    ]
    assert compared[1].last_loss("mel", shown) is None


def test_without_a_curve_there_is_no_loss_to_tell() -> None:
    name, shown = common_curve([with_losses("a")])
    assert name == ""
    assert with_losses("a").last_loss(name, shown) is None


def test_two_of_one_id_are_told_apart_and_a_run_that_goes_on_has_no_time_yet() -> None:
    over, going = ended_run(nonce="a"), run(nonce="b", attempt=2)
    first, second = beside_each_other([over, going], [picture_of([])] * 2)
    assert (first.name, second.name) == ("run-01 (try 1, me/voice)", "run-01 (try 2, me/voice)")
    assert first.seconds == 2_400.0
    assert second.seconds is None
    assert (first.how_it_ended, second.how_it_ended) == (over.end_sentence, "running")


def test_settings_are_either_different_or_alike_and_none_is_lost() -> None:
    runs = [
        run(nonce=str(n), settings_json=json.dumps({"batch_size": n, "epochs": 7})) for n in (8, 9)
    ]
    assert differing(*runs) == [("batch_size", (8, 9))]
    assert alike(*runs) == [("epochs", (7,))]
