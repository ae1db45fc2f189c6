"""What happens in one simulation, drawn from a seed: the work, what the person does, and every fault with its time."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.simulation.trainer import Work

HOUR = 3600.0
RUN_ID, OTHER_RUN_ID = "run-01", "run-02"
WHILE = {
    # Faults of the cloud that last, with the longest they may.
    "server-errors": 1.5 * HOUR,
    "html-error-page": 0.5 * HOUR,
    "rate-limited": 0.5 * HOUR,
    "dropped-replies": 300.0,
    "slow-replies": 600.0,
    "list-lag": 2 * HOUR,
    "list-empty": 0.5 * HOUR,
    "no-capacity": 900.0,
    "exec-refused": 4 * HOUR,
    "secrets-refused": 900.0,
    "logs-unavailable": 0.5 * HOUR,
    "pod-key-refused": 900.0,
    "delete-500": 900.0,
    "delete-404": 4 * HOUR,
    "delete-ignored": 4 * HOUR,
    "restart-wipes-disk": 4 * HOUR,
}
ONCE: dict[str, tuple[int, dict[str, Any]]] = {
    # Faults that strike a few times: how often at most, and their options.
    "create-500-but-rents": (1, {}),
    "create-timeout-but-rents": (1, {"seconds": 60.0}),
    "create-dropped-but-rents": (1, {}),
    "create-503-rents-nothing": (2, {}),
    "create-dropped-rents-nothing": (2, {}),
    "stuck-provisioning": (2, {}),
    "pod-error": (2, {}),
    "slow-image-pull": (1, {"seconds": 400.0}),
    "delete-ignored": (3, {}),
    "log-stream-cuts": (6, {"lines": 7}),
    "insufficient-balance": (1, {}),
    "container-restart-loop": (4, {"seconds": 90.0}),
}
HUB = (
    "busy",
    "down",
    "down-for-hours",
    "slow",
    "silent",
    "commit-refused",
    "commit-busy",
    "commit-locked",
    "commit-stale",
    "commit-reply-lost",
    "commit-late",
    "commit-quota",
    "rate-limited",
    "dropped",
    "reset",
    "download-truncated",
    "download-reset",
    "upload-busy",
    "whoami-busy",
    "token-revoked",
    "content-spoilt",
    "repo-deleted",
)
POD = (
    "host-dies",
    "host-loses-power",
    "container-killed",
    "agent-killed-alone",
    "agent-hangs",
    "guard-killed",
    "guard-and-agent-killed",
    "trainer-killed",
    "trainer-hangs",
    "gpu-idle",
    "disk-full",
    "pod-clock-jumps",
)
LAPTOP = (
    "laptop-gone",
    "laptop-sleeps",
    "laptop-clock-jumps",
    "launcher-killed",
    "launcher-killed-in-a-call",
    "laptop-loses-power",
    "ctrl-c",
    "ctrl-c-again",
    "hangup",
    "terminal-gone",
    "reader-gone",
    "disk-full-here",
)
JOBS: Mapping[str, tuple[float, bool]] = {
    # Faults of Hugging Face Jobs in the place of the cloud's: the longest each may last, and whether a launch meets it.
    "start-reply-lost": (0.0, True),
    "start-answered-late": (0.0, True),
    "start-refused": (0.0, True),
    "start-dropped": (0.0, True),
    "job-error": (0.0, True),
    "sold-out": (900.0, True),
    "no-credit": (300.0, True),
    "slow-to-schedule": (HOUR, True),
    "never-scheduled": (HOUR, True),
    "timeout-not-told": (4 * HOUR, True),
    "jobs-away": (1.5 * HOUR, False),
    "jobs-rate-limited": (0.5 * HOUR, False),
    "jobs-replies-dropped": (300.0, False),
    "jobs-replies-slow": (600.0, False),
    "jobs-list-empty": (0.5 * HOUR, False),
    "cancel-refused": (900.0, False),
    "cancel-ignored": (4 * HOUR, False),
    "cancel-ignored-once": (0.0, False),
    "logs-away": (0.5 * HOUR, False),
}
OWN: Mapping[str, tuple[float, bool]] = {
    # Faults of a machine of one's own in the place of the cloud's, as above.
    "start-reply-lost": (0.0, True),
    "start-cut-off": (0.0, True),
    "machine-reboots": (0.0, False),
    "machine-off": (0.5 * HOUR, False),
    "out-of-memory": (0.0, False),
    "results-unwritable": (0.5 * HOUR, False),
    "replies-lost": (300.0, False),
    "connection-lost": (0.5 * HOUR, False),
    "answers-slow": (600.0, False),
    "program-gone": (0.0, False),
}
ONLY_BY_SSH = ("connection-lost", "answers-slow", "program-gone")
ON_FOLDERS = ("results-unwritable",)
LOST_MEMORY = ("first", "agent", "first and agent", "trainer")
"""Whom the system kills where no memory is left."""
PLACES: tuple[tuple[str, float], ...] = (
    ("hf-jobs", 0.24),
    ("cluster", 0.15),
    ("ssh", 0.15),
    ("local", 0.08),
    ("runpod", 0.38),
)
"""Where the runs of a schedule go, and its share of all schedules."""
CLUSTERS: Mapping[str, tuple[float, bool]] = {
    # Faults that only clusters have, beside the cloud's: the longest each may last, and whether a launch meets it.
    "cluster-pods-late": (900.0, True),
    "members-delete-cluster": (4 * HOUR, False),
}
WATCHING = ("watch", "watch", "watch-elsewhere", "reap")
"""What a person does about a cluster whose launcher has died, and now and then without that."""
OUTAGE_SECONDS = (400.0, 700.0)
"""Each longer than the launcher tries to release a pod."""
OUTAGES = {"server-errors": "jobs-away", "delete-500": "cancel-refused"}
"""In which somebody aborts, by their name in the cloud: what the same is among jobs."""
LAME = "lame-machine"
"""At the launch: the next pods have a GPU that is too slow for its price."""
PERSON = (
    "stop",
    "save",
    "abort",
    "second-deploy",
    "other-run",
    "reap",
    "deploy-again",
    "deploy-elsewhere",
    "reap-elsewhere",
    "abort-in-an-outage",
)
AT_LAUNCH = (
    *(name for name in ONCE if name.startswith("create-")),
    "stuck-provisioning",
    "pod-error",
    "slow-image-pull",
    "insufficient-balance",
    "container-restart-loop",
)


@dataclass(frozen=True)
class Strike:
    """Something that happens at a moment, in seconds after the start."""

    at: float
    kind: str
    """cloud, jobs, own, hub, pod, laptop or person."""
    name: str
    seconds: float = 0.0
    times: int | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Schedule:
    """One simulation. Equal seeds give equal schedules."""

    seed: int
    work: Work
    max_hours: float
    is_detached: bool
    blurts_tokens: bool
    strikes: tuple[Strike, ...]
    max_cost_usd: float = 10.0
    upload_mb_per_second: float = 20.0
    has_strangers: bool = False
    """Other people have pods in the same account."""
    place: str = "runpod"
    """Where its runs go, of PLACES."""
    nodes: int = 1
    """Of each of its runs."""
    has_results_folder: bool = False
    """On a machine of one's own the results may go to a folder of it."""

    @property
    def upload_bytes_per_second(self) -> float:
        """On a simulated disk one byte stands for a thousand."""
        return self.upload_mb_per_second * 1000

    @property
    def horizon_seconds(self) -> float:
        """When the last look is taken: long after every deadline."""
        return 2 * self.max_hours * HOUR + 0.5 * HOUR


