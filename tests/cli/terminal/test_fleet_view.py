"""The table of all that lives: uncut in a pipe, and fitting in a terminal of any size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.cli.terminal.fleet_view import fleet_frame, fleet_text, left_running
from launcher.cli.terminal.layout import cells
from launcher.domain.labels import Label, LabelName, Labels
from launcher.services.live.fleet import Fleet, LiveRow
from pod_image.contract.outcomes import Phase
from tests.kit.clocks import NOW
from tests.kit.runs import run

PLACES = ("RunPod",)
ROW = LiveRow(
    run=run(),
    place="RunPod",
    phase=Phase.TRAIN,
    step=1_234,
    total_steps=40_000,
    seconds_left=7_200.0,
    steps_per_second=5.25,
    gpu_use_percent=96.0,
    cost_usd=0.24,
    cost_per_minute_usd=0.006,
    cap_usd=2.0,
    heard_at=NOW,
    is_silent=False,
)


def called(name: str) -> Labels:
    return Labels({LabelName.NAME: Label(name)})


def fleet(count: int) -> Fleet:
    return Fleet(
        tuple(replace(ROW, run=run(run_id=f"run-{n:03}", pod_id=f"pod{n}")) for n in range(count))
    )


def test_every_figure_of_a_run_stands_in_its_row() -> None:
    head, row, totals = fleet_text(fleet(1), {}, PLACES).splitlines()
    for words in ("run-000", "RTX 4090", "train", "1,234 of 40,000", "2 h", "5.25/s", "96%"):
        assert words in row
    for words in ("$0.0060", "$0.24", "$2.00"):
        assert words in row
        assert words in totals
    assert head.index("CAP") + 3 == row.index("$2.00") + 5


def test_a_pipe_gets_every_row_and_no_line_is_cut() -> None:
    named = replace(ROW, run=run(labels=called("a voice with a long name of its own")))
    text = fleet_text(
        Fleet((*fleet(100).rows, named)), {"Elsewhere": "It does not answer. " * 9}, PLACES
    )
    assert text.count("run-0") == 100
    assert "It does not answer. It does not answer." in text
    assert "1 more" not in text


@pytest.mark.parametrize("columns", [30, 60, 80, 100, 200])
@pytest.mark.parametrize("rows", [8, 24, 60])
def test_a_terminal_of_any_size_shows_runs_totals_and_how_to_leave(columns: int, rows: int) -> None:
    lines = fleet_frame(fleet(40), {}, PLACES, ["", "q: stop looking"], columns, rows)
    assert len(lines) <= rows
    assert max(map(cells, lines)) <= columns
    assert lines[-1] == "q: stop looking"
    totals = lines[-3]
    assert totals.startswith("all")
    assert "run-000" in lines[1]
    if columns >= 60:
        assert "$9.60" in totals
    if rows < 40:
        shown = sum(line.startswith("run-") for line in lines)
        assert f"{40 - shown} more"[:columns] in "\n".join(lines)


def test_what_is_old_wrong_or_out_of_sight_is_said_below() -> None:
    silent = replace(ROW, is_silent=True)
    late = replace(ROW, run=run(run_id="run-02"), problem="It is past its deadline.")
    text = fleet_text(Fleet((silent, late)), {"RunPod": "RunPod did not answer."}, ())
    assert "figures may be old: run-01" in text
    assert "run-02: It is past its deadline." in text
    assert "RunPod could not be checked: RunPod did not answer." in text


def test_who_leaves_is_told_what_goes_on_and_what_it_costs() -> None:
    assert left_running(Fleet(), PLACES) == "No run is live on RunPod."
    assert left_running(fleet(1), PLACES).startswith("1 pod continues")
    assert "3 pods continue without this computer: $0.0180 a minute" in left_running(
        fleet(3), PLACES
    )
    assert "never over $6.00" in left_running(fleet(3), PLACES)


def test_what_strangers_wrote_reaches_the_terminal_as_plain_text() -> None:
    odd = replace(ROW, run=run(gpu_name="RTX\x1b[31m 4090", labels=called("a\x1b]0;b\x07")))
    shown = "\n".join(fleet_frame(Fleet((odd,)), {"x": "\x1b[2J"}, PLACES, [], 100, 20))
    assert "4090" in shown
    assert "[2J" in shown
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_nothing_is_said_of_a_place_that_was_not_looked_at() -> None:
    silent = {"Hugging Face Jobs": "Hugging Face did not answer."}
    assert fleet_text(Fleet(), {}, PLACES) == "No run is live on RunPod."
    three = fleet_text(Fleet(), {}, ("RunPod", "Hugging Face Jobs", "this computer"))
    assert three == "No run is live on RunPod, Hugging Face Jobs or this computer."
    both = fleet_text(Fleet(), silent, PLACES)
    assert both.startswith("No run is live on RunPod.")
    assert "Hugging Face Jobs could not be checked" in both
    assert "not known what is live" in fleet_text(Fleet(), silent, ())
    assert fleet_text(fleet(2), silent, PLACES).splitlines()[3].startswith("all found")
    assert fleet_text(fleet(2), {}, PLACES).splitlines()[3].startswith("all  ")


def test_of_a_cluster_it_is_not_said_that_it_needs_no_computer() -> None:
    cluster = replace(ROW, run=run(run_id="run-02", pod_id="cluster-abc"))
    said = left_running(Fleet((ROW, cluster)), PLACES)
    assert said.startswith("2 pods continue: ")
    assert "without this computer" not in said
    assert said.endswith("must keep watching: run-02.")
