"""The Hub's calls about jobs."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from launcher.emulator.hub.core import Call, Route
from launcher.emulator.hub.jobs import FLAVORS, Job, log_time
from launcher.emulator.hub.tokens import Token, TokenKind
from launcher.emulator.hub.wire import Refusal, Response, json_response

ROWS_PER_PAGE = 50
_EVENTS = {"content-type": "text/event-stream", "cache-control": "no-store"}


def hardware(call: Call) -> Response:
    return json_response([each.document() for each in FLAVORS])


def start(call: Call) -> Response:
    _manager(call)
    job = call.hub.jobs.start(call.parts["ns"], call.request.body.json())
    return json_response(call.hub.jobs.document(job))


def list_jobs(call: Call) -> Response:
    _manager(call)
    jobs = call.hub.jobs
    jobs.advance()
    stages = {stage.upper() for stage in call.request.parameters("stage")}
    labels = [text.partition("=") for text in call.request.parameters("label")]
    found = [
        job
        for job in reversed(jobs.by_id.values())
        if job.owner == call.parts["ns"]
        and (not stages or job.stage in stages)
        and all(job.labels.get(name) == value for name, _, value in labels)
    ]
    skip = int(call.request.parameter("cursor", "0"))
    page = [jobs.document(job) for job in found[skip : skip + ROWS_PER_PAGE]]
    if len(found) <= skip + ROWS_PER_PAGE:
        return json_response(page)
    pairs = [("stage", stage) for stage in sorted(stages)]
    pairs += [("label", text) for text in call.request.parameters("label")]
    query = urlencode([*pairs, ("cursor", str(skip + ROWS_PER_PAGE))])
    link = f'<{call.hub.public_url}/api/jobs/{call.parts["ns"]}?{query}>; rel="next"'
    return json_response(page, Link=link)


def inspect(call: Call) -> Response:
    return json_response(call.hub.jobs.document(_job(call)))


def cancel(call: Call) -> Response:
    job = _job(call)
    call.hub.jobs.cancel(job)
    return json_response(call.hub.jobs.document(job))


def logs(call: Call) -> Response:
    """The lines so far, and those that come until the job is over or the stream has lasted for a while."""
    job = _job(call)
    tail = call.request.parameter("tail")
    given = max(0, len(job.lines) - int(tail)) if tail else 0

    def more() -> bytes | None:
        nonlocal given
        call.hub.jobs.advance()
        is_over = job.is_over
        lines = job.lines[given:]
        given += len(lines)
        if not lines and is_over:
            return None
        return b"".join(
            _event(json.dumps({"timestamp": log_time(at), "data": text})) for at, text in lines
        )

    return Response(200, _EVENTS, follow=more)


def metrics(call: Call) -> Response:
    job = _job(call)
    if job.is_over:
        raise Refusal(406, "The job is not running.")

    def more() -> bytes | None:
        call.hub.jobs.advance()
        if job.is_over:
            return None
        return b"event: metric\n" + _event(json.dumps(call.hub.jobs.metric(job)))

    return Response(200, _EVENTS, follow=more)


def _event(data: str) -> bytes:
    return f"data: {data}\n\n".encode()


def _manager(call: Call) -> Token:
    token = call.signed_in()
    namespace = call.parts["ns"]
    if token.kind is TokenKind.FINE_GRAINED:
        may = any(
            scope.entity in {"user", "org"}
            and scope.name.lower() == namespace.lower()
            and "job.write" in scope.permissions
            for scope in token.scopes
        )
    else:
        may = token.kind is TokenKind.WRITE and token.is_member_of(namespace)
    if not may:
        raise Refusal(403, "Forbidden: this token may not manage jobs of this namespace.")
    return token


def _job(call: Call) -> Job:
    _manager(call)
    call.hub.jobs.advance()
    job = call.hub.jobs.by_id.get(call.parts["job"])
    if job is None or job.owner != call.parts["ns"]:
        raise Refusal(404, "Job not found")
    return job


_ONE = r"/api/jobs/(?P<ns>[^/]+)/(?P<job>[^/]+)"

ROUTES = (
    Route.at("GET", "/api/jobs/hardware", hardware),
    Route.at("POST", r"/api/jobs/(?P<ns>[^/]+)", start),
    Route.at("GET", r"/api/jobs/(?P<ns>[^/]+)", list_jobs),
    Route.at("GET", _ONE, inspect),
    Route.at("POST", f"{_ONE}/cancel", cancel),
    Route.at("GET", f"{_ONE}/logs", logs),
    Route.at("GET", f"{_ONE}/metrics", metrics),
)