def draw(seed: int, place: str = "") -> Schedule:
    """The schedule of this seed; at that place, if one is given."""
    dice = random.Random(seed)
    work = _work(dice)
    max_hours = dice.choice((0.4, 0.6, 0.9))
    count = dice.choice((0, 1, 1, 2, 2, 3, 3, 4, 5, 6))
    strikes = [each for _ in range(count) for each in _strikes(dice, work, max_hours)]
    drawn = Schedule(
        seed=seed,
        work=work,
        max_hours=max_hours,
        is_detached=dice.random() < 0.2,
        blurts_tokens=dice.random() < 0.3,
        strikes=tuple(sorted(strikes, key=lambda strike: strike.at)),
        # At 0.69 USD an hour or less: the dearest of them is reached before the shortest time cap.
        max_cost_usd=dice.choice((10.0, 10.0, 10.0, 0.08, 0.2)),
        upload_mb_per_second=dice.choice((5.0, 20.0, 80.0)),
        has_strangers=dice.random() < 0.3,
    )
    # Of dice of their own: so a schedule on RunPod is what it was before there was another place.
    place_dice = random.Random(f"the place of {seed}")
    name = _place(place_dice)
    moved = _MOVED.get(place or name)
    return moved(place_dice, drawn, place or name) if moved is not None else drawn


def _place(dice: random.Random) -> str:
    at = dice.random()
    for name, share in PLACES:
        at -= share
        if at < 0:
            return name
    return PLACES[-1][0]


