"""The three promises hold in every schedule that is drawn, and a promise broken on purpose is noticed."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from tests.kit.virtual_time import START
from tests.simulation import jobs_place, own_place
from tests.simulation.__main__ import main, summed
from tests.simulation.cluster_place import RentedCluster
from tests.simulation.disks import PowerLoss
from tests.simulation.judge import Verdict
from tests.simulation.patches import disks
from tests.simulation.planted_bugs import PlantedBug
from tests.simulation.play import play
from tests.simulation.schedule import (
    CLUSTERS,
    HOUR,
    JOBS,
    LAME,
    OWN,
    PLACES,
    WATCHING,
    Schedule,
    Strike,
    draw,
)
from tests.simulation.trainer import Work
from tests.simulation.world import World

FIRST_SEED = 1
SCHEDULES = int(os.environ.get("LAUNCHER_SCHEDULES", "100"))
"""Promises that are broken on purpose have schedules of their own below: these look for what nobody thought of. More of
them are played by CI, by this variable, or for a night by `python -m tests.simulation`.
"""
PARTS = 4
"""So that the two cores of a test run share them."""


def schedule(*strikes: Strike, steps: int = 20, max_hours: float = 0.4, **rest: Any) -> Schedule:
    values = {"is_detached": False, "blurts_tokens": False, "work": Work(steps, 20.0, 5), **rest}
    return Schedule(7, max_hours=max_hours, strikes=strikes, **values)


def cluster(*strikes: Strike, nodes: int = 2, **rest: Any) -> Schedule:
    return schedule(*strikes, place="cluster", nodes=nodes, **rest)


@pytest.mark.promise(
    "money-release",
    "money-caps",
    "money-watched",
    "money-launch",
    "money-once",
    "money-reap",
    "money-others",
    "results-while",
    "results-all",
    "results-restart",
    "secrets-training",
    "secrets-definition",
    "secrets-nowhere",
)
@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_the_promises_hold_under_drawn_faults(part: int) -> None:
    seeds = range(FIRST_SEED + part, FIRST_SEED + SCHEDULES, PARTS)
    verdicts = [play(seed) for seed in seeds]
    assert verdicts, "LAUNCHER_SCHEDULES is smaller than the number of parts"
    assert [(each.seed, each.findings) for each in verdicts if each.findings] == []
    assert sum(each.pods for each in verdicts) >= len(verdicts) * 0.8


def test_a_run_without_faults_ends_with_all_its_results() -> None:
    verdict = play(schedule(blurts_tokens=True))
    assert verdict.findings == []
    assert verdict.pods == 1
    assert any('"reason":"finished"' in line for line in verdict.trace)


def test_a_job_without_faults_ends_with_all_its_results_and_costs_no_pod() -> None:
    worlds: list[World] = []
    verdict = play(
        schedule(place="hf-jobs", blurts_tokens=True, has_strangers=True), look=worlds.append
    )
    assert verdict.findings == []
    assert verdict.pods == 1
    assert any('"reason":"finished"' in line for line in verdict.trace)
    assert not worlds[0].cloud.pods
    (job,) = worlds[0].our_pods()
    assert job.status == "COMPLETED"


@pytest.mark.parametrize("has_results_folder", [False, True])
@pytest.mark.parametrize("place", ["ssh", "local"])
def test_a_run_on_a_machine_of_ones_own_without_faults_ends_with_all_its_results_and_gives_all_back(
    place: str, has_results_folder: bool
) -> None:
    worlds: list[World] = []
    quiet = schedule(place=place, blurts_tokens=True, has_results_folder=has_results_folder)
    verdict = play(quiet, look=worlds.append)
    assert verdict.findings == []
    assert verdict.pods == 1
    assert any('"reason":"finished"' in line for line in verdict.trace)
    assert not worlds[0].cloud.pods
    (run,) = worlds[0].our_pods()
    assert run.status == "EXITED"


@pytest.mark.parametrize("place", ["ssh", "local"])
@pytest.mark.parametrize("jump", [-7_200.0, 7_200.0])
@pytest.mark.parametrize(
    ("kind", "name"), [("laptop", "laptop-clock-jumps"), ("pod", "pod-clock-jumps")]
)
def test_a_run_on_a_machine_of_ones_own_goes_on_when_a_clock_is_set(
    kind: str, name: str, jump: float, place: str
) -> None:
    verdict = play(schedule(Strike(40.0, kind, name, options={"jump": jump}), place=place))
    assert verdict.findings == []
    assert any('"reason":"finished"' in line for line in verdict.trace)


@pytest.mark.parametrize("place", ["ssh", "local"])
def test_of_two_runs_that_are_started_in_the_same_moment_one_has_the_gpu_and_the_other_is_refused(
    place: str,
) -> None:
    worlds: list[World] = []
    verdict = play(schedule(Strike(0.0, "person", "other-run"), place=place), look=worlds.append)
    assert verdict.findings == []
    assert verdict.pods == 1
    refused = [said for said in worlds[0].said_here if "0 of 1 GPUs are free" in said]
    assert refused


def test_a_run_that_came_to_its_end_while_its_launch_slept_is_told_as_it_ended() -> None:
    verdict = play(schedule(Strike(8.0, "laptop", "laptop-sleeps", 1_800.0), place="ssh"))
    assert verdict.findings == []
    assert any('"reason":"finished"' in line for line in verdict.trace)


@pytest.mark.parametrize("jump", [-7_200.0, 7_200.0])
def test_a_job_is_not_cancelled_because_the_clock_of_this_computer_jumps(jump: float) -> None:
    strike = Strike(40.0, "laptop", "laptop-clock-jumps", options={"jump": jump})
    verdict = play(schedule(strike, place="hf-jobs"))
    assert verdict.findings == []
    assert any('"reason":"finished"' in line for line in verdict.trace)


@pytest.mark.parametrize(("jump", "reason"), [(-500.0, "finished"), (-7_200.0, "boot_failed")])
def test_a_job_goes_by_the_hubs_clock_or_says_that_its_machines_is_wrong(
    jump: float, reason: str
) -> None:
    strike = Strike(4.0, "pod", "pod-clock-jumps", options={"jump": jump})
    verdict = play(schedule(strike, place="hf-jobs"))
    assert verdict.findings == []
    ends = [line for line in verdict.trace if '"event":"ended"' in line]
    assert f'"reason":"{reason}"' in ends[-1]


@pytest.mark.parametrize("nodes", [1, 2])
def test_what_was_learnt_becomes_a_voice_also_where_the_cloud_is_away_at_a_later_start(
    nodes: int,
) -> None:
    strikes = (
        Strike(380.0, "pod", "agent-hangs", HOUR, options={"rank": 0}),
        Strike(400.0, "cloud", "server-errors", 1_590.0, options={"status": 503}),
    )
    given = cluster(*strikes) if nodes > 1 else schedule(*strikes)
    verdict = play(given)
    assert verdict.findings == []
    (end,) = [line for line in verdict.trace if '"event":"ended"' in line]
    assert "voice/demo.onnx" in end


def test_a_cluster_without_faults_ends_with_all_its_results_and_all_its_pods() -> None:
    worlds: list[World] = []
    verdict = play(cluster(nodes=3, blurts_tokens=True, has_strangers=True), look=worlds.append)
    assert verdict.findings == []
    assert verdict.pods == 1
    assert any('"reason":"finished"' in line for line in verdict.trace)
    (rented,) = worlds[0].our_pods()
    assert isinstance(rented, RentedCluster)
    assert [node.is_live for node in rented.nodes] == [False] * 3
    # Each of them trained; the first alone has kept anything.
    machines = [worlds[0].machine(node.id) for node in rented.nodes]
    assert [len(machine.steps) for machine in machines] == [20] * 3
    assert [bool(machine.disk.kept) for machine in machines] == [True, False, False]


@pytest.mark.parametrize("at", ["watch", "watch-elsewhere"])
def test_whoever_takes_over_from_a_launcher_that_died_ends_its_cluster(at: str) -> None:
    died = Strike(100.0, "laptop", "launcher-killed")
    verdict = play(cluster(died, Strike(130.0, "person", at)))
    assert verdict.findings == []
    assert any('"reason":"finished"' in line for line in verdict.trace)
    assert verdict.out_of_reach_seconds == 0.0


@pytest.mark.parametrize(
    ("place", "reaped_at", "ends_after"),
    [("reap", 300.0, 300.0), ("reap-elsewhere", 2_000.0, 2_000.0)],
)
def test_a_cluster_whose_launcher_died_is_ended_by_a_reap(
    place: str, reaped_at: float, ends_after: float
) -> None:
    """On the computer that ordered it at once; on another one once a cap was reached."""
    worlds: list[World] = []
    strikes = (
        Strike(100.0, "laptop", "launcher-killed"),
        Strike(250.0, "person", "reap-elsewhere"),
        Strike(reaped_at, "person", place),
    )
    assert play(cluster(*strikes, steps=60), look=worlds.append).findings == []
    (rented,) = worlds[0].our_pods()
    assert isinstance(rented, RentedCluster)
    gone_at = [node.gone_at - START for node in rented.nodes if node.gone_at is not None]
    assert len(gone_at) == 2
    assert all(ends_after < at < ends_after + 60.0 for at in gone_at)


def test_when_a_further_node_is_lost_the_others_end_and_what_was_learnt_is_delivered() -> None:
    verdict = play(cluster(Strike(300.0, "pod", "host-dies", options={"rank": 1}), steps=60))
    assert verdict.findings == []
    ends = [line for line in verdict.trace if '"event":"ended"' in line]
    assert '"reason":"trainer_died"' in ends[-1]
    assert '"not_delivered_count":0' in ends[-1]


def test_the_place_is_drawn_and_every_strike_can_happen_there() -> None:
    schedules = [draw(seed) for seed in range(1, 601)]
    at = {name: [each for each in schedules if each.place == name] for name, _ in PLACES}
    assert sum(len(each) for each in at.values()) == 600
    assert math.isclose(sum(share for _, share in PLACES), 1.0)
    for name, share in PLACES:
        assert 0.7 * share <= len(at[name]) / 600 <= 1.3 * share, name
    kinds = {name: {strike.kind for each in at[name] for strike in each.strikes} for name in at}
    assert kinds["runpod"] == {"cloud", "hub", "pod", "laptop", "person"}
    assert kinds["cluster"] == kinds["runpod"]
    assert kinds["hf-jobs"] == {"jobs", "hub", "pod", "laptop", "person"}
    assert kinds["ssh"] == kinds["local"] == {"own", "hub", "pod", "laptop", "person"}
    assert all((each.nodes > 1) is (each.place == "cluster") for each in schedules)
    assert not any(each.is_detached for each in at["cluster"])
    of_clusters = {strike.name for each in at["cluster"] for strike in each.strikes}
    assert of_clusters >= {*CLUSTERS, *WATCHING, "host-dies", "launcher-killed"}
    of_jobs = [strike for each in at["hf-jobs"] for strike in each.strikes if strike.kind == "jobs"]
    assert {strike.name for strike in of_jobs} == set(JOBS)
    assert set(JOBS) == {
        *jobs_place.ONCE, *jobs_place.WHILE, *jobs_place.LASTING, *jobs_place.COUNTED
    }  # fmt: skip
    of_own = [strike for each in at["ssh"] for strike in each.strikes if strike.kind == "own"]
    assert {strike.name for strike in of_own} == set(OWN)
    assert set(OWN) == {*own_place.ONCE, *own_place.LASTING}


def test_a_strike_that_fails_is_not_taken_for_a_promise_that_was_kept() -> None:
    with pytest.raises(ValueError, match="jobs-awya is no fault of jobs"):
        play(schedule(Strike(1.0, "jobs", "jobs-awya"), place="hf-jobs"))
    with pytest.raises(ValueError, match="rebots is no fault of a machine of one's own"):
        play(schedule(Strike(1.0, "own", "rebots"), place="ssh"))


@pytest.mark.parametrize(
    ("seed", "place"),
    [(9, "runpod"), (2, "hf-jobs"), (26, "cluster"), (12, "ssh"), (37, "local")],
)
def test_one_seed_repeats_its_schedule_exactly(seed: int, place: str) -> None:
    assert draw(seed) == draw(seed)
    assert draw(seed).place == place
    first, again = play(seed), play(seed)
    assert again.trace == first.trace
    assert again.digest == first.digest


def test_schedules_of_different_seeds_differ() -> None:
    assert len({repr(draw(seed)) for seed in range(50)}) == 50


ORPHANS = schedule(
    Strike(380.0, "cloud", "delete-ignored", times=2),
    Strike(390.0, "laptop", "laptop-gone"),
)
OLD_AGE = schedule(
    Strike(700.0, "pod", "container-killed"), Strike(710.0, "laptop", "laptop-gone"), steps=400
)
HANGS = schedule(
    Strike(100.0, "pod", "agent-hangs"), Strike(110.0, "laptop", "laptop-gone"), steps=400
)
FILES = Work(20, 20.0, 5, 105.0, recipe="command", files=12)
BROKEN: dict[PlantedBug, Schedule] = {
    PlantedBug.RELEASES_ONCE: ORPHANS,
    PlantedBug.FORGETS_ITS_AGE: OLD_AGE,
    PlantedBug.CLAIMS_UPLOADS: schedule(Strike(100.0, "hub", "down")),
    PlantedBug.UPLOADS_AT_THE_END: schedule(Strike(700.0, "pod", "host-dies"), steps=60),
    PlantedBug.ORDERS_AGAIN: schedule(Strike(0.0, "cloud", "create-500-but-rents", times=1)),
    PlantedBug.HANDS_ON_KEYS: schedule(),
    PlantedBug.SENDS_PLAIN_TOKENS: schedule(),
    PlantedBug.FORGETS_THE_COST: schedule(
        Strike(60.0, "laptop", "laptop-gone"), steps=400, max_cost_usd=0.08
    ),
    PlantedBug.SLEEPS_ON_GUARD: HANGS,
    PlantedBug.LEAVES_FAILED_LAUNCHES: schedule(Strike(10.0, "laptop", "hangup")),
    PlantedBug.NEVER_REAPS: schedule(
        Strike(0.0, "cloud", "stuck-provisioning", times=1),
        Strike(30.0, "laptop", "laptop-loses-power"),
        Strike(1_400.0, "person", "reap"),
    ),
    PlantedBug.BELIEVES_THE_HUB: schedule(Strike(150.0, "hub", "content-spoilt")),
    PlantedBug.STOPS_DELIVERING: schedule(work=FILES),
    PlantedBug.FORGETS_THE_VOICE: schedule(),
    PlantedBug.MAKES_NO_VOICE: schedule(Strike(200.0, "hub", "down")),
    PlantedBug.ENDS_IN_SILENCE: schedule(),
    PlantedBug.HIDES_WHAT_IS_MISSING: schedule(Strike(200.0, "hub", "down-for-hours")),
    PlantedBug.GIVES_UP_SOON: schedule(Strike(420.0, "hub", "down"), max_hours=0.9),
    PlantedBug.TAKES_OVER: schedule(
        Strike(60.0, "cloud", "pod-error", times=1),
        Strike(65.0, "person", "deploy-elsewhere"),
        work=Work(40, 20.0, 10),
    ),
    PlantedBug.REAPS_STRANGERS: schedule(has_strangers=True),
    PlantedBug.FORGETS_THE_TIMEOUT: schedule(
        Strike(60.0, "laptop", "laptop-gone"),
        Strike(100.0, "pod", "agent-hangs"),
        Strike(101.0, "pod", "guard-killed"),
        place="hf-jobs",
    ),
    PlantedBug.BELIEVES_CANCEL: schedule(
        Strike(0.0, "jobs", "cancel-ignored-once"),
        Strike(10.0, "laptop", "hangup"),
        place="hf-jobs",
    ),
    PlantedBug.STARTS_JOBS_AGAIN: schedule(
        Strike(0.0, "jobs", "start-reply-lost"), place="hf-jobs"
    ),
    PlantedBug.SENDS_THE_JOBS_TOKEN: schedule(place="hf-jobs"),
    PlantedBug.LENDS_A_GPU_TWICE: schedule(Strike(100.0, "person", "other-run"), place="ssh"),
    PlantedBug.FORGETS_WHO_LIVES: schedule(
        Strike(100.0, "own", "out-of-memory", options={"who": "first"}),
        Strike(130.0, "person", "other-run"),
        place="local",
    ),
    PlantedBug.LEAVES_PROCESSES: schedule(Strike(100.0, "person", "abort"), place="ssh"),
    PlantedBug.DROPS_FOLDERS: schedule(Strike(200.0, "hub", "down-for-hours"), place="local"),
    PlantedBug.WRITES_KEYS_DOWN: schedule(place="ssh"),
    PlantedBug.GOES_BY_ITS_OWN_CLOCK: schedule(
        Strike(40.0, "laptop", "laptop-clock-jumps", options={"jump": 7_200.0}), place="ssh"
    ),
    PlantedBug.FORGETS_THE_KEPT_LOG: schedule(
        Strike(350.0, "hub", "down-for-hours"),
        Strike(360.0, "laptop", "launcher-killed"),
        place="ssh",
    ),
    PlantedBug.LEAVES_ITS_CLUSTER: cluster(Strike(100.0, "laptop", "ctrl-c")),
    PlantedBug.ENDS_MEMBERS_ALONE: cluster(Strike(700.0, "laptop", "laptop-gone")),
    PlantedBug.OUTSTAYS_ITS_FIRST_NODE: cluster(
        Strike(200.0, "pod", "host-dies", options={"rank": 0})
    ),
    PlantedBug.FORGETS_UNWATCHED_CLUSTERS: cluster(
        Strike(100.0, "laptop", "launcher-killed"), Strike(300.0, "person", "reap"), steps=60
    ),
    PlantedBug.ENDS_WATCHED_CLUSTERS: cluster(Strike(200.0, "person", "reap")),
    PlantedBug.ENDS_OTHERS_CLUSTERS: cluster(has_strangers=True),
    PlantedBug.ORDERS_CLUSTERS_AGAIN: cluster(
        Strike(0.0, "cloud", "create-500-but-rents", times=1)
    ),
    PlantedBug.DELIVERS_FROM_EVERY_NODE: cluster(),
    PlantedBug.TRAINS_ON_ALONE: cluster(
        Strike(300.0, "pod", "host-dies", options={"rank": 1}), steps=200, max_hours=0.9
    ),
    PlantedBug.HANDS_KEYS_TO_FURTHER_NODES: cluster(),
}


@pytest.mark.parametrize(
    "planted_bug", list(PlantedBug), ids=lambda planted_bug: planted_bug.name.lower()
)
def test_a_promise_broken_on_purpose_is_noticed(planted_bug: PlantedBug) -> None:
    verdict = play(BROKEN[planted_bug], planted_bug)
    assert {finding.kind for finding in verdict.findings} >= {planted_bug.kind}


CLEAN = {repr(BROKEN[each]): each for each in reversed(PlantedBug)}
"""Schedules that differ, each with the first bug that has it: those that several have are played once."""


@pytest.mark.parametrize(
    "planted_bug", list(reversed(CLEAN.values())), ids=lambda planted_bug: planted_bug.name.lower()
)
def test_the_same_schedule_is_clean_without_the_bug(planted_bug: PlantedBug) -> None:
    assert play(BROKEN[planted_bug]).findings == []


def test_a_power_cut_takes_what_was_not_synced_and_leaves_what_is_older(tmp_path: Path) -> None:
    power = PowerLoss(tmp_path)
    (tmp_path / "old").write_text("old")
    (tmp_path / "changed").write_text("before")
    power.look()
    with disks(lambda path: False, power.synced):
        (tmp_path / "changed").write_text("after")
        (tmp_path / "new").write_text("new")
        with (tmp_path / "half").open("w") as file:
            file.write("synced")
            file.flush()
            os.fsync(file.fileno())
        (tmp_path / "half").rename(tmp_path / "whole")
        with (tmp_path / "whole").open("a") as file:
            file.write(", and more")
    power.strike()
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"old": "old", "changed": "before", "whole": "synced"}


def test_a_pod_that_cannot_be_released_delivers_what_the_hub_did_not_take_before_the_cap() -> None:
    """The Hub comes back six seconds after the cap, the cloud a quarter of an hour later."""
    strikes = (
        Strike(830.0, "hub", "down"),
        Strike(1_420.0, "cloud", "rate-limited", 1_000.0, options={"seconds": 30}),
    )
    verdict = play(schedule(*strikes, steps=60, is_detached=True))
    assert verdict.findings == []
    ends = [line for line in verdict.trace if '"event":"ended"' in line]
    assert '"not_delivered_count":0' not in ends[0]
    assert '"not_delivered_count":0' in ends[-1]


def test_a_commit_that_the_caps_cut_off_does_not_land_after_the_last_word() -> None:
    """Its upload takes longer than there is time, and goes on beside the end."""
    large = Work(20, 20.0, 10, 850.0)
    verdict = play(schedule(work=large, max_hours=0.9, max_cost_usd=0.08, upload_mb_per_second=5.0))
    assert verdict.findings == []
    assert any('"reason":"cost_cap"' in line for line in verdict.trace)


def test_what_no_promise_covers_is_counted() -> None:
    """The cloud never brings the pod up and the laptop is gone: nobody is left who could end it."""
    verdict = play(
        schedule(
            Strike(0.0, "cloud", "stuck-provisioning", times=1),
            Strike(30.0, "laptop", "laptop-gone"),
        )
    )
    assert verdict.findings == []
    assert verdict.out_of_reach_seconds > 0.1 * HOUR


def test_the_sums_name_the_seeds_that_failed() -> None:
    good = play(schedule())
    bad = play(schedule(), PlantedBug.SENDS_PLAIN_TOKENS)
    told = summed([good, Verdict(99, bad.findings, 60.0, 1, ())])
    assert told["schedules"] == 2
    assert told["failing_seeds"] == [99]
    assert told["orphans"] == 0
    assert told["leaked"] == len(bad.findings)
    assert told["out_of_reach_minutes"] == 1


def test_a_machine_that_is_not_what_was_rented_is_given_back_for_the_next_offer() -> None:
    verdict = play(schedule(Strike(0.0, "pod", LAME, times=1)))
    assert verdict.findings == []
    assert verdict.pods == 2
    text = "\n".join(verdict.trace)
    assert "it should do over 1" in text
    assert '"reason":"finished"' in text


def test_the_command_prints_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--schedules", "1", "--seed", "5", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert list(told)[:6] == ["schedules", "orphans", "lost", "doubled", "leaked", "touched"]
    assert told["failing_seeds"] == []
    assert told["schedules"] == 1


def test_the_command_fails_when_a_promise_was_broken(capsys: pytest.CaptureFixture[str]) -> None:
    broken = ["--schedules", "1", "--seed", "1", "--plant", "sends_plain_tokens"]
    assert main(broken) == 1
    assert "leaked" in capsys.readouterr().out
