"""The GPUs of this machine, and whose each is: one run a GPU, by a lock that the kernel drops when the run dies."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from pod_image.contract.own_machine import Kind
from pod_image.own_machine.refused import Refused

LEASES_VARIABLE = "LAUNCHER_GPU_LEASES"
"""Another place for the locks of this machine's GPUs."""
_QUERY = (
    "nvidia-smi",
    "--query-gpu=index,uuid,name,memory.total",
    "--format=csv,noheader,nounits",
)
_ANSWER_SECONDS = 20.0
_MIB_OF_A_GB = 1024
"""As makers count it: a card of 24 GB tells 24,564 MiB."""


@dataclass(frozen=True)
class Gpu:
    uuid: str
    name: str
    memory_gb: int


def gpus(environment: Mapping[str, str] = os.environ) -> list[Gpu]:
    """Those that this user's programs may use; none where the driver's program is absent or silent."""
    try:
        asked = subprocess.run(
            _QUERY,
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    if asked.returncode != 0:
        return []
    return list(_read(asked.stdout, environment.get("CUDA_VISIBLE_DEVICES")))


def _read(table: str, visible: str | None) -> Iterator[Gpu]:
    """`visible` is the person's own CUDA_VISIBLE_DEVICES: what it leaves out is not lent to a run."""
    named = None if visible is None else [part.strip() for part in visible.split(",")]
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != 4 or not cells[1].startswith("GPU-"):
            continue
        index, uuid, name, memory = cells
        is_named = named is None or any(
            each == index or (each.startswith("GPU-") and uuid.startswith(each)) for each in named
        )
        with suppress(ValueError):
            if is_named:
                yield Gpu(uuid, name, round(float(memory) / _MIB_OF_A_GB))


def leases_folder(environment: Mapping[str, str]) -> Path:
    """One for all users of the machine: a GPU that another user's run has is not free either."""
    return Path(environment.get(LEASES_VARIABLE) or "/tmp/pod-launcher-gpus")


def is_free(folder: Path, gpu: Gpu) -> bool:
    """Whether no run has it now. Raises Refused where nobody can tell."""
    lock = _locked(folder, gpu)
    if lock is None:
        return False
    os.close(lock)
    return True


def lease(
    folder: Path, found: Sequence[Gpu], count: int, lent: Collection[str] = ()
) -> dict[int, Gpu]:
    """So many of these, each by the open file that holds its lock: whoever keeps that open has the GPU. None of those
    that are `lent`, by their ids, whoever has their locks.

    Raises Refused where that many are not free.
    """
    taken: dict[int, Gpu] = {}
    with ExitStack() as given_back:
        for gpu in (each for each in found if each.uuid not in lent):
            if len(taken) < count and (lock := _locked(folder, gpu)) is not None:
                taken[lock] = gpu
                given_back.callback(os.close, lock)
        if len(taken) == count:
            given_back.pop_all()
    if len(taken) < count:
        free = f"{len(taken)} of {len(found)} GPUs are free"
        raise Refused(
            Kind.NO_ROOM,
            f"{free}, and {count} {'is' if count == 1 else 'are'} needed: each run needs a GPU for itself.",
            "Wait until a run ends, or stop one.",
        )
    return taken


def _locked(folder: Path, gpu: Gpu) -> int | None:
    """None where another has it. Raises Refused where this user can neither open the file nor make it."""
    with suppress(OSError):
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o1777)
    path = folder / f"{gpu.uuid}.lock"
    try:
        file = _opened(path)
    except OSError as exc:
        raise Refused(
            Kind.UNFIT,
            f"Whether a GPU is free cannot be told: {path} cannot be opened ({exc.strerror}).",
            f"All users of the machine share these locks. Whoever made {folder} can remove it, or run: "
            f"chmod 1777 {folder} && chmod 644 {folder}/*",
        ) from exc
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


def _opened(path: Path) -> int:
    """Made where it is absent; what another user made is only read."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileNotFoundError):
        return os.open(path, flags)
    try:
        made = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:  # another was quicker
        return os.open(path, flags)
    with suppress(OSError):  # whatever the umask is: others have to see whether it is taken
        os.fchmod(made, 0o644)
    return made
