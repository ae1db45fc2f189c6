"""`python -m tests.simulation --schedules N --seed N [--json]`: play schedules, say which promises held."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace

from tests.simulation.judge import Verdict
from tests.simulation.planted_bugs import PlantedBug
from tests.simulation.play import play
from tests.simulation.schedule import PLACES, draw

KINDS = {"orphans": "orphan", "lost": "lost", "doubled": "doubled", "leaked": "leaked"}
KINDS |= {"touched": "touched", "untrue": "untrue"}


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 when a promise was broken."""
    given = _parser().parse_args(arguments)
    began = time.monotonic()
    planted_bug = PlantedBug[given.plant.upper()] if given.plant else None
    verdicts = []
    for verdict in _played(given.seed, given.schedules, planted_bug, given.place):
        verdicts.append(verdict)
        if verdict.findings:
            lines = [f"seed {verdict.seed}"]
            lines += [f"  {each.kind}: {each.text}" for each in verdict.findings]
            print("\n".join(lines), file=sys.stderr if given.json else sys.stdout, flush=True)
    summary = summed(verdicts)
    if given.json:
        print(json.dumps(summary))
    else:
        print("\n".join(f"{name:16} {value}" for name, value in summary.items()))
        print(f"{'seconds':16} {time.monotonic() - began:.1f}")
    return 1 if summary["failing_seeds"] else 0


def _played(
    seed: int, schedules: int, planted_bug: PlantedBug | None, place: str
) -> Iterator[Verdict]:
    for number in range(seed, seed + schedules):
        # Without its lines: those of a thousand schedules fill a machine's memory.
        yield replace(play(draw(number, place), planted_bug), trace=())


def summed(verdicts: list[Verdict]) -> dict[str, object]:
    """What the run of schedules found; `out_of_reach_minutes` is what no promise covers."""
    counts = {name: sum(each.count(kind) for each in verdicts) for name, kind in KINDS.items()}
    return {
        "schedules": len(verdicts),
        **counts,
        "failing_seeds": [each.seed for each in verdicts if each.findings],
        "pods": sum(each.pods for each in verdicts),
        "out_of_reach_minutes": round(sum(each.out_of_reach_seconds for each in verdicts) / 60),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument(
        "--schedules", type=int, default=1000, help="how many, each of its own seed"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first; the others count on")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    places = [name for name, _ in PLACES]
    parser.add_argument("--place", choices=places, default="", help="where all runs go")
    names = [planted_bug.name.lower() for planted_bug in PlantedBug]
    parser.add_argument("--plant", choices=names, help="break a promise on purpose")
    return parser


if __name__ == "__main__":
    # The library's own notes on its plain uploads are not what is looked at here.
    warnings.simplefilter("ignore", DeprecationWarning)
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    sys.exit(main())