def _on_cluster(dice: random.Random, drawn: Schedule, place: str) -> Schedule:
    """The same on several nodes: nobody may leave it, one node is struck by what befalls a pod, and who dies is
    followed by another."""
    nodes = dice.choice((2, 2, 2, 3))
    strikes = [each for strike in drawn.strikes for each in _of_cluster(dice, strike, nodes)]
    return replace(
        drawn,
        place=place,
        nodes=nodes,
        is_detached=False,
        max_cost_usd=nodes * drawn.max_cost_usd,
        strikes=tuple(sorted(strikes, key=lambda strike: strike.at)),
    )


def _of_cluster(dice: random.Random, strike: Strike, nodes: int) -> list[Strike]:
    if strike.kind == "pod":
        rank = {"rank": dice.randrange(nodes)}
        return [replace(strike, options={**strike.options, **rank})]
    if strike.kind == "cloud" and strike.seconds not in OUTAGE_SECONDS and dice.random() < 0.3:
        name = dice.choice(sorted(CLUSTERS))
        longest, is_at_launch = CLUSTERS[name]
        seconds = round(dice.uniform(20.0, longest), 1)
        options = {"seconds": dice.choice((20.0, 90.0, 300.0)), "first": dice.random() < 0.5}
        is_late = name == "cluster-pods-late"
        at = 0.0 if is_at_launch else strike.at
        return [Strike(at, "cloud", name, seconds, options=options if is_late else {})]
    if strike.name in ("launcher-killed", "launcher-killed-in-a-call", "laptop-loses-power"):
        later = Strike(
            strike.at + dice.choice((20.0, 120.0, 600.0)), "person", dice.choice(WATCHING)
        )
        return [strike, later] if dice.random() < 0.7 else [strike]
    if strike.kind == "person" and strike.name not in ("abort", "reap") and dice.random() < 0.4:
        return [replace(strike, name=dice.choice(WATCHING))]
    return [strike]


def _on_jobs(dice: random.Random, drawn: Schedule, place: str) -> Schedule:
    """The same on Hugging Face Jobs, where other things go wrong in the place of the cloud's."""
    strikes = [_of_jobs(dice, each) if each.kind == "cloud" else each for each in drawn.strikes]
    strikes = sorted(strikes, key=lambda strike: strike.at)
    return replace(drawn, place=place, strikes=tuple(strikes))


def _of_jobs(dice: random.Random, strike: Strike) -> Strike:
    if strike.name in OUTAGES and strike.seconds in OUTAGE_SECONDS:
        return replace(strike, kind="jobs", name=OUTAGES[strike.name], options={})
    name = dice.choice(sorted(JOBS))
    longest, is_at_launch = JOBS[name]
    seconds = round(dice.uniform(20.0, longest), 1) if longest else 0.0
    options = {"status": dice.choice((500, 502, 503, 504))} if name == "jobs-away" else {}
    return Strike(0.0 if is_at_launch else strike.at, "jobs", name, seconds, options=options)


def on_own_machine(dice: random.Random, drawn: Schedule, place: str) -> Schedule:
    """The same on a machine of one's own: nothing is paid there, and nobody else has runs in its folder."""
    moved = replace(drawn, place=place, has_strangers=False, has_results_folder=dice.random() < 0.4)
    strikes = [_of_own(dice, each, moved) for each in drawn.strikes]
    return replace(moved, strikes=tuple(sorted(strikes, key=lambda strike: strike.at)))


def _of_own(dice: random.Random, strike: Strike, drawn: Schedule) -> Strike:
    is_here = drawn.place == "local"
    if is_here and strike.name in ("laptop-gone", "laptop-sleeps", "laptop-loses-power"):
        return Strike(strike.at, "own", "machine-reboots")  # the computer is the machine
    if is_here and strike.name.endswith("-elsewhere"):
        return replace(strike, name={"deploy-elsewhere": "deploy-again"}.get(strike.name, "reap"))
    if strike.kind != "cloud":
        return strike
    if strike.name in OUTAGES and strike.seconds in OUTAGE_SECONDS:
        name = "machine-off" if is_here else "connection-lost"
        return replace(strike, kind="own", name=name, options={})
    left_out = (
        *(ONLY_BY_SSH if is_here else ()),
        *(() if drawn.has_results_folder else ON_FOLDERS),
    )
    name = dice.choice([each for each in sorted(OWN) if each not in left_out])
    longest, is_at_launch = OWN[name]
    seconds = round(dice.uniform(20.0, longest), 1) if longest else 0.0
    options = {"who": dice.choice(LOST_MEMORY)} if name == "out-of-memory" else {}
    return Strike(0.0 if is_at_launch else strike.at, "own", name, seconds, options=options)


