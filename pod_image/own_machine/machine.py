"""What the errands need of a machine; the real one."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pod_image.agent.init import send
from pod_image.contract.interpreter import module_command
from pod_image.contract.own_machine import Kind
from pod_image.own_machine.container import Container, container_for, wanted_image
from pod_image.own_machine.first import GRACE_SECONDS
from pod_image.own_machine.gpus import Gpu, gpus
from pod_image.own_machine.identity import Identity, boot_id, living, uptime
from pod_image.own_machine.own_python import absent_packages
from pod_image.own_machine.refused import Refused
from pod_image.own_machine.run_place import RunPlace, agents_environment

_BEGIN_SECONDS = 30.0
_KILLED_SECONDS = 15.0
_LOOK_SECONDS = 0.05
_MOST_OUTPUT = 100_000


class Machine(Protocol):
    """Processes, GPUs and clock of one machine."""

    def now(self) -> float:
        """By a clock that may be set."""
        ...

    def uptime(self) -> float:
        """Seconds since some moment, the same for all processes; no clock that is set changes them, and a machine that
        sleeps is not younger for it."""
        ...

    def boot_id(self) -> str: ...

    def sleep(self, seconds: float) -> None: ...

    def gpus(self) -> list[Gpu]: ...

    def facts(self, run_json: str) -> dict[str, Any]:
        """What a plan has to know of it."""
        ...

    def container(self, run_json: str) -> Container | None:
        """What the run is to be in; None for a bare process. Raises Refused where no engine answers."""
        ...

    def begin(
        self,
        place: RunPlace,
        environment: Mapping[str, str],
        keys: Mapping[str, str],
        leases: Sequence[int],
    ) -> None:
        """Start the run's first process. Raises Refused where it does not come up."""
        ...

    def is_alive(self, place: RunPlace) -> bool:
        """Whether any process of the run lives."""
        ...

    def end(self, place: RunPlace) -> set[int]:
        """End all of it; which processes live on."""
        ...

    def execute(
        self, place: RunPlace, environment: Mapping[str, str], argv: Sequence[str], seconds: float
    ) -> dict[str, Any]: ...


@dataclass(frozen=True)
class ThisMachine:
    """The one that this program runs on."""

    def now(self) -> float:
        return time.time()

    def uptime(self) -> float:
        return uptime()

    def boot_id(self) -> str:
        return boot_id()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def gpus(self) -> list[Gpu]:
        return gpus()

    def facts(self, run_json: str) -> dict[str, Any]:
        return {
            "host": socket.gethostname(),
            "account_id": _account_id(),
            "is_root": os.geteuid() == 0,
            "memory_gb": _memory_gb(),
            "absent": [] if wanted_image(run_json) else absent_packages(run_json),
            "python": sys.version.split()[0],
        }

    def container(self, run_json: str) -> Container | None:
        return container_for(run_json)

    def begin(
        self,
        place: RunPlace,
        environment: Mapping[str, str],
        keys: Mapping[str, str],
        leases: Sequence[int],
    ) -> None:
        command = module_command("pod_image.own_machine.begin", str(place.root), *map(str, leases))
        around = agents_environment(place, environment)
        if Container.of(place):
            # The engine finds its own settings as this user's other programs do; the run sees none of it.
            command = module_command("pod_image.own_machine.container_first", str(place.root))
            around = dict(os.environ)
        with place.log.open("ab") as log:
            first = subprocess.Popen(
                command,
                cwd=place.disk,
                env=around,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=tuple(leases),
                start_new_session=True,
            )
        assert first.stdin is not None
        with suppress(OSError), first.stdin as pipe:  # it may have ended already: its log says why
            pipe.write(json.dumps(dict(keys)).encode())
        give_up_at = time.monotonic() + _BEGIN_SECONDS
        while Identity.read(place.process) is None:
            if first.poll() is not None or time.monotonic() > give_up_at:
                first.kill()
                raise Refused(
                    Kind.UNFIT,
                    "The run's first process did not start.",
                    f"{place.log} may say why.",
                )
            time.sleep(_LOOK_SECONDS)

    def is_alive(self, place: RunPlace) -> bool:
        first = Identity.read(place.process)
        if first is not None and first.is_alive:
            return True
        if container := Container.of(place):
            return not place.ended and container.is_there(place)
        return bool(living(place))

    def end(self, place: RunPlace) -> set[int]:
        """Told first, which ends all that the run started; then, one by one, killed."""
        first = Identity.read(place.process)
        if first is not None and first.is_alive:
            send(first.pid, signal.SIGTERM)
            self._wait(place, GRACE_SECONDS + 4.0)
        container = Container.of(place)
        if container and not place.ended and not container.remove(place):
            raise Refused(
                Kind.ALIVE,
                f"{container.engine} could not remove the run's container {container.name_of(place)}.",
            )
        give_up_at = time.monotonic() + _KILLED_SECONDS
        while (left := living(place)) and time.monotonic() < give_up_at:
            for pid in left:
                send(pid, signal.SIGKILL)
            time.sleep(_LOOK_SECONDS)
        return left

    def execute(
        self, place: RunPlace, environment: Mapping[str, str], argv: Sequence[str], seconds: float
    ) -> dict[str, Any]:
        words, around = list(argv), agents_environment(place, environment)
        if container := Container.of(place):
            words, around = list(container.exec_command(place, argv)), dict(os.environ)
        try:
            done = subprocess.run(
                words,
                cwd=place.disk,
                env=around,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as exc:
            out, err = exc.stdout or b"", exc.stderr or b""
            return {
                "stdout": _text(out),
                "stderr": _text(err),
                "exit_code": None,
                "timed_out": True,
            }
        except OSError as exc:
            return {"stdout": "", "stderr": f"{words[0]}: {exc.strerror}", "exit_code": 127}
        return {
            "stdout": _text(done.stdout),
            "stderr": _text(done.stderr),
            "exit_code": done.returncode,
        }

    def _wait(self, place: RunPlace, seconds: float) -> None:
        give_up_at = time.monotonic() + seconds
        while living(place) and time.monotonic() < give_up_at:
            time.sleep(_LOOK_SECONDS)


def _account_id() -> str:
    """Of this user on this machine: the same at every look, and another one anywhere else. Says neither's name."""
    ids = [socket.gethostname(), str(os.getuid())]
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with suppress(OSError):
            ids.append(Path(path).read_text().strip())
            break
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]


def _memory_gb() -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemTotal:"):
                return int(int(line.split()[1]) * 1024 / 1e9)
    return 0


def _text(raw: bytes) -> str:
    return raw[-_MOST_OUTPUT:].decode("utf-8", "replace")
