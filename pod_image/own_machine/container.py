"""A run in a container on a person's own machine, by the engine's own command: Podman, or Docker where there is none.

What the run can reach is its own folder, the folders that its settings name, and this program, which it cannot write.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import pod_image
from pod_image.contract.own_machine import Kind
from pod_image.own_machine.refused import Refused
from pod_image.own_machine.run_place import RunPlace

RUN_LABEL = "pod-launcher.run"
NONCE_LABEL = "pod-launcher.nonce"
ENGINES = ("podman", "docker")
_ANSWER_SECONDS = 20.0
_SHARED_MEMORY = "8g"
"""Loaders of data hand batches over in it; an engine's 64 MB are too few. It is a limit, and takes nothing."""
_PYTHONS = "python3 python python3.14 python3.13 python3.12 python3.11"
_START = (
    f"for p in {_PYTHONS}; do "
    '"$p" -c "import sys; sys.exit(sys.version_info < (3, 11))" </dev/null 2>/dev/null '
    '&& exec "$p" -P -m pod_image.own_machine.container_begin; done; '
    "echo 'This image has no Python 3.11 or newer.'; exit 127"
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Container:
    """What a run is in. `is_rootless`: its root is this user, and every other user of it one that has nothing here."""

    engine: str
    image: str
    version: str = ""
    is_rootless: bool = False

    @classmethod
    def of(cls, place: RunPlace) -> Self | None:
        """By the order; None for a run that is a bare process."""
        kept = place.order.get("container")
        return cls(**kept) if isinstance(kept, dict) else None

    def as_document(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def name_of(place: RunPlace) -> str:
        """It ends with the run's nonce: no other container has it."""
        return f"pod-launcher-{place.pod_id}"

    def start_environment(self, place: RunPlace) -> dict[str, str]:
        """Of the start command: what it hands over by name stands here, since every user of the machine can read
        arguments, and a proxy's address may hold a password."""
        return {**os.environ, **place.order["environment"]}

    def start_command(self, place: RunPlace) -> tuple[str, ...]:
        """Its variables are those of `start_environment`. Raises OSError where the results folder cannot be made."""
        order = place.order
        ours = {
            "LAUNCHER_FOLDER": str(place.disk),
            "HOME": str(place.disk),
            "PYTHONPATH": str(_PACKAGE.parent),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return (
            *(self.engine, "run", "--rm", "--interactive", "--log-driver", "none"),
            *("--name", self.name_of(place)),
            *(
                "--label",
                f"{RUN_LABEL}={place.pod_id}",
                "--label",
                f"{NONCE_LABEL}={order['nonce']}",
            ),
            *("--network", "host", "--shm-size", _SHARED_MEMORY),
            *("--security-opt", "no-new-privileges", "--security-opt", "label=disable"),
            *self._user_options(),
            *self._gpu_options(order["environment"].get("CUDA_VISIBLE_DEVICES", "")),
            *("--mount", _mount(_PACKAGE, is_read_only=True)),
            *("--mount", _mount(place.disk)),
            *(word for each in _named_folders(order) for word in ("--mount", each)),
            *("--workdir", str(place.disk)),
            *(word for name in (*_proxies(), *order["environment"]) for word in ("--env", name)),
            *(word for name, value in ours.items() for word in ("--env", f"{name}={value}")),
            *("--entrypoint", "sh", self.image, "-c", _START),
        )

    def exec_command(self, place: RunPlace, argv: Sequence[str]) -> tuple[str, ...]:
        return (self.engine, "exec", self.name_of(place), *argv)

    def is_there(self, place: RunPlace) -> bool:
        """Also where the engine does not say: what was not seen to be gone may live."""
        words = ("ps", "--all", "--quiet", "--filter", f"label={RUN_LABEL}={place.pod_id}")
        told = _asked(self.engine, *words)
        return told is None or bool(told.strip())

    def remove(self, place: RunPlace) -> bool:
        """End all that is in it, and it. Whether it is gone."""
        _asked(self.engine, "rm", "--force", self.name_of(place))
        return not self.is_there(place)

    def _user_options(self) -> tuple[str, ...]:
        """Files that the run makes are this user's."""
        if self.engine == "docker" and self.is_rootless:
            return ("--user", "0:0")
        user = ("--user", f"{os.getuid()}:{os.getgid()}")
        return (
            ("--userns", "keep-id", *user) if self.engine == "podman" and self.is_rootless else user
        )

    def _gpu_options(self, lent: str) -> Iterator[str]:
        names = [name for name in lent.split(",") if name.startswith("GPU-")]
        if self.engine == "docker" and names:
            yield from ("--gpus", f'"device={",".join(names)}"')
        elif names:
            for name in names:
                yield from ("--device", f"nvidia.com/gpu={name}")


_PACKAGE = Path(pod_image.__file__).resolve().parent


def wanted_image(run_document: str) -> str:
    """The image of the container that a run's settings ask for; empty for a bare process."""
    settings = _settings(run_document)
    return str(settings.get("container_image") or "") if settings.get("container") == "on" else ""


def container_for(run_document: str) -> Container | None:
    """Raises Refused where the settings ask for one and no engine answers."""
    image = wanted_image(run_document)
    return found_engine(image) if image else None


def found_engine(image: str) -> Container:
    """The first engine that answers. Raises Refused where none does."""
    there = [name for name in ENGINES if shutil.which(name)]
    for engine in there:
        if engine == "podman":
            told = _asked(
                engine, "info", "--format", "{{.Version.Version}} {{.Host.Security.Rootless}}"
            )
        else:
            told = _asked(
                engine, "info", "--format", "{{.ServerVersion}} {{json .SecurityOptions}}"
            )
        version, _, rest = (told or "").strip().partition(" ")
        if version:
            return Container(engine, image, version, "true" in rest or "rootless" in rest)
    if there:
        raise Refused(
            Kind.UNFIT,
            f"The run asks for a container, and {' and '.join(there)} cannot be used here.",
            f"`{there[0]} info` says why.",
        )
    raise Refused(
        Kind.UNFIT,
        "The run asks for a container, and this machine has neither Podman nor Docker.",
        "Install Podman, such as: sudo apt install podman uidmap. Then `podman info` must work without sudo.",
    )


def _settings(run_document: str) -> Mapping[str, Any]:
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        settings = json.loads(run_document)["settings"]
        return settings if isinstance(settings, dict) else {}
    return {}


def _named_folders(order: Mapping[str, Any]) -> Iterator[str]:
    """Raises OSError where the results folder cannot be made."""
    settings = _settings(str(order.get("run_json", "")))
    if results := str(settings.get("results_folder") or ""):
        Path(results).mkdir(parents=True, exist_ok=True)
        yield _mount(Path(results))
    dataset = str(settings.get("dataset_repo") or "")
    if dataset.startswith("/"):
        yield _mount(Path(dataset), is_read_only=True)


def _mount(path: Path, *, is_read_only: bool = False) -> str:
    """At its own path, so that the run names it as this machine does. A comma in it separates nothing."""
    line = io.StringIO()
    last = ["readonly"] if is_read_only else []
    csv.writer(line, lineterminator="").writerow(["type=bind", f"src={path}", f"dst={path}", *last])
    return line.getvalue()


def _proxies() -> list[str]:
    return [name for name in os.environ if name.upper() in _PROXIES]


def _asked(*words: str) -> str | None:
    """What it printed; None where it failed or did not answer in time."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_SECONDS,
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