_MOVED: Mapping[str, Callable[[random.Random, Schedule, str], Schedule]] = {
    "hf-jobs": _on_jobs,
    "cluster": _on_cluster,
    "ssh": on_own_machine,
    "local": on_own_machine,
}
"""What another place makes of a schedule."""


def _work(dice: random.Random) -> Work:
    steps, step_seconds = dice.choice((20, 40, 60)), dice.choice((20.0, 40.0))
    checkpoint_steps = dice.choice((5, 10))
    if dice.random() < 0.2:
        files, mb = dice.choice(((3, 30.0), (12, 105.0), (700, 0.05), (40, 12.0)))
        return Work(steps, step_seconds, checkpoint_steps, mb, recipe="command", files=files)
    return Work(steps, step_seconds, checkpoint_steps, dice.choice((0.2, 20.0, 105.0, 850.0)))


def _strikes(dice: random.Random, work: Work, max_hours: float) -> list[Strike]:
    """One strike; some come with what leads up to them."""
    strike = _strike(dice, work, max_hours)
    if strike.name == "abort-in-an-outage":
        # The release fails for longer than the launcher tries; the person reaps when all is well again.
        seconds = dice.choice(OUTAGE_SECONDS)
        outage = dice.choice((*OUTAGES,))
        reap = Strike(strike.at + seconds + 60.0, "person", "reap")
        return [
            Strike(strike.at - 1.0, "cloud", outage, seconds),
            replace(strike, name="abort"),
            reap,
        ]
    return [strike]


def _strike(dice: random.Random, work: Work, max_hours: float) -> Strike:
    kind = dice.choice(("cloud", "cloud", "cloud", "hub", "hub", "pod", "pod", "laptop", "person"))
    at = _moment(dice, work, max_hours)
    if kind == "cloud":
        return _of_cloud(dice, at)
    if kind == "hub":
        return Strike(at, kind, dice.choice(HUB))
    if kind == "pod":
        if dice.random() < 0.1:
            return Strike(0.0, kind, LAME, times=dice.randint(1, 2))
        seconds = dice.choice((60.0, 600.0, HOUR))
        jump = dice.choice((-2 * HOUR, -120.0, 120.0, 3 * HOUR))
        return Strike(at, kind, dice.choice(POD), seconds, options={"jump": jump})
    if kind == "laptop":
        return _of_laptop(dice, at)
    return Strike(at, kind, dice.choice(PERSON))


def _moment(dice: random.Random, work: Work, max_hours: float) -> float:
    """Most of what happens, happens while a run begins or ends: there most can go wrong."""
    where = dice.random()
    last = max_hours * HOUR
    if where < 0.25:
        return round(dice.uniform(0.0, 60.0), 2)
    if where < 0.5:
        return round(min(work.seconds, last) + dice.uniform(-60.0, 120.0), 2)
    if where < 0.65:
        return round(last + dice.uniform(-400.0, 120.0), 2)
    return round(dice.uniform(60.0, min(last, 1.2 * work.seconds)), 2)


def _of_cloud(dice: random.Random, at: float) -> Strike:
    if dice.random() < 0.5:
        name = dice.choice(sorted(ONCE))
        most, options = ONCE[name]
        when = 0.0 if name in AT_LAUNCH else at
        return Strike(when, "cloud", name, times=dice.randint(1, most), options=options)
    name = dice.choice(sorted(WHILE))
    seconds = round(dice.uniform(20.0, WHILE[name]), 1)
    return Strike(at, "cloud", name, seconds, options=_options(dice, name))


def _options(dice: random.Random, name: str) -> dict[str, Any]:
    match name:
        case "server-errors":
            return {"status": dice.choice((500, 502, 503, 504))}
        case "rate-limited":
            return {"seconds": dice.choice((2, 30))}
        case "slow-replies":
            return {"seconds": dice.choice((3.0, 8.0, 25.0))}
        case "list-lag":
            return {"seconds": dice.choice((5.0, 20.0, 45.0))}
        case "dropped-replies":
            return {"method": dice.choice(("GET", "POST", "DELETE"))}
    return {}


def _of_laptop(dice: random.Random, at: float) -> Strike:
    name = dice.choice(LAPTOP)
    jump = dice.choice((-HOUR, -90.0, 90.0, 2 * HOUR))
    call = (dice.randint(1, 12), dice.choice(("before", "after")))
    seconds = dice.choice((120.0, 1_800.0, 2 * HOUR))
    return Strike(at, "laptop", name, seconds, options={"jump": jump, "call": call})
