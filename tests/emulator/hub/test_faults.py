"""Every fault does what its sentence says, on a clock that tests move."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest

from launcher.emulator.hub import NAMED_FAULTS, HubCore, HubTransport, RateLimits, Rule
from launcher.emulator.hub.routes import ROUTES
from launcher.emulator.hub.wire import Body, Request, Response
from tests.emulator.hub.conftest import SMALL, TOKENS
from tests.kit.clocks import HandClock

BEARER = {"authorization": "Bearer demo-write"}


@pytest.fixture
def core(tmp_path: Path, clock: HandClock) -> HubCore:
    made = HubCore(tmp_path, clock, ROUTES, tokens=dict(TOKENS), sizes=SMALL)
    send(made, "POST", "/api/repos/create", {"name": "voice"})
    return made


def send(core: HubCore, method: str, path: str, document: object = None) -> Response:
    body = Body(json.dumps(document).encode() if document is not None else b"")
    return core.handle(Request(method, path, "", BEARER, body))


def commit(core: HubCore, name: str = "a.txt") -> Response:
    lines = [
        {"key": "header", "value": {"summary": f"Add {name}"}},
        {"key": "file", "value": {"path": name, "content": "aGk=", "encoding": "base64"}},
    ]
    raw = "\n".join(json.dumps(line) for line in lines).encode()
    path = "/api/models/demo/voice/commit/main"
    return core.handle(Request("POST", path, "", BEARER, Body(raw)))


def commits(core: HubCore) -> int:
    return len(core.store.repos["model", "demo/voice"].commits)


@pytest.mark.parametrize("name", NAMED_FAULTS)
def test_every_fault_has_a_sentence_and_rules(name):
    fault = NAMED_FAULTS[name]
    assert fault.sentence.endswith(".")
    assert fault.rules(0.0)


def test_a_fault_is_counted_when_it_changed_an_answer_and_not_before(core):
    core.faults.switch_on("download-truncated")
    core.faults.switch_on("whoami-busy")
    assert core.faults.struck == {}
    send(core, "GET", "/demo/voice/resolve/main/short.txt")  # 404, and shorter than what is cut
    assert core.faults.struck == {}
    send(core, "GET", "/api/whoami-v2")
    assert core.faults.struck == {"whoami-busy": 1}


def test_an_unknown_fault_is_named_with_those_there_are(core):
    with pytest.raises(KeyError, match="busy, commit-busy"):
        core.faults.switch_on("nonsense")


def test_busy_passes_after_three_requests(core):
    core.faults.switch_on("busy")
    statuses = [send(core, "GET", "/api/whoami-v2").status for _ in range(4)]
    assert statuses == [503, 503, 503, 200]


def test_down_ends_with_the_clock(core, clock):
    core.faults.switch_on("down")
    clock.advance(599)
    assert send(core, "GET", "/api/whoami-v2").status == 503
    clock.advance(1)
    assert send(core, "GET", "/api/whoami-v2").status == 200


def test_a_lost_reply_leaves_the_commit_in_the_repo(core):
    core.faults.switch_on("commit-reply-lost")
    before = commits(core)
    assert commit(core).cut is not None
    assert commits(core) == before + 1


def test_a_dropped_request_changes_nothing(core):
    core.faults.switch_on("dropped")
    before = commits(core)
    assert commit(core).cut is not None
    assert commits(core) == before


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("commit-busy", 503, "Service Unavailable"),
        ("commit-locked", 409, "Another commit operation is in progress for this repository"),
        ("commit-stale", 412, "A commit has happened since. Please refresh and try again."),
        ("commit-refused", 403, "storage limit"),
        ("commit-quota", 429, "You have exceeded the rate limit for repository commits"),
    ],
)
def test_refused_commits_change_nothing_and_say_why(core, name, status, text):
    core.faults.switch_on(name)
    before = commits(core)
    answer = commit(core)
    assert answer.status == status
    assert isinstance(answer.body, bytes)
    assert text in json.loads(answer.body)["error"]
    assert commits(core) == before
    assert send(core, "GET", "/api/whoami-v2").status == 200


def test_the_commit_quota_shows_room_in_its_header(core):
    core.faults.switch_on("commit-quota")
    assert "r=949" in commit(core).headers["RateLimit"]


def test_a_token_is_revoked_after_the_commit_that_follows(core):
    core.faults.switch_on("token-revoked")
    assert send(core, "GET", "/api/whoami-v2").status == 200
    assert commit(core).status == 200
    assert send(core, "GET", "/api/whoami-v2").status == 401


def test_a_rule_can_skip_the_first_requests(core):
    core.faults.add(Rule("whoami", skip=2, delay_seconds=3.0))
    delays = [send(core, "GET", "/api/whoami-v2").delay_seconds for _ in range(4)]
    assert delays == [0, 0, 3, 0]


def test_rate_limits_count_per_window_and_say_when_it_ends(tmp_path, clock):
    core = HubCore(tmp_path, clock, ROUTES, tokens=dict(TOKENS), limits=RateLimits(api=2))
    statuses = [send(core, "GET", "/api/whoami-v2").status for _ in range(2)]
    refused = send(core, "GET", "/api/whoami-v2")
    assert statuses == [200, 200]
    assert refused.status == 429
    assert refused.headers["RateLimit"] == '"api";r=0;t=300'
    clock.advance(300)
    assert send(core, "GET", "/api/whoami-v2").status == 200


def test_the_commit_quota_counts_commits_of_an_hour(tmp_path, clock):
    core = HubCore(
        tmp_path, clock, ROUTES, tokens=dict(TOKENS), limits=RateLimits(commits_per_hour=2)
    )
    send(core, "POST", "/api/repos/create", {"name": "voice"})
    assert [commit(core, f"{n}.txt").status for n in range(3)] == [200, 200, 429]
    clock.advance(3600)
    assert commit(core, "4.txt").status == 200


class TestWithoutSockets:
    """The same faults through the in-process transport, as an HTTP client meets them."""

    @pytest.fixture
    def slept(self) -> list[float]:
        return []

    @pytest.fixture
    def web(self, core: HubCore, slept: list[float]) -> httpx2.Client:
        return httpx2.Client(
            transport=HubTransport(core, slept.append),
            base_url="http://hub.test",
            headers={"Authorization": "Bearer demo-write"},
            timeout=httpx2.Timeout(5.0),
            follow_redirects=True,
        )

    def test_requests_are_answered(self, web):
        assert web.get("/api/whoami-v2").json()["name"] == "demo"

    def test_a_drop_is_a_protocol_error_and_a_reset_a_read_error(self, web, core):
        core.faults.add(Rule("whoami", drop=True))
        with pytest.raises(httpx2.RemoteProtocolError):
            web.get("/api/whoami-v2")
        core.faults.add(Rule("whoami", drop=True, by_reset=True))
        with pytest.raises(httpx2.ReadError):
            web.get("/api/whoami-v2")

    def test_a_truncated_body_ends_early_with_an_error(self, web, core):
        core.faults.add(Rule("whoami", keep_bytes=10))
        with web.stream("GET", "/api/whoami-v2") as answer:
            pieces = answer.iter_raw()
            assert len(next(pieces)) == 10
            with pytest.raises(httpx2.RemoteProtocolError):
                next(pieces)

    def test_a_late_answer_is_waited_for_or_given_up(self, web, core, slept):
        core.faults.add(Rule("whoami", delay_seconds=3.0))
        assert web.get("/api/whoami-v2").status_code == 200
        core.faults.add(Rule("whoami", delay_seconds=30.0))
        with pytest.raises(httpx2.ReadTimeout):
            web.get("/api/whoami-v2")
        assert slept == [3.0, 5.0]


def test_cuts_reach_a_client_over_real_sockets(emulator):
    headers = {"Authorization": "Bearer demo-write"}
    with httpx2.Client(base_url=emulator.url, headers=headers) as web:
        emulator.faults.add(Rule("whoami", drop=True))
        with pytest.raises(httpx2.TransportError):
            web.get("/api/whoami-v2")
        emulator.faults.add(Rule("whoami", drop=True, by_reset=True))
        with pytest.raises(httpx2.ReadError):
            web.get("/api/whoami-v2")
        emulator.faults.add(Rule("whoami", keep_bytes=10))
        with pytest.raises(httpx2.RemoteProtocolError):
            web.get("/api/whoami-v2")
        assert web.get("/api/whoami-v2").status_code == 200
