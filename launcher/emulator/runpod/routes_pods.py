"""Pods over HTTP: rent, list, read, change, act, run a command, follow the log."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.responses import Response, StreamingResponse

from launcher.emulator.runpod import bodies
from launcher.emulator.runpod.calls import BodyByExtras, Call, gone, ok, operation, page
from launcher.emulator.runpod.faults import Faults
from launcher.emulator.runpod.logs import LogLine
from launcher.emulator.runpod.pods import Pod
from launcher.emulator.runpod.problems import (
    Problem,
    bad_request,
    conflict,
    forbidden,
    invalid,
    not_found,
)
from launcher.emulator.runpod.renting import (
    check_commands,
    check_mounts,
    check_registry,
    check_variables,
    with_template,
)

STREAM_POLL_SECONDS = 0.1


class ReplyLost(Exception):
    """The work is done, and the caller will not hear of it: the connection breaks after `seconds`."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__("the reply is lost")
        self.seconds = seconds


def own_pod(call: Call) -> Pod:
    return call.world.pod(call.params["id"], call.account)


@operation("GET", "/v2/pods", "pods:read")
def list_pods(call: Call) -> Response:
    with_members = call.truth("includeClusterPods") or False
    pods = call.world.listed_pods(call.account, with_members)
    if pods and call.world.faults.take("list-empty"):
        pods = []
    return page(call, "pods", [call.world.wire(pod) for pod in pods])


@operation("POST", "/v2/pods", "pods:write", BodyByExtras(bodies.create_pod))
def create_pod(call: Call) -> Response:
    refuse_before_create(call.world.faults)
    pod = call.world.rent(call.body, call.account)
    return answer_to_create(call.world.faults, call.world.wire(pod))


def refuse_before_create(faults: Faults) -> None:
    """The misfortunes of a create that makes nothing, of a pod or a cluster."""
    if faults.take("create-503-rents-nothing"):
        raise Problem(503, "upstream unavailable")
    if faults.take("create-dropped-rents-nothing"):
        raise ReplyLost


def answer_to_create(faults: Faults, made: Any) -> Response:
    """What is made, unless the answer is lost."""
    if faults.take("create-500-but-rents"):
        raise Problem(500, "internal server error")
    if faults.take("create-dropped-but-rents"):
        raise ReplyLost
    if hang := faults.take("create-timeout-but-rents"):
        raise ReplyLost(hang.number("seconds", 120.0))
    return ok(made, 201)


@operation("GET", "/v2/pods/{id}", "pods:read", pod_key=True)
def get_pod(call: Call) -> Response:
    return ok(call.world.wire(own_pod(call)))


@operation("PATCH", "/v2/pods/{id}", "pods:write", BodyByExtras(bodies.update_pod))
def update_pod(call: Call) -> Response:
    pod = own_pod(call)
    _refuse_cluster_member(pod, "modified")
    changes = dict(call.body)
    if "templateId" in changes:
        changes = with_template(changes, call.account)
    if "network" in changes.get("mounts", {}) and not changes["mounts"]["network"]:
        raise bad_request("mounts.network cannot be empty")
    check_mounts(changes.get("mounts", {}), call.account)
    check_variables(changes.get("env", {}))
    check_registry(changes.get("registry"), call.account)
    if "cmd" in changes or "entrypoint" in changes:
        check_commands(changes)
    call.world.update(pod, changes)
    return ok(call.world.wire(pod))


@operation("DELETE", "/v2/pods/{id}", "pods:write", pod_key=True)
def delete_pod(call: Call) -> Response:
    pod = own_pod(call)
    _refuse_cluster_member(pod, "terminated")
    if not pod.is_live:
        raise not_found("pod")
    return _terminate(call, pod)


@operation("POST", "/v2/pods/{id}/action", "pods:write", bodies.POD_ACTION, pod_key=True)
def act_on_pod(call: Call) -> Response:
    pod = own_pod(call)
    action = call.body["action"]
    _refuse_cluster_member(pod, "changed")
    if action == "terminate" and pod.is_live:
        return _terminate(call, pod)
    call.world.act(pod, action)
    return ok(call.world.wire(pod))


