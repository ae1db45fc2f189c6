"""What happens to pods by themselves, in order of time: provisioning, restarts, billing, the end of the money.

The only file that changes a pod's status. Callers hold the world's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from launcher.emulator.runpod.accounts import Account
from launcher.emulator.runpod.billing import Ledger
from launcher.emulator.runpod.catalogue import Catalogue
from launcher.emulator.runpod.conditions import Images, Timing
from launcher.emulator.runpod.faults import Faults
from launcher.emulator.runpod.pods import Pod, container_spec
from launcher.emulator.runpod.runner import CannotStart, PodRunner

Happening = tuple[float, Callable[[float], None]]


class World(Protocol):
    """What there is for things to happen to."""

    accounts: dict[str, Account]
    pods: dict[str, Pod]
    catalogue: Catalogue
    images: Images
    faults: Faults
    ledger: Ledger
    runner: PodRunner
    timing: Timing
    billed_to: float
    is_ticking: bool
    moment: float

    def log(self, pod: Pod, source: str, text: str) -> None: ...


def advance(world: World, now: float) -> None:
    """Let everything happen that is due by now, earliest first; bill in between."""
    if world.is_ticking:
        return
    world.is_ticking = True
    world.moment = now
    try:
        _strike(world, now)
        while (happening := _earliest(world, now)) is not None:
            world.moment = max(happening[0], world.billed_to)
            _bill(world, world.moment)
            happening[1](world.moment)
        _bill(world, now)
    finally:
        world.is_ticking = False


def next_due(world: World) -> float | None:
    """The moment of the next happening that is known beforehand."""
    moments = [moment for moment, _ in _scheduled(world)]
    return min(moments, default=None)


def _earliest(world: World, now: float) -> Happening | None:
    due = [happening for happening in _scheduled(world) if happening[0] <= now]
    due += list(_exits(world, now))
    return min(due, key=lambda happening: happening[0], default=None)


def _scheduled(world: World) -> Iterator[Happening]:
    for pod in tuple(world.pods.values()):
        yield from _of_pod(world, pod)
    yield from _ends_of_money(world)


def _of_pod(world: World, pod: Pod) -> Iterator[Happening]:
    if pod.status_due is not None:
        yield pod.status_due, lambda now: _next_status(world, pod, now)
    if pod.restart_due is not None:
        yield pod.restart_due, lambda now: _start_container(world, pod, now)
    if pod.kill_due is not None:
        yield pod.kill_due, lambda now: _kill_as_the_fault_says(world, pod, now)
    if pod.removal_due is not None:
        yield pod.removal_due, lambda now: _remove_container(world, pod)
    if pod.container is not None and pod.container.next_due is not None:
        yield pod.container.next_due, lambda now: _poll(world, pod, now)


def _exits(world: World, now: float) -> Iterator[Happening]:
    """Containers that ended at a moment nobody could foresee."""
    for pod in tuple(world.pods.values()):
        container = pod.container
        if container is None or container.next_due is not None:
            continue
        if container.exit_code(now) is not None:
            yield now, lambda moment, pod=pod: _container_ended(world, pod, moment)  # type: ignore[misc]


def _poll(world: World, pod: Pod, now: float) -> None:
    if pod.container is not None and pod.container.exit_code(now) is not None:
        _container_ended(world, pod, now)


def _strike(world: World, now: float) -> None:
    fault = world.faults.look("pod-vanishes")
    if fault is None:
        return
    oldest = next((pod for pod in world.pods.values() if pod.is_live), None)
    if oldest is not None and now - oldest.created_at >= fault.number("seconds", 0.0):
        world.faults.take("pod-vanishes")
        vanish(world, oldest, now)


# --- statuses


def begin(world: World, pod: Pod, now: float) -> None:
    """Provision a new pod, or one that was stopped."""
    pod.is_stuck = world.faults.take("stuck-provisioning") is not None
    pod.will_fail = world.faults.take("pod-error") is not None
    wrong_host = world.faults.take("no-container")
    pod.has_no_container = wrong_host is not None
    pod.is_silent = wrong_host is not None and bool(wrong_host.options.get("silent"))
    slow = world.faults.take("slow-image-pull")
    pod.pull_seconds = 0.0 if slow is None else slow.number("seconds", 600.0)
    pod.status = "PROVISIONING"
    pod.port_base += 100
    pod.status_due = None if pod.is_stuck else now + 0.4 * world.timing.provisioning_seconds


def _next_status(world: World, pod: Pod, now: float) -> None:
    pod.status_due = None
    if pod.status == "PROVISIONING":
        pod.status = "STARTING"
        world.log(pod, "system", f"create container {pod.image}")
        obstacle = world.images.obstacle(pod.image, bool(pod.registry))
        if obstacle is None:
            pulling = 0.6 * world.timing.provisioning_seconds + pod.pull_seconds
            pod.status_due = now + pulling
        else:
            world.log(pod, "system", obstacle)
    elif pod.will_fail:
        _fail(world, pod, "error: the machine could not start the container")
    else:
        pod.status = "RUNNING"
        pod.started_at = now
        if pod.container_starts and not pod.mounts.get("persistent"):
            world.runner.wipe(pod.id)
        _start_container(world, pod, now)


def _fail(world: World, pod: Pod, text: str) -> None:
    world.log(pod, "system", text)
    pod.status = "ERROR"
    pod.restart_due = pod.kill_due = None


def stop(world: World, pod: Pod, now: float) -> None:
    """Release the GPU; the container and its disk go."""
    world.log(pod, "system", f"stop container {pod.id}")
    pod.status = "EXITED"
    _release(world, pod)
    _remove_container(world, pod)


def terminate(world: World, pod: Pod, now: float) -> None:
    """Release all of it. The container is ended a moment later, so that its own call gets its reply."""
    was_holding = pod.status != "EXITED"
    pod.status = "TERMINATED"
    pod.gone_at = now + world.timing.gone_seconds
    if was_holding:
        _release(world, pod)
    pod.removal_due = now + world.timing.removal_seconds


def vanish(world: World, pod: Pod, now: float) -> None:
    """The host died: no signal, no log, no TERMINATED to be seen."""
    if not pod.is_live:
        return
    terminate(world, pod, now)
    pod.gone_at = now
    _kill_container(world, pod, now)


def restart(world: World, pod: Pod, now: float) -> None:
    """End the container; it is started again as after any other exit."""
    if pod.container is not None:
        world.log(pod, "system", f"stop container {pod.id}")
        pod.container.stop()
        _poll(world, pod, now)


def _release(world: World, pod: Pod) -> None:
    pod.status_due = pod.restart_due = pod.kill_due = None
    if pod.gpu_id and pod.centre_id:
        world.catalogue.take(pod.gpu_id, pod.centre_id, pod.cloud, -pod.gpu_count)


# --- containers


DRIVER_TOO_OLD = (
    "error starting container: Error response from daemon: failed to create task for container: failed to create "
    "shim task: OCI runtime create failed: runc create failed: unable to start container process: error during "
    "container init: error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy'",
    "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please update your driver to a "
    "newer version, or use an earlier cuda container: unknown",
)
"""What the system log of such a host says, again with each try (Nerogar/OneTrainer issue 981)."""


def _start_container(world: World, pod: Pod, now: float) -> None:
    pod.restart_due = None
    if pod.has_no_container:
        for line in () if pod.is_silent else (begins(pod), *DRIVER_TOO_OLD):
            world.log(pod, "system", line)
        pod.restart_due = now + world.timing.restart_seconds
        return
    if pod.container_starts and (pod.is_edited or world.faults.take("restart-wipes-disk")):
        world.runner.wipe(pod.id)
    pod.is_edited = False
    pod.container_starts += 1
    this_start = pod.container_starts

    def log(line: str) -> None:
        if pod.container_starts == this_start and pod.status == "RUNNING":
            world.log(pod, "container", line)

    world.log(pod, "system", begins(pod))
    try:
        spec = container_spec(pod, world.accounts[pod.account_id])
        pod.container = world.runner.start(spec, log, now)
    except CannotStart as problem:
        _fail(world, pod, f"error: {problem}")
        return
    pod.container_started_at = now
    loop = world.faults.look("container-restart-loop")
    pod.kill_due = None if loop is None else now + loop.number("seconds", 1.0)


def begins(pod: Pod) -> str:
    return f"start container for {pod.image}: begin"


def _container_ended(world: World, pod: Pod, now: float) -> None:
    """Whatever the exit code: the status stays RUNNING and the container is started again."""
    pod.container = None
    pod.container_started_at = None
    pod.kill_due = None
    if pod.status == "RUNNING":
        pod.restart_due = now + world.timing.restart_seconds


def _kill_as_the_fault_says(world: World, pod: Pod, now: float) -> None:
    if pod.container is not None:
        world.faults.take("container-restart-loop")
    _kill_container(world, pod, now)


def _kill_container(world: World, pod: Pod, now: float) -> None:
    pod.kill_due = None
    if pod.container is not None:
        pod.container.kill()
        _poll(world, pod, now)


def _remove_container(world: World, pod: Pod) -> None:
    """Its lines vanish from the log, those of the system stay."""
    pod.removal_due = None
    if pod.container is not None:
        pod.container.stop()
    pod.container = None
    pod.container_started_at = None
    pod.log.forget_container()
    world.log(pod, "system", "remove container")
    if not pod.is_live:
        world.runner.remove(pod.id)


# --- money


def _bill(world: World, until: float) -> None:
    """Charge every pod for the time since it was last done. A clock set back charges nothing."""
    since = world.billed_to
    if until <= since:
        return
    for pod in world.pods.values():
        rate = pod.rate()
        if rate.total > 0:
            cluster_id = pod.membership.cluster_id if pod.membership else None
            start = max(since, pod.created_at)
            cost = world.ledger.add(pod.account_id, pod.id, cluster_id, rate, start, until)
            world.accounts[pod.account_id].balance_usd -= cost
    world.billed_to = until


def _ends_of_money(world: World) -> Iterator[Happening]:
    for account in world.accounts.values():
        mine = [pod for pod in world.pods.values() if pod.account_id == account.id]
        per_hour = sum(pod.rate().total for pod in mine)
        if per_hour > 0 and account.billing_mode == "PREPAID":
            left_seconds = max(0.0, account.balance_usd) / per_hour * 3600
            end = world.billed_to + left_seconds
            yield end, lambda now, mine=mine: _out_of_money(world, mine, now)  # type: ignore[misc]


def _out_of_money(world: World, pods: list[Pod], now: float) -> None:
    """Pods with a network volume are stopped, all others are gone with what they hold."""
    for pod in pods:
        if not pod.is_live:
            continue
        if pod.keeps_network_volume and pod.status != "EXITED":
            stop(world, pod, now)
        elif not pod.keeps_network_volume:
            terminate(world, pod, now)
