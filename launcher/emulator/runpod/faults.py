"""Misfortunes that can be switched on by name. Only says whether one strikes; the world and server act on it."""

from dataclasses import dataclass, field
from typing import Any

FAULTS: dict[str, str] = {
    "create-500-but-rents": "POST /v2/pods answers 500 although the pod exists and bills.",
    "create-timeout-but-rents": "POST /v2/pods makes the pod and stays silent for `seconds` (default 120).",
    "create-dropped-but-rents": "POST /v2/pods makes the pod, then the connection breaks before the reply.",
    "create-503-rents-nothing": "POST /v2/pods answers 503 and makes no pod.",
    "create-dropped-rents-nothing": "POST /v2/pods breaks the connection and makes no pod.",
    "list-lag": "GET /v2/pods leaves out pods younger than `seconds` and still shows those gone for less.",
    "list-empty": "GET /v2/pods answers an empty list although pods live.",
    "stuck-provisioning": "A new pod stays PROVISIONING for ever, and bills.",
    "pod-error": "A new pod ends in status ERROR instead of running.",
    "no-container": "A new pod gets RUNNING and no container: the driver is too old (`silent`: unsaid in the log).",
    "slow-image-pull": "A new pod stays STARTING for `seconds` more while its image is pulled.",
    "server-errors": "Every call answers 5xx (`status`, default 503).",
    "rate-limited": "Every call answers 429 with Retry-After (`seconds`, `window`).",
    "html-error-page": "Every call answers an HTML page of the proxy with `status` (default 502).",
    "slow-replies": "Every reply comes `seconds` late, after the work is done.",
    "dropped-replies": "Every call does its work, then the connection breaks before the reply.",
    "pod-vanishes": "The host of the oldest live pod dies as soon as the pod is `seconds` (default 0) old.",
    "delete-500": "DELETE, and the action terminate, answer 500 and do nothing.",
    "delete-ignored": "DELETE, and the action terminate, answer 204 although the pod stays and bills.",
    "delete-404": "DELETE, and the action terminate, answer 404 although the pod's container lives on and bills.",
    "log-stream-cuts": "A log stream breaks off after `lines` lines (default 5).",
    "logs-unavailable": "The log stream answers 503.",
    "no-capacity": "No machine can be had: anywhere, or for `gpu`, `data_center`, `cloud` alone.",
    "insufficient-balance": "Renting and starting answer 402.",
    "dearer-than-listed": "A new pod costs `factor` (default 1.5) of what the catalogue says, and its answer says so.",
    "exec-refused": "POST /v2/pods/{id}/exec answers 403.",
    "secrets-refused": "/v2/account/secrets answers 403.",
    "container-restart-loop": "The container is killed `seconds` (default 1) after each start, and restarted.",
    "restart-wipes-disk": "A container that is started again finds its disk empty.",
    "clock-skew": "The server's clock is `seconds` ahead of the world's (negative: behind).",
    "pod-key-refused": "The key inside a pod answers 403 everywhere.",
    "cluster-pods-late": "One half of a cluster is in no list for `seconds` (60); `first`: that with its first pod.",
    "members-delete-cluster": "The key inside a pod may DELETE the cluster that the pod belongs to.",
}


DEMO: dict[str, tuple[int, dict[str, Any]]] = {
    "create-500-but-rents": (1, {}),
    "create-timeout-but-rents": (1, {"seconds": 40}),
    "create-dropped-but-rents": (1, {}),
    "create-503-rents-nothing": (1, {}),
    "create-dropped-rents-nothing": (1, {}),
    "stuck-provisioning": (1, {}),
    "pod-error": (1, {}),
    "no-container": (1, {}),
    "slow-image-pull": (1, {"seconds": 20}),
    "server-errors": (5, {}),
    "rate-limited": (3, {}),
    "html-error-page": (3, {}),
    "dropped-replies": (2, {"method": "GET"}),
    "pod-vanishes": (1, {"seconds": 30}),
    "delete-500": (3, {}),
    "delete-ignored": (1, {}),
    "delete-404": (1, {}),
    "dearer-than-listed": (1, {}),
    "log-stream-cuts": (5, {"lines": 5}),
    "logs-unavailable": (3, {}),
    "container-restart-loop": (2, {"seconds": 10}),
}
"""How often and with what options a fault strikes when a person wants to see it in one run; others stay on."""

DEMO_STRIKES_FIRST: dict[str, str] = {"restart-wipes-disk": "container-restart-loop"}
"""What has to strike first, so that the other fault gets its moment."""


@dataclass
class Fault:
    """One fault that is on; `times` strikes are left, None for no end."""

    name: str
    times: int | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def number(self, option: str, default: float) -> float:
        return float(self.options.get(option, default))


class Faults:
    """The faults that are on. Counts every strike in `struck`."""

    def __init__(self) -> None:
        self._on: dict[str, Fault] = {}
        self.struck: dict[str, int] = {}

    def switch_on(self, name: str, times: int | None = None, **options: Any) -> None:
        """Let it strike `times` times, or until switched off.

        Options are those its sentence names; `path`, for faults of every call, limits them to paths
        that contain it, and `method` to that method. Raises KeyError for a name not in FAULTS.
        """
        if name not in FAULTS:
            raise KeyError(f"no such fault: {name}; there are {', '.join(FAULTS)}")
        self._on[name] = Fault(name, times, options)

    def switch_on_for_demo(self, name: str) -> None:
        """Let it strike as often as one run can bear and show."""
        for each in (name, DEMO_STRIKES_FIRST.get(name)):
            if each is not None:
                times, options = DEMO.get(each, (None, {}))
                self.switch_on(each, times, **options)

    def switch_off(self, *names: str) -> None:
        """End these faults, or all when none is named."""
        for name in names or tuple(self._on):
            self._on.pop(name, None)

    @property
    def on(self) -> dict[str, Fault]:
        return dict(self._on)

    def look(self, name: str) -> Fault | None:
        """The fault if it is on, without using up a strike."""
        return self._on.get(name)

    def feel(self, name: str) -> Fault | None:
        """The fault if it is on, counted as a strike; such a one is never used up."""
        if name in self._on:
            self.struck[name] = self.struck.get(name, 0) + 1
        return self._on.get(name)

    def take(self, name: str) -> Fault | None:
        """The fault if it strikes now; uses up one strike."""
        fault = self._on.get(name)
        if fault is None:
            return None
        self.struck[name] = self.struck.get(name, 0) + 1
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                del self._on[name]
        return fault

    def take_for_call(self, name: str, method: str, path: str) -> Fault | None:
        """The same for faults of every call, which may be limited to a path or a method."""
        fault = self._on.get(name)
        if fault is None or str(fault.options.get("path", "")) not in path:
            return None
        if fault.options.get("method", method) != method:
            return None
        return self.take(name)