def _terminate(call: Call, pod: Pod) -> Response:
    if call.world.faults.take("delete-500"):
        raise Problem(500, "internal server error")
    if call.world.faults.take("delete-404"):
        raise not_found("pod")
    if call.world.faults.take("delete-ignored"):
        return gone()
    call.world.act(pod, "terminate")
    return gone()


def _refuse_cluster_member(pod: Pod, verb: str) -> None:
    if pod.membership is not None:
        raise conflict(f"pod belongs to a cluster and cannot be {verb} via the pod endpoints")


@operation("POST", "/v2/pods/{id}/exec", "pods:write", bodies.EXEC, extra="exec")
async def run_command(call: Call) -> Response:
    """The reply's keys are not published; these are the ones other clients read."""
    if call.world.faults.take("exec-refused"):
        raise forbidden()
    pod = own_pod(call)
    container = pod.container
    if pod.status != "RUNNING" or container is None:
        raise conflict("pod is not running")
    seconds = float(call.body.get("timeoutSeconds", 20))
    outcome = await container.execute(call.body["command"], call.body.get("cwd"), seconds)
    return ok(
        {
            "stdout": outcome.stdout,
            "stderr": outcome.stderr,
            "exitCode": outcome.exit_code,
            "timedOut": outcome.timed_out,
        }
    )


# --- the log


@operation("GET", "/v2/pods/{id}/logs", "pods:read")
def follow_log(call: Call) -> Response:
    pod = own_pod(call)
    if call.world.faults.take("logs-unavailable"):
        raise Problem(503, "log service unavailable")
    source = call.query.get("source")
    if source not in (None, "container", "system"):
        raise invalid(["$.source: value must be one of 'container', 'system'"])
    seen = pod.log.last_serial
    backlog = _backlog(call, pod, source)
    events = _events(call, pod, source, backlog, seen)
    headers = {"Cache-Control": "no-cache", "Connection": "keep-alive", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def _backlog(call: Call, pod: Pod, source: str | None) -> list[LogLine]:
    """`Last-Event-ID` wins over `since`, which wins over `tail`."""
    tail = call.whole("tail", 100, 0, 5_000)
    last_id, since = call.headers.get("Last-Event-ID"), call.query.get("since")
    try:
        if last_id:
            return pod.log.after_id(last_id, source)
        if since is not None:
            return pod.log.since(since, source)
    except ValueError as problem:
        name = "Last-Event-ID" if last_id else "since"
        raise invalid([f"$.{name}: value is not a valid date-time"]) from problem
    return pod.log.tail(tail, source)


async def _events(
    call: Call, pod: Pod, source: str | None, backlog: list[LogLine], seen: int
) -> AsyncIterator[bytes]:
    """What there is, then what comes, until the pod or the server is gone. Heartbeats are comments."""
    world = call.world
    cut = world.faults.look("log-stream-cuts")
    left = None if cut is None else int(cut.number("lines", 5))
    opened = last_sent = world.clock.now()
    sleep: Callable[[float], Awaitable[Any]] = call.sleep or asyncio.sleep
    yield b": connected\n\n"
    while not world.is_closing:
        for line in backlog:
            if left is not None and left <= 0:
                world.faults.take("log-stream-cuts")
                raise ReplyLost
            yield _event(line, world.log_ids)
            last_sent = world.clock.now()
            left = None if left is None else left - 1
        world.tick()
        is_removed = not pod.is_live and pod.removal_due is None
        if is_removed and not pod.log.after_serial(seen, source):
            return
        now = world.clock.now()
        if world.stream_seconds is not None and now - opened >= world.stream_seconds:
            return
        if now - last_sent >= world.timing.heartbeat_seconds:
            yield b": heartbeat\n\n"
            last_sent = now
        await sleep(STREAM_POLL_SECONDS)
        with world.lock:
            backlog = pod.log.after_serial(seen, source)
            seen = pod.log.last_serial


def _event(line: LogLine, style: str) -> bytes:
    data = json.dumps(line.wire(), ensure_ascii=False)
    return f"id: {line.id(style)}\ndata: {data}\n\n".encode()
