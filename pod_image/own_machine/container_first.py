"""The first process of a run in a container, outside of it: has the engine start it, and removes it at the end.

`container_first.py FOLDER`. It reads no key: its standard input is the container's. It holds the locks of the run's
GPUs, and when the container ends, or the run is well past its deadline, it sees to it that nothing of it is left.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from pod_image.bootstrap import last_word
from pod_image.own_machine.begin import say_who
from pod_image.own_machine.container import Container
from pod_image.own_machine.first import is_delivered, late_at, until_over, wake_on_signals
from pod_image.own_machine.run_place import RunPlace

_NOT_STARTED = (125, 126, 127)
"""What engines exit with where the container, or what starts in it, did not come up."""


def main(place: RunPlace) -> int:
    """Return when the container has ended, with its exit code, once it is removed."""
    say_who(place)
    container = Container.of(place)
    assert container is not None  # the order says so, or this is not started
    wakeup = wake_on_signals()
    try:
        # Open files go along: whoever has the locks of the GPUs open has the GPUs.
        client = subprocess.Popen(
            container.start_command(place),
            env=container.start_environment(place),
            close_fds=False,
        )
    except OSError as exc:
        code, why = 127, ""
        print(f"{exc.filename or container.engine} cannot be used: {exc.strerror}.", flush=True)
    else:
        code, why = until_over(client.pid, wakeup, late_at(place))
        client.returncode = code  # it is buried already
    if code in _NOT_STARTED and not why and not place.events.exists():
        _say_not_started(place, container)
    if container.remove(place):
        with suppress(OSError):
            place.write("ended", {"at": time.time(), "code": code, "why": why})
        if code == 0 and is_delivered(place):
            shutil.rmtree(place.disk, ignore_errors=True)
    return code


def _say_not_started(place: RunPlace, container: Container) -> None:
    detail = f"The container could not be started from {container.image}: the lines above say why."
    environment = place.order.get("environment", {})
    print(json.dumps(last_word(detail, environment, "Look at the run's log.")), flush=True)


if __name__ == "__main__":
    sys.exit(main(RunPlace(Path(sys.argv[1]))))
