"""How far it goes: `python -m tests.simulation.fleet --runs 5000 [--json] [--write]`.

One process follows so many runs in virtual time, histories of several sizes are listed, and the commits of one run
of the real agent are counted. `--write` keeps the figures, which `docs/scale.md` shows; `--check` holds the page to
them. With 5,000 runs it takes about two minutes of the processor, in proportion to their number.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from launcher.config import Config
from launcher.domain.run import RunState
from launcher.emulator.runpod.runner import ContainerSpec, ScriptedContainer
from launcher.hub.access import HubAccess
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.provider import RunPodProvider
from launcher.services.common.workbench import Workbench
from launcher.services.live.whole_fleet import whole_fleet
from launcher.stores.run_list import RunsAsked
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import Keys
from launcher.stores.sqlite_file import transaction
from pod_image.contract.events import from_line, to_line
from pod_image.contract.next_steps import Said
from pod_image.contract.outcomes import EndReason
from tests.bench.fleet_pods import document_of, pod_order, speaking
from tests.kit.clocks import LoopClock
from tests.kit.runs import new_run
from tests.kit.virtual_time import START, PatientLoop
from tests.simulation.fleet_cloud import PAGE, FleetCloud
from tests.simulation.play import play
from tests.simulation.scale_page import keep_figures, kept_figures, page_is_as_kept
from tests.simulation.schedule import HOUR, Schedule
from tests.simulation.trainer import Work
from tests.simulation.world import World

RUNS = 5_000
SIZES = (10, 100, 1_000)
"""Beside the one that is asked for. What 100,000 runs take is reckoned from them, where it is linear."""
HISTORIES = (10, 1_000, 100_000)
MINUTES = 5.0
USUAL = Work(60, 40.0, 10, 20.0)
"""Forty minutes of training, with a checkpoint of 20 MB every seven."""


@dataclass(frozen=True)
class Watched:
    """What following so many runs took, in so many minutes from the start."""

    runs: int
    minutes: float
    most_calls_in_a_minute: int
    calls_of_one_list: int
    open_streams: int
    heard: int
    ended: int = 0


@dataclass(frozen=True)
class Kept:
    """A history of so many runs on this computer."""

    runs: int
    megabytes: float
    first_page_ms: float
    live_ms: float
    """Reading all of them, where all live; asked for every second."""


@dataclass(frozen=True)
class Figures:
    watched: tuple[Watched, ...]
    kept: tuple[Kept, ...]
    commits_an_hour: float
    """Of one run, by the real agent."""
    journal_mb_an_hour: float
    """Of one run that tells a step every second."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.fleet", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"default: {RUNS:,}")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="keep the figures and write the page")
    parser.add_argument(
        "--bench", type=Path, help="what tests.bench.fleet --json printed; with --write"
    )
    parser.add_argument("--check", action="store_true", help="is the page what the figures say")
    given = parser.parse_args(arguments)
    if given.check:
        return 0 if page_is_as_kept() else 1
    figures = simulated((*SIZES, given.runs), HISTORIES)
    text = json.dumps(asdict(figures), indent=None if given.json else 2)
    print(text)
    if given.write:
        bench = (
            json.loads(given.bench.read_text("utf-8")) if given.bench else kept_figures()["bench"]
        )
        keep_figures({**asdict(figures), "bench": bench})
    return 0


def simulated(sizes: Sequence[int], histories: Sequence[int]) -> Figures:
    return Figures(
        watched=tuple(watched(count) for count in sizes),
        kept=tuple(kept(count) for count in histories),
        commits_an_hour=commits_an_hour(),
        journal_mb_an_hour=journal_mb_an_hour(),
    )


def watched(
    count: int, minutes: float = MINUTES, *, all_end_after_minutes: float | None = None
) -> Watched:
    """Follow so many pods that another computer began, in virtual time."""
    with (
        tempfile.TemporaryDirectory(prefix="fleet-") as folder,
        asyncio.Runner(loop_factory=PatientLoop) as runner,
    ):
        end_after = None if all_end_after_minutes is None else all_end_after_minutes * 60
        return runner.run(_watched(FleetCloud(count, end_after), minutes, Path(folder)))


async def _watched(cloud: FleetCloud, minutes: float, folder: Path) -> Watched:
    config = Config(folder / "config", folder / "data")
    config.make_folders()
    client = RunPodClient(
        SecretStr("a-key"), "https://cloud.test", transport=cloud, clock=LoopClock()
    )
    history = RunHistory(config.history_path)
    history._db.execute("PRAGMA synchronous = OFF")  # no power fails here
    hub = HubAccess.with_tokens("https://hub.test", None, None)
    bench = Workbench(config, RunPodProvider(client), hub, history, LoopClock())
    keys = Keys(SecretStr("a-key"))
    with closing(history):
        async with whole_fleet(bench, keys, _word) as whole:
            await asyncio.sleep(minutes * 60)
            pictures = [whole.live.known_picture(row.run) for row in whole.now.rows]
            found = Watched(
                runs=cloud.count,
                minutes=minutes,
                most_calls_in_a_minute=cloud.most_calls_in_a_minute,
                calls_of_one_list=-(-cloud.count // PAGE),
                open_streams=cloud.open_streams,
                heard=sum(picture.step is not None for picture in pictures),
                ended=cloud.count - len(pictures),
            )
        await client.aclose()
    return found


def _word(said: Said) -> str:
    return str(said)


def kept(count: int) -> Kept:
    settings = json.dumps(document_of(1).settings.applicable())
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        path = Path(folder) / "runs.sqlite"
        with closing(RunHistory(path)) as history:
            with transaction(history._db):
                for number in range(count):
                    history.add(
                        new_run(
                            f"n{number:09}",
                            run_id=f"run-{number}",
                            planned_at=now - timedelta(minutes=number),
                            created_at=now,
                            state=RunState.RUNNING,
                            pod_id=f"p{number}",
                            cost_usd=number * 0.01,
                            settings_json=settings,
                        )
                    )
            live_ms = _milliseconds(history.live)
            with transaction(history._db):
                history._db.execute(
                    "UPDATE runs SET state = 'ended', end_reason = ?", (EndReason.FINISHED.value,)
                )
            first_page_ms = _milliseconds(lambda: history.list.find(RunsAsked(), now, "piper"))
            history._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Kept(count, round(path.stat().st_size / 1e6, 2), first_page_ms, live_ms)


def _milliseconds(work: object) -> float:
    assert callable(work)
    taken = []
    for _ in range(3):
        began = time.process_time()
        work()
        taken.append(1_000 * (time.process_time() - began))
    return round(min(taken), 2)


def commits_an_hour() -> float:
    """Of one run in a world where nothing goes wrong, from its first commit to its last."""
    counted: list[int] = []

    def look(world: World) -> None:
        commits = [len(repo.commits) for repo in world.core.store.repos.values()]
        counted.append(max(commits))

    play(Schedule(0, USUAL, 0.9, True, False, ()), look=look)
    return round(counted[0] / (USUAL.seconds / HOUR), 1)


def journal_mb_an_hour() -> float:
    """What the journal of a run takes that speaks as one of `tests.bench.fleet` does."""
    said: list[str] = []
    variables = pod_order(1)["env"]
    spec = ContainerSpec("pod", "image", (), None, variables)
    container = ScriptedContainer(spec, said.append, speaking(), None, START)
    container.exit_code(START + HOUR)
    events = [event for line in said if (event := from_line(line)) is not None]
    return round(sum(len(to_line(event)) + 1 for event in events) / 1e6, 2)


if __name__ == "__main__":
    sys.exit(main())
