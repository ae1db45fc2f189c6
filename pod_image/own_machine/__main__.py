"""`python -m pod_image.own_machine VERB`: one errand of the launcher on this machine.

Asked by a JSON document on standard input. Each line of the answer begins with a mark, since a person's profile may
print lines of its own. `follow` goes on with the log until the run is over.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pod_image.agent.hardening import forbid_reading
from pod_image.contract.own_machine import MARK, Kind
from pod_image.own_machine.errands import VERBS, Ground, answer, is_living, time_there
from pod_image.own_machine.gpus import leases_folder
from pod_image.own_machine.log_lines import new_lines, start_of_last
from pod_image.own_machine.machine import ThisMachine
from pod_image.own_machine.refused import Refused
from pod_image.own_machine.run_place import RunPlace, is_another_users, runs_folder

LOOK_SECONDS = 0.25
ALIVE_LOOKS = 8
"""After so many looks at a silent log, whether the run lives is looked up."""
SIGN_SECONDS = 15.0
"""A silent log gives a sign of life: a reader that is gone is noticed by it, and one that waits notices too."""


def main(arguments: list[str]) -> int:
    verb = arguments[0] if arguments else ""
    forbid_reading()  # before anything is read: a start brings keys
    try:
        asked = json.load(sys.stdin)
        ground = this_ground()
        if verb == "follow":
            follow(ground, asked)
        elif verb in VERBS:
            done = answer(ground, verb, asked)
            say({"ok": done, "now": time_there(ground)})
        else:
            raise Refused(
                Kind.INVALID, "This release of the launcher's program does not know this task."
            )
    except Refused as refused:
        refusal = {"kind": refused.kind, "message": str(refused.message), "hint": str(refused.hint)}
        say({"refused": refusal})
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), 1
        )  # nobody reads: the interpreter's last flush too
    except (OSError, RuntimeError) as exc:
        why = getattr(exc, "strerror", None) or str(exc)
        name = getattr(exc, "filename", None) or "this machine's folders"
        say(
            {
                "refused": {
                    "kind": Kind.UNFIT,
                    "message": f"{name} cannot be used: {why}.",
                    "hint": "",
                }
            }
        )
    return 0


def this_ground() -> Ground:
    """Raises Refused where runs cannot be told from other processes, or their folder is not this user's."""
    if not sys.platform.startswith("linux"):
        raise Refused(
            Kind.UNFIT,
            "Runs on a machine of your own need Linux, and this one runs another system.",
            "Use a Linux machine by ssh, or a container or virtual machine with Linux.",
        )
    runs = runs_folder(os.environ)
    if is_another_users(runs):
        raise Refused(
            Kind.UNFIT,
            f"The folder of your runs belongs to another user, who could change them: {runs}.",
            "Set XDG_DATA_HOME to a folder of your own.",
        )
    return Ground(runs, leases_folder(os.environ), ThisMachine())


def follow(ground: Ground, asked: Mapping[str, Any]) -> None:
    """Until the run is over and its log is read to the end. Raises Refused for one that has no folder."""
    place = RunPlace.of(ground.runs, str(asked["pod_id"]))
    if not place.order:
        raise Refused(Kind.GONE, f"Run {place.pod_id} is not on this machine.")
    after = str(asked.get("after", ""))
    at = int(after) if after.isdigit() else start_of_last(place.log, int(asked.get("tail", 5000)))
    quiet_looks, said_at = 0, time.monotonic()
    while True:
        is_over = quiet_looks % ALIVE_LOOKS == 0 and not is_living(ground, place)
        found = False
        for line in new_lines(place.log, at, is_over=is_over):
            at, found = line.end, True
            say({"end": line.end, "text": line.text})
        if is_over:
            say({"over": True})
            return
        quiet_looks = 0 if found else quiet_looks + 1
        now = time.monotonic()
        if found:
            said_at = now
        elif now - said_at >= SIGN_SECONDS:
            say({})
            said_at = now
        time.sleep(LOOK_SECONDS)


def say(document: Mapping[str, Any]) -> None:
    print(MARK + json.dumps(document), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
