"""RunPod as a Provider, against the emulated cloud; and what it makes of answers nobody has seen yet."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Generator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from tenacity import wait_none

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.account import Account
from launcher.domain.offer import Stock
from launcher.domain.planned_request import PlannedRequest
from launcher.domain.pod import PodStatus
from launcher.emulator.runpod import (
    ExecOutcome,
    ScriptedContainer,
)
from launcher.emulator.runpod.pods import Membership
from launcher.errors import (
    ApiDrift,
    InvalidRequest,
    NoCapacity,
    NoRight,
    PodGone,
    ProviderError,
    ProviderUnavailable,
    RentUnclear,
)
from launcher.providers.base import LogLine
from launcher.providers.runpod.answers import pod_of
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.log import LineMemory
from launcher.providers.runpod.order_body import create_body
from launcher.providers.runpod.provider import RunPodProvider
from launcher.providers.runpod.wire import ExecWire, PodWire
from launcher.providers.told_times import moment
from pod_image.contract.common_settings import Cloud
from tests.kit.clocks import LoopClock
from tests.kit.clouds import GPU
from tests.kit.virtual_time import in_virtual_time
from tests.providers.runpod.harness import ProviderHarness, Server, client_of, order


def answering(document: Any, status: int = 200) -> RunPodProvider:
    """A provider whose cloud says the same to everything."""
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json=document))
    client = RunPodClient(
        SecretStr("demo-key"), "https://cloud", transport=transport, wait=wait_none()
    )
    return RunPodProvider(client, look_again_seconds=0)


# --- offers


@in_virtual_time
async def test_offers_come_cheapest_first_with_price_for_all_gpus() -> None:
    harness = ProviderHarness()
    one = await harness.provider.offers(1, Cloud.SECURE, ())
    prices = [offer.price_per_hour_usd for offer in one]
    assert prices == sorted(prices)
    assert all(offer.stock > Stock.NONE for offer in one)
    assert not any("AMD" in offer.gpu_type for offer in one)
    rtx = next(offer for offer in one if offer.gpu_type == GPU)
    assert (rtx.gpu_name, rtx.memory_gb, rtx.price_per_hour_usd) == ("RTX 4090", 24, 0.69)
    two = next(
        each for each in await harness.provider.offers(2, Cloud.SECURE, ()) if each.gpu_type == GPU
    )
    assert two.price_per_hour_usd == pytest.approx(1.38)


@in_virtual_time
async def test_any_cloud_offers_both_tiers_and_leaves_out_what_a_tier_has_not() -> None:
    harness = ProviderHarness()
    offers = await harness.provider.offers(1, Cloud.ANY, ())
    assert {offer.cloud for offer in offers} == {Cloud.SECURE, Cloud.COMMUNITY}
    assert not any(offer.gpu_name == "L4" and offer.cloud is Cloud.COMMUNITY for offer in offers)


@in_virtual_time
async def test_data_centres_narrow_the_offers_whatever_their_case() -> None:
    harness = ProviderHarness()
    offers = await harness.provider.offers(1, Cloud.SECURE, ["eu-ro-1"])
    assert offers
    assert all(offer.data_centers == ("EU-RO-1",) for offer in offers)
    assert await harness.provider.offers(1, Cloud.SECURE, ["XX-NO-1"]) == []


@in_virtual_time
async def test_no_stock_is_no_offer_and_no_error() -> None:
    harness = ProviderHarness()
    harness.world.catalogue.stock.clear()
    assert await harness.provider.offers(1, Cloud.SECURE, ()) == []


@in_virtual_time
async def test_stock_on_hosts_whose_driver_is_too_old_is_no_offer() -> None:
    harness = ProviderHarness()
    old = replace(harness.world.catalogue.gpus[0], cuda_versions=("12.4", "12.8"))
    harness.world.catalogue.gpus = (old, *harness.world.catalogue.gpus[1:])
    anywhere = {offer.gpu_type for offer in await harness.provider.offers(1, Cloud.SECURE, ())}
    new_enough = {
        offer.gpu_type for offer in await harness.provider.offers(1, Cloud.SECURE, (), "13.0")
    }
    assert anywhere - new_enough == {old.id}


@in_virtual_time
async def test_a_pod_is_ordered_on_a_host_that_knows_the_cuda_version() -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(order(min_cuda_version="13.0"))
    assert harness.world.pods[pod.id].cuda_version == "13.0"
    with pytest.raises(NoCapacity):
        await harness.provider.rent(order(min_cuda_version="99.0"))


GPU_TYPE = {
    "id": "G",
    "name": "g",
    "secure": True,
    "price": {"secure": 1.0},
    "memory": 24,
    "availability": "LOW",
}


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({}, 1),
        ({"availability": "PLENTY"}, 1),
        ({"availability": "none"}, 0),
        ({"secure": False}, 0),
        ({"price": {"secure": 0}}, 0),
        ({"price": {"secure": "0.74"}}, 1),
        ({"price": None}, 0),
        ({"maxCount": {"secure": 0}}, 0),
        ({"maxCount": {"secure": 1, "odd": []}}, 1),
        ({"manufacturer": "AMD"}, 0),
        ({"id": "unknown"}, 0),
        ({"new": {"key": [1]}, "dataCenters": [{"id": "A", "availability": "LOW"}, 3]}, 1),
        ({"memory": None, "name": None}, 1),
    ],
)
async def test_a_catalogue_entry_is_an_offer_only_when_it_can_be_rented(
    change: dict[str, Any], count: int
) -> None:
    provider = answering({"gpus": [{**GPU_TYPE, **change}]})
    assert len(await provider.offers(1, Cloud.SECURE, ())) == count


async def test_a_catalogue_that_no_longer_tells_stock_is_drift() -> None:
    silent = {key: value for key, value in GPU_TYPE.items() if key != "availability"}
    with pytest.raises(ApiDrift, match="no longer shows which are available"):
        await answering({"gpus": [silent]}).offers(1, Cloud.SECURE, ())
    with pytest.raises(ApiDrift, match="about a GPU"):
        await answering({"gpus": [{"name": "no id"}]}).offers(1, Cloud.SECURE, ())
    assert await answering({"gpus": []}).offers(1, Cloud.SECURE, ()) == []


# --- renting, looking, releasing


@in_virtual_time
async def test_a_pod_is_rented_listed_found_and_released() -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(order(environment={"LAUNCHER_NONCE": "abcdefghij"}))
    assert (pod.status, pod.price_per_hour_usd) == (PodStatus.PROVISIONING, 0.69)
    assert pod.nonce == "abcdefghij"
    assert (await harness.provider.find(pod.name)) is not None
    assert await harness.provider.find("launcher-run-01") is None
    await asyncio.sleep(5)
    running = await harness.provider.pod(pod.id)
    assert running.status is PodStatus.RUNNING
    assert running.uptime_seconds is not None
    assert running.cloud is Cloud.SECURE
    await harness.provider.release(pod.id)
    assert harness.world.live_pods() == []
    with pytest.raises(PodGone):
        await harness.provider.pod(pod.id)
    assert await harness.provider.pods() == []
    await harness.provider.release(pod.id)


def test_the_body_of_an_order_spells_out_count_and_tier_and_quotes_the_command() -> None:
    body = create_body(
        order(
            start_command=("bash", "-lc", "echo 'a b'"),
            data_centers=("EU-RO-1",),
            registry="reg-1",
            environment={"A": "1"},
            secrets={"T": SecretStr("demo-token")},
        )
    )
    assert body == {
        "name": "launcher-run-01-a1-abcdefghij",
        "image": "acme/image:1",
        "gpu": {"id": GPU, "count": 1},
        "cloud": "SECURE",
        "disk": 20,
        "env": {"A": "1", "T": "demo-token"},
        "dataCenterIds": ["EU-RO-1"],
        "registry": "reg-1",
        "args": "bash -lc 'echo '\"'\"'a b'\"'\"''",
    }
    assert "args" not in create_body(order())


def test_more_variables_than_a_pod_takes_are_refused_here() -> None:
    with pytest.raises(InvalidRequest, match="can have 50 variables; this run needs 51"):
        create_body(order(environment={f"V{number}": "" for number in range(51)}))


async def test_what_is_planned_is_what_is_sent_but_for_the_key() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(201, json={"id": "p1"})

    transport = httpx.MockTransport(answer)
    client = RunPodClient(SecretStr("demo-key"), "https://cloud", transport=transport)
    provider, wanted = RunPodProvider(client), order(environment={"A": "1"})
    planned = provider.planned_requests(wanted, {"launcher_x_upload": "<token>"})
    assert sent == []
    await provider.make_secret("launcher_x_upload", SecretStr("<token>"))
    await provider.rent(wanted)
    for shown, real in zip(planned, sent, strict=True):
        assert isinstance(shown, PlannedRequest)
        assert (shown.method, shown.url) == (real.method, str(real.url))
        assert shown.json == json.loads(real.content)
        shown_key = shown.headers["Authorization"]
        assert real.headers["Authorization"] == shown_key.replace("<RunPod API key>", "demo-key")
        rest = {name: text for name, text in shown.headers.items() if name != "Authorization"}
        assert {name: real.headers[name] for name in rest} == rest


@pytest.mark.parametrize("answer", [{}, {"id": ""}, {"id": 3}, [], "x", 0])
async def test_an_answer_without_an_id_leaves_the_order_unclear(answer: Any) -> None:
    with pytest.raises(RentUnclear, match="has no id"):
        await answering(answer, 201).rent(order())


async def test_a_pod_in_an_unknown_form_is_drift_not_a_guess() -> None:
    with pytest.raises(ApiDrift, match="about a pod"):
        await answering({"pods": [{"name": "x"}]}).pods()


@in_virtual_time
async def test_a_terminated_pod_counts_as_gone_while_the_cloud_still_shows_it() -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(order())
    harness.world.act(harness.world.pods[pod.id], "terminate")
    with pytest.raises(PodGone, match="has ended"):
        await harness.provider.pod(pod.id)


@in_virtual_time
async def test_a_release_is_repeated_through_errors_and_ignored_deletes() -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(order())
    harness.world.faults.switch_on("delete-500", times=7)
    await harness.provider.release(pod.id)
    assert harness.world.live_pods() == []
    pod = await harness.provider.rent(order())
    harness.world.faults.switch_on("delete-ignored", times=2)
    await harness.provider.release(pod.id)
    assert harness.world.live_pods() == []


@in_virtual_time
async def test_a_release_that_never_succeeds_says_that_money_runs() -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(order())
    harness.world.faults.switch_on("server-errors")
    with pytest.raises(ProviderUnavailable, match="may still cost money") as caught:
        await harness.provider.release(pod.id)
    assert "reap" in in_terminal(caught.value.hint)
    assert harness.loop.time() > 300


@in_virtual_time
async def test_a_release_of_a_cluster_member_is_refused_in_its_own_words() -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(order())
    harness.world.pods[pod.id].membership = Membership("a-cluster", 0, "10.0.0.1")
    with pytest.raises(ProviderError, match="belongs to a cluster"):
        await harness.provider.release(pod.id)


@in_virtual_time
async def test_lists_with_and_without_paging_give_the_same() -> None:
    harness = ProviderHarness()
    names = [f"pod-{number}" for number in range(3)]
    for name in names:
        await harness.provider.rent(order(name=name))
    assert [pod.name for pod in await harness.provider.pods()] == names
    harness.world.extras.switch_off("paging")
    assert [pod.name for pod in await harness.provider.pods()] == names


# --- the log


def talking(lines: int, gap_seconds: float = 1.0) -> Any:
    def program(container: ScriptedContainer) -> Generator[float, None, None]:
        for number in range(lines):
            container.log(f"line {number}")
            yield gap_seconds
        yield 1e9

    return program


async def until(lines: AsyncIterator[LogLine], text: str) -> list[str]:
    seen = []
    async for line in lines:
        if line.source == "container":
            seen.append(line.text)
        if line.text == text:
            break
    return seen


@pytest.mark.parametrize("style", ["time", "time/serial"])
def test_no_line_is_repeated_or_lost_when_the_stream_is_cut(style: str) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = ProviderHarness()
        harness.world.log_ids = style
        harness.runner.program = talking(30)
        pod = await harness.provider.rent(order())
        harness.world.faults.switch_on("log-stream-cuts", lines=4, times=5)
        async with aclosing(harness.provider.log(pod.id)) as lines:
            seen = await until(lines, "line 29")
        assert seen == [f"line {number}" for number in range(30)]

    check()


@in_virtual_time
async def test_lines_of_one_instant_that_say_the_same_are_all_kept() -> None:
    harness = ProviderHarness()
    harness.world.log_ids = "time"

    def program(container: ScriptedContainer) -> Generator[float, None, None]:
        for text in ("same", "same", "end"):
            container.log(text)
        yield 1e9

    harness.runner.program = program
    pod = await harness.provider.rent(order())
    async with aclosing(harness.provider.log(pod.id)) as lines:
        assert await until(lines, "end") == ["same", "same", "end"]


@in_virtual_time
async def test_a_log_resumes_after_the_id_it_is_given() -> None:
    harness = ProviderHarness()
    harness.runner.program = talking(5)
    pod = await harness.provider.rent(order())
    await asyncio.sleep(20)
    async with aclosing(harness.provider.log(pod.id)) as lines:
        ids = [line.id async for line in _taken(lines, 6)]
    async with aclosing(harness.provider.log(pod.id, after=ids[3])) as lines:
        assert [line.id async for line in _taken(lines, 2)] == ids[4:6]


async def _taken(lines: AsyncIterator[LogLine], count: int) -> AsyncIterator[LogLine]:
    async for line in lines:
        yield line
        count -= 1
        if not count:
            return


@in_virtual_time
async def test_the_log_ends_when_the_pod_is_certainly_gone() -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(order())
    await asyncio.sleep(5)
    harness.world.kill_host(harness.world.pods[pod.id])

    async def read() -> None:
        async with aclosing(harness.provider.log(pod.id)) as lines:
            async for _ in lines:
                pass

    with pytest.raises(PodGone):
        await read()


@in_virtual_time
async def test_a_log_that_is_away_comes_back_by_itself() -> None:
    harness = ProviderHarness()
    harness.runner.program = talking(3)
    pod = await harness.provider.rent(order())
    harness.world.faults.switch_on("logs-unavailable", times=3)
    async with aclosing(harness.provider.log(pod.id)) as lines:
        assert await until(lines, "line 2") == ["line 0", "line 1", "line 2"]


@in_virtual_time
async def test_an_id_the_service_does_not_take_starts_the_log_over() -> None:
    harness = ProviderHarness()
    harness.runner.program = talking(2)
    pod = await harness.provider.rent(order())
    await asyncio.sleep(10)
    async with aclosing(harness.provider.log(pod.id, after="no-id-at-all")) as lines:
        assert await until(lines, "line 1") == ["line 0", "line 1"]


async def test_a_refused_log_is_told_at_once() -> None:
    provider = answering({"detail": "access denied"}, 403)
    with pytest.raises(NoRight):
        await anext(provider.log("p"))


def test_memory_of_earlier_lines_is_bounded() -> None:
    memory = LineMemory(remembered_lines=3)
    for number in range(10):
        assert memory.is_new(LogLine(str(number), "container", "x"))
    memory.reconnected()
    assert not memory.is_new(LogLine("9", "container", "x"))
    assert memory.is_new(LogLine("1", "container", "x"))
    memory.reconnected()
    assert memory.is_new(LogLine("7", "container", "x"))


async def test_lines_that_are_not_json_are_passed_over() -> None:
    text = 'id: 1\ndata: {broken\n\nid: 2\ndata: [1]\n\nid: 3\ndata: {"line": "good", "ts": 5}\n\n'
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text=text))
    client = RunPodClient(SecretStr("demo-key"), "https://cloud", transport=transport)
    provider = RunPodProvider(client)
    async with aclosing(provider.log("p")) as lines:
        assert await anext(lines) == LogLine("3", "", "good", None)


@in_virtual_time
async def test_doubt_about_a_pod_during_an_outage_is_no_end_of_its_log() -> None:
    answers = iter([404, 503, 503, 503, 503, 503, 200])

    def answer(request: httpx.Request) -> httpx.Response:
        status = next(answers, 200)
        if status == 200:
            return httpx.Response(200, text='id: 1\ndata: {"line": "back"}\n\n')
        return httpx.Response(status, json={"detail": "pod not found"})

    client = RunPodClient(
        SecretStr("demo-key"), "https://cloud", transport=httpx.MockTransport(answer)
    )
    async with aclosing(RunPodProvider(client).log("p")) as lines:
        assert (await anext(lines)).text == "back"


# --- its clock


@in_virtual_time
async def test_a_computer_that_slept_still_knows_what_time_it_is_at_runpod() -> None:
    clock = LoopClock()
    told = {"date": format_datetime(clock.now() + timedelta(minutes=3), usegmt=True)}
    client = client_of(Server(httpx.Response(200, json=[], headers=told)), clock=clock)
    await client.pods()
    before = client.clock_ahead
    assert before == timedelta(minutes=3)
    clock.asleep_seconds = 8 * 3_600.0
    assert client.clock_ahead == before
    clock.skew_seconds = 7_200.0  # it jumps, and nobody is asked again
    assert client.clock_ahead == before - timedelta(hours=2)


# --- exec, secrets, money


@in_virtual_time
async def test_a_command_runs_in_the_pod_and_its_absence_is_told_apart() -> None:
    harness = ProviderHarness()
    harness.runner.on_exec = lambda container, command: ExecOutcome(
        3, " ".join(command), "oops", False
    )
    pod = await harness.provider.rent(order())
    await asyncio.sleep(5)
    result = await harness.provider.execute(pod.id, ["echo", "a b"])
    assert (result.stdout, result.stderr, result.exit_code) == ("echo a b", "oops", 3)
    harness.world.faults.switch_on("exec-refused", times=1)
    with pytest.raises(NoRight):
        await harness.provider.execute(pod.id, ["true"])
    harness.world.extras.switch_off("exec")
    with pytest.raises(ApiDrift):
        await harness.provider.execute(pod.id, ["true"])


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"exitCode": 0}, 0),
        ({"exit_code": 4}, 4),
        ({"code": 5}, 5),
        ({"exitCode": None, "code": True}, None),
        ({"exitCode": "1"}, None),
        ({}, None),
    ],
)
def test_every_usual_spelling_of_an_exit_code_is_read(
    document: dict[str, Any], status: Any
) -> None:
    assert ExecWire.model_validate(document).exit_status == status


@in_virtual_time
async def test_secrets_are_made_listed_referred_to_and_removed() -> None:
    harness = ProviderHarness()
    made = await harness.provider.make_secret("launcher_abcdefghij_upload", SecretStr("demo-token"))
    assert made.name == "launcher_abcdefghij_upload"
    assert made.created_at is not None
    assert [secret.id for secret in await harness.provider.secrets()] == [made.id]
    assert harness.provider.secret_reference(made.name) == (
        "{{ RUNPOD_SECRET_launcher_abcdefghij_upload }}"
    )
    await harness.provider.remove_secret(made.id)
    await harness.provider.remove_secret(made.id)
    assert await harness.provider.secrets() == []
    kept = await harness.provider.make_secret("other", SecretStr("demo-token"))
    weak = harness.with_key(
        harness.world.add_key(kind="restricted", without={"secrets:write"}).value
    )
    with pytest.raises(NoRight):
        await weak.remove_secret(kept.id)


@in_virtual_time
async def test_the_balance_is_told_where_it_can_be_had_and_its_absence_is_no_error() -> None:
    harness = ProviderHarness(balance_usd=12.5)
    assert (await harness.provider.account()).balance_usd == pytest.approx(12.5)
    harness.world.extras.switch_off("graphql", "account-figures")
    assert await harness.provider.account() == Account()


@pytest.mark.parametrize(
    "document", [{}, {"data": None}, {"data": {"myself": None}}, [], {"errors": []}]
)
async def test_any_answer_about_the_balance_is_survived(document: Any) -> None:
    assert await answering(document).account() == Account()


@in_virtual_time
async def test_what_was_billed_is_summed_and_missing_figures_are_none() -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(order())
    await asyncio.sleep(3600)
    billed = await harness.provider.billed_usd(pod.id)
    assert billed == pytest.approx(0.69, rel=0.05)
    assert await harness.provider.billed_usd("nobody") is None
    harness.world.faults.switch_on("server-errors")
    assert await harness.provider.billed_usd(pod.id) is None


async def test_bills_of_other_pods_are_not_counted() -> None:
    records = [
        {"podId": "p", "totalAmount": "0.5"},
        {"podId": "q", "totalAmount": 9},
        {"podId": "p", "totalAmount": None},
        {"totalAmount": 0.25},
    ]
    assert await answering({"records": records}).billed_usd("p") == 0.75


async def test_closing_closes_the_connection() -> None:
    provider = answering({"pods": []})
    assert await provider.pods() == []
    assert provider.calls == 1
    await provider.aclose()
    with pytest.raises(RuntimeError):
        await provider.pods()


# --- wire


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:03:12.417039264Z", datetime(2026, 11, 22, 10, 3, 12, 417039, tzinfo=UTC)),
        ("2026-11-22T10:00:00", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("Fri Jul 12 2024", None),
        (None, None),
        (5, None),
    ],
)
def test_moments_are_read_with_nine_digits_and_without_zone(text: Any, read: Any) -> None:
    assert moment(text) == read


def test_the_descriptions_own_contradictory_example_is_a_pod() -> None:
    wire: dict[str, Any] = {
        "id": "p", "status": "PROVISIONING", "runtime": {}, "actions": ["start"], "template": "t",
        "cost": "0.74", "gpu": None, "env": None, "createdAt": "nonsense", "cmd": [], "new": 1,
    }  # fmt: skip
    pod = pod_of(PodWire.model_validate(wire))
    assert (pod.status, pod.price_per_hour_usd, pod.created_at) == (
        PodStatus.PROVISIONING,
        0.74,
        None,
    )
    assert (
        pod_of(PodWire.model_validate({"id": "p", "status": "HIBERNATING"})).status
        is PodStatus.UNKNOWN
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=10,
)
KEYS = (
    "name",
    "status",
    "image",
    "env",
    "cloud",
    "dataCenterId",
    "cost",
    "gpu",
    "runtime",
    "createdAt",
    "startedAt",
)


@given(st.fixed_dictionaries({"id": st.text(min_size=1)}, optional=dict.fromkeys(KEYS, JSON)))
def test_any_pod_with_an_id_can_be_read(wire: dict[str, Any]) -> None:
    assert pod_of(PodWire.model_validate(wire)).id == wire["id"]


@given(JSON)
def test_anything_else_is_refused_by_validation_alone(document: Any) -> None:
    try:
        PodWire.model_validate(document)
    except ValidationError:
        return
    assert isinstance(document, dict)
    assert document["id"]
