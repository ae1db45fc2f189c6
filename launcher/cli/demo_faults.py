"""What a fault of the demo needs to be seen, and whether it was. Loads no emulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from launcher.errors import InvalidRequest

NEEDS_TIME = frozenset({"pod-vanishes", "container-restart-loop", "restart-wipes-disk"})
"""They strike a pod that has lived for a while; the demo's command is over before."""
NEEDS_LARGE_FILE = frozenset({"hub-upload-busy", "hub-xet-down", "hub-xet-stalled"})
"""They strike what is uploaded by itself; small files travel within a commit."""
LONG_SECONDS = 45
LARGE_BYTES = 12 << 20
_NEEDS_A_PERSON = {
    "exec-refused": "it happens when someone sends the pod a command, and a headless run sends none"
}
_NEEDS_NODES = dict.fromkeys(
    ("members-delete-cluster", "cluster-pods-late"),
    "it happens to a run on several nodes, and a run of the demo has one",
)
_COMMAND = (
    "import os, pathlib, time; out = pathlib.Path('out'); out.mkdir(exist_ok=True); "
    "out.joinpath('hello.txt').write_text('made on a pod'); print('hello from the pod')"
)


def refuse_what_shows_nothing(names: Sequence[str], *, is_headless: bool) -> None:
    """Raise InvalidRequest for a fault that could not strike whatever the run does, with the reason."""
    for name in names:
        if is_headless and name in _NEEDS_A_PERSON:
            raise InvalidRequest(
                f"{name} would have no effect: {_NEEDS_A_PERSON[name]}.",
                hint="Run without --headless, and make a sample on the run's page.",
            )
        if name in _NEEDS_NODES:
            raise InvalidRequest(
                f"{name} would have no effect: {_NEEDS_NODES[name]}.",
                hint=(
                    "Start only the simulated services with launcher demo --emulators, and deploy there "
                    "with --nodes 2."
                ),
            )


def command_that_shows(names: Sequence[str]) -> str:
    """The demo's command as Python, with what these faults need to get their moment."""
    parts = [_COMMAND]
    if NEEDS_LARGE_FILE.intersection(names):
        parts.append(f"out.joinpath('weights.bin').write_bytes(os.urandom({LARGE_BYTES}))")
    if NEEDS_TIME.intersection(names):
        parts.append(f"time.sleep({LONG_SECONDS})")
    return "; ".join(parts)


def struck_text(struck: Mapping[str, int]) -> str:
    """Each fault that was asked for and how often it struck; empty when none was."""
    return ", ".join(f"{name} struck {_times(count)}" for name, count in struck.items())


def _times(count: int) -> str:
    named = {0: "nothing", 1: "once", 2: "twice"}
    return named.get(count, f"{count} times")
