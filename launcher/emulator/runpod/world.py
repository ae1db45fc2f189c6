"""The emulated cloud without I/O or threads of its own: what exists, and what each call changes.

Everything is a function of the clock: `tick` moves the world up to the clock's now, and every public
method ticks first. `lifecycle` says what happens by itself.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from launcher.emulator.runpod import lifecycle
from launcher.emulator.runpod.accounts import READ_RIGHTS, RIGHTS, Account, ApiKey, new_id
from launcher.emulator.runpod.billing import Ledger
from launcher.emulator.runpod.catalogue import Catalogue
from launcher.emulator.runpod.clock import NANOS, Clock, SystemClock
from launcher.emulator.runpod.conditions import Images, RequestRecord, Timing
from launcher.emulator.runpod.extras import Extras
from launcher.emulator.runpod.faults import Faults
from launcher.emulator.runpod.limits import RateLimiter
from launcher.emulator.runpod.pods import ACTIONS, Membership, Pod, pod_wire
from launcher.emulator.runpod.problems import (
    bad_request,
    conflict,
    insufficient_balance,
    no_capacity,
    not_found,
    over_pod_limit,
    over_spend_limit,
)
from launcher.emulator.runpod.renting import Place, check_rules, is_short, place, with_template
from launcher.emulator.runpod.runner import PodRunner, ScriptedRunner


class RunPodWorld:
    """Accounts, pods, catalogue, billing, faults, and the record of requests."""

    def __init__(
        self,
        clock: Clock | None = None,
        runner: PodRunner | None = None,
        timing: Timing | None = None,
        balance_usd: float = 25.0,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.runner: PodRunner = runner or ScriptedRunner()
        self.timing = timing or Timing()
        self.catalogue = Catalogue()
        self.images = Images()
        self.faults = Faults()
        self.extras = Extras()
        self.limiter = RateLimiter()
        self.log_ids = "time/serial"
        """`time` or `time/serial`: how the ids of log events look."""
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, ApiKey] = {}
        self.pods: dict[str, Pod] = {}
        """Every pod there ever was, in order of creation."""
        self.clusters: dict[str, dict[str, Any]] = {}
        self.ledger = Ledger()
        self.requests: list[RequestRecord] = []
        self.lock = threading.RLock()
        self.billed_to = self.clock.now()
        self.is_ticking = False
        self.moment = self.billed_to
        """The moment of the happening at work, while `is_ticking`."""
        self.is_closing = False
        """Set when the server goes down: open log streams end."""
        self.stream_seconds: float | None = None
        """How long a log stream stays open; None for as long as the pod. 0 answers what there is and ends."""
        self.account = self.add_account(balance_usd)
        self.api_key = self.add_key(self.account).value

    # --- accounts and keys

    def add_account(self, balance_usd: float = 25.0) -> Account:
        account = Account(new_id(), balance_usd)
        self.accounts[account.id] = account
        return account

    def add_key(
        self,
        account: Account | None = None,
        kind: str = "full",
        without: frozenset[str] | set[str] = frozenset(),
        pod_id: str | None = None,
    ) -> ApiKey:
        """A new key: `full`, `read-only`, or `restricted` to all rights but those in `without`."""
        owner = account or self.account
        rights = {"full": RIGHTS, "read-only": READ_RIGHTS, "pod": frozenset[str]()}
        allowed = rights.get(kind, RIGHTS) - frozenset(without)
        key = ApiKey(f"emulated-{secrets.token_hex(20)}", kind, allowed, owner.id, pod_id)
        self.keys[key.value] = key
        return key

    # --- time

    def tick(self) -> None:
        """Bring the world up to the clock's now. Calls from inside a tick do nothing."""
        with self.lock:
            lifecycle.advance(self, self.clock.now())

    def next_due(self) -> float | None:
        """When something will happen by itself next; None if nothing will. For a clock that jumps."""
        with self.lock:
            return lifecycle.next_due(self)

    @contextmanager
    def settled(self) -> Iterator[float]:
        """The lock, held over a world that is up to date; gives the clock's now."""
        with self.lock:
            self.tick()
            yield self.clock.now()

    @property
    def skew_seconds(self) -> float:
        fault = self.faults.feel("clock-skew")
        return 0.0 if fault is None else fault.number("seconds", 300.0)

    # --- looking

    def live_pods(self) -> list[Pod]:
        with self.settled():
            return [pod for pod in self.pods.values() if pod.is_live]

    def pod(self, pod_id: str, account: Account | None = None) -> Pod:
        """A pod of the account, or of any. 404 if there is none, or none any more."""
        with self.settled() as now:
            pod = self.pods.get(pod_id)
            if pod is None or (account is not None and pod.account_id != account.id):
                raise not_found("pod")
            if pod.gone_at is not None and now >= pod.gone_at:
                raise not_found("pod")
            return pod

    def listed_pods(self, account: Account, include_cluster_pods: bool = False) -> list[Pod]:
        """As the list shows them, which may lag behind."""
        with self.settled() as now:
            mine = [pod for pod in self.pods.values() if pod.account_id == account.id]
            lag = self.faults.look("list-lag")
            seconds = 0.0 if lag is None else lag.number("seconds", 20.0)
            seen = [pod for pod in mine if self._is_listed(pod, now - seconds)]
            if seen != [pod for pod in mine if self._is_listed(pod, now)]:
                self.faults.take("list-lag")
            seen = [pod for pod in seen if not self.is_placed_late(pod, now)]
            return [pod for pod in seen if include_cluster_pods or pod.membership is None]

    def _is_listed(self, pod: Pod, moment: float) -> bool:
        ended_at = None if pod.gone_at is None else pod.gone_at - self.timing.gone_seconds
        return pod.created_at <= moment and (ended_at is None or moment < ended_at)

    def is_placed_late(self, pod: Pod, now: float) -> bool:
        """Whether a fault keeps it out of every list, of the account's pods and of its cluster's."""
        fault = self.faults.look("cluster-pods-late")
        if fault is None or pod.membership is None:
            return False
        half = int(pod.membership.env.get("NUM_NODES", "1")) // 2
        is_in_late_half = (pod.membership.rank < half) is bool(fault.options.get("first"))
        is_late = is_in_late_half and now - pod.created_at < fault.number("seconds", 60.0)
        return is_late and self.faults.take("cluster-pods-late") is not None

    def wire(self, pod: Pod) -> dict[str, Any]:
        """The pod as the API shows it now."""
        return pod_wire(pod, self.clock.now(), self.skew_seconds, self.extras.on)

    def spend_per_hour_usd(self, account: Account) -> float:
        with self.settled():
            mine = (pod for pod in self.pods.values() if pod.account_id == account.id)
            return sum(pod.rate().total for pod in mine)

    def pod_count(self, account: Account) -> int:
        return sum(pod.account_id == account.id for pod in self.live_pods())

    # --- changing

    def rent(
        self, body: dict[str, Any], account: Account | None = None, member: Membership | None = None
    ) -> Pod:
        """Make a pod from a body that its schema holds for. Raises the Problem that RunPod would answer."""
        owner = account or self.account
        with self.settled() as now:
            body = with_template(body, owner)
            check_rules(body, owner)
            shortage = self.faults.feel("no-capacity")
            found = place(body, self.catalogue, owner, shortage)
            if dearer := self.faults.take("dearer-than-listed"):
                found = replace(found, price_usd=found.price_usd * dearer.number("factor", 1.5))
            self.check_balance(owner, found.price_usd)
            self._check_limits(owner, found.price_usd)
            pod = self._new_pod(body, owner, found, member, now)
            lifecycle.begin(self, pod, now)
            return pod

    def _check_limits(self, account: Account, price_usd: float) -> None:
        if self.spend_per_hour_usd(account) + price_usd > account.spend_limit_usd:
            raise over_spend_limit(account.spend_limit_usd)
        if account.most_pods is not None and self.pod_count(account) >= account.most_pods:
            raise over_pod_limit(account.most_pods)

    def check_balance(self, account: Account, price_usd: float) -> None:
        """One hour must be paid for, where it is paid beforehand."""
        is_short = account.balance_usd < price_usd and account.billing_mode == "PREPAID"
        if self.faults.take("insufficient-balance") or is_short:
            raise insufficient_balance()

    def _new_pod(
        self,
        body: dict[str, Any],
        account: Account,
        found: Place,
        member: Membership | None,
        now: float,
    ) -> Pod:
        pod_id = new_id()
        cloud = body.get("cloud", "SECURE")
        if found.gpu is not None:
            self.catalogue.take(found.gpu.id, found.centre_id, cloud, found.gpu_count)
        pod = Pod(
            id=pod_id,
            account_id=account.id,
            name=body["name"],
            image=body["image"],
            cloud=cloud,
            disk_gb=int(body.get("disk", 10)),
            price_usd=found.price_usd,
            created_at=now,
            key=self.add_key(account, "pod", pod_id=pod_id),
            gpu_id=found.gpu.id if found.gpu else None,
            gpu_count=found.gpu_count,
            cpu_id=found.cpu.id if found.cpu else None,
            vcpus=found.vcpus,
            ram_gb=found.ram_gb,
            cuda_version=found.cuda_version,
            centre_id=found.centre_id,
            start_ssh=body.get("startSsh", False),
            start_jupyter=body.get("startJupyter", False),
            global_networking=body.get("globalNetworking", False),
            membership=member,
        )
        configure(pod, body)
        self.pods[pod_id] = pod
        return pod

    def act(self, pod: Pod, action: str) -> None:
        """Do one of `start stop restart terminate`. 409 where the status does not allow it."""
        with self.settled() as now:
            if action not in ACTIONS[pod.status]:
                raise conflict(f"action {action} is not valid for a pod in status {pod.status}")
            if pod.locked and action in ("stop", "restart"):
                raise conflict("pod is locked")
            if action == "start":
                self._start(pod, now)
            elif action == "stop":
                lifecycle.stop(self, pod, now)
            elif action == "restart":
                lifecycle.restart(self, pod, now)
            else:
                lifecycle.terminate(self, pod, now)

    def _start(self, pod: Pod, now: float) -> None:
        """On the host it had: its GPUs may be gone."""
        self.check_balance(self.accounts[pod.account_id], pod.price_usd)
        if pod.gpu_id and pod.centre_id and pod.status == "EXITED":
            free = self.catalogue.free(pod.gpu_id, pod.centre_id, pod.cloud)
            shortage = self.faults.feel("no-capacity")
            if free < pod.gpu_count or is_short(shortage, pod.gpu_id, pod.centre_id, pod.cloud):
                raise no_capacity()
            self.catalogue.take(pod.gpu_id, pod.centre_id, pod.cloud, pod.gpu_count)
        lifecycle.begin(self, pod, now)

    def update(self, pod: Pod, changes: dict[str, Any]) -> None:
        """Apply a PATCH. What touches the container restarts it; name and lock do not."""
        with self.settled() as now:
            if changes.get("mounts") is not None:
                _check_same_mounts(pod, changes["mounts"])
            configure(pod, changes)
            pod.name = changes.get("name", pod.name)
            pod.locked = changes.get("locked", pod.locked)
            pod.global_networking = changes.get("globalNetworking", pod.global_networking)
            touches = set(changes) - {"name", "locked", "globalNetworking"}
            pod.is_edited = pod.is_edited or bool(touches)
            if touches and pod.status == "RUNNING":
                lifecycle.restart(self, pod, now)

    def kill_host(self, pod: Pod) -> None:
        """The machine dies: the pod and all in it are gone at once, with no goodbye."""
        with self.settled() as now:
            lifecycle.vanish(self, pod, now)

    def log(self, pod: Pod, source: str, text: str) -> None:
        """Add a line to a pod's log, at the server's time. May be called from any thread."""
        with self.lock:
            moment = self.moment if self.is_ticking else self.clock.now()
            pod.log.add(source, text, int((moment + self.skew_seconds) * NANOS))

    def close(self) -> None:
        """End every container; nothing that was started is left."""
        self.runner.close()


def configure(pod: Pod, body: dict[str, Any]) -> None:
    """Put the container's settings of a create or PATCH body into the pod; what is absent stays."""
    pod.image = body.get("image", pod.image)
    pod.args = body.get("args", pod.args)
    pod.disk_gb = int(body.get("disk", pod.disk_gb))
    pod.ports = list(body.get("ports", pod.ports))
    pod.env = dict(body.get("env", pod.env))
    pod.registry = body.get("registry", pod.registry)
    pod.mounts = dict(body.get("mounts", pod.mounts))
    if "args" in body:
        pod.cmd = pod.entrypoint = None
    pod.cmd = body.get("cmd", pod.cmd)
    pod.entrypoint = body.get("entrypoint", pod.entrypoint)


def _check_same_mounts(pod: Pod, mounts: dict[str, Any]) -> None:
    """The kind of mount, and a network volume, are fixed when the pod is made."""
    old = [mount["volumeId"] for mount in pod.mounts.get("network", [])]
    new = [mount["volumeId"] for mount in mounts.get("network", [])]
    if set(mounts) != set(pod.mounts) or old != new:
        raise bad_request("mounts: the kind of mount and its volume cannot be changed")
