"""Money: it falls by the second, and when it is gone the pods are too."""

import pytest

from launcher.emulator.runpod import Timing
from tests.emulator.runpod.conftest import Cloud

DISK_PER_HOUR = 10 * 0.10 / 720


async def balance(cloud: Cloud) -> float:
    query = {"query": "query { myself { clientBalance currentSpendPerHr } }"}
    return float(
        (await cloud.post("/graphql", json=query)).json()["data"]["myself"]["clientBalance"]
    )


async def test_the_balance_falls_from_the_moment_of_creation(cloud: Cloud) -> None:
    await cloud.rent()
    cloud.advance(3600)
    assert await balance(cloud) == pytest.approx(25.0 - 0.69 - DISK_PER_HOUR, abs=1e-6)


async def test_an_ended_pod_costs_nothing_more(cloud: Cloud) -> None:
    pod = await cloud.running()
    await cloud.delete(f"/v2/pods/{pod.id}")
    after = await balance(cloud)
    cloud.advance(86_400)
    assert await balance(cloud) == after


async def test_a_stopped_pod_pays_double_for_its_volume_alone(cloud: Cloud) -> None:
    pod = await cloud.running(mounts={"persistent": {"size": 100, "path": "/workspace"}})
    await cloud.post(f"/v2/pods/{pod.id}/action", json={"action": "stop"})
    before = await balance(cloud)
    cloud.advance(3600)
    assert before - await balance(cloud) == pytest.approx(100 * 0.20 / 720, abs=1e-6)


async def test_without_money_a_pod_is_terminated_at_that_very_moment(cloud: Cloud) -> None:
    cloud.world.account.balance_usd = 0.69 + DISK_PER_HOUR
    pod = await cloud.rent()
    cloud.advance(3599)
    assert pod.status == "RUNNING"
    cloud.advance(100_000)
    assert pod.status == "TERMINATED"
    assert pod.gone_at == pytest.approx(pod.created_at + 3600 + 2, abs=0.1)
    assert await balance(cloud) == pytest.approx(0.0, abs=1e-6)


async def test_without_money_a_pod_on_a_network_volume_is_only_stopped(cloud: Cloud) -> None:
    made = await cloud.post(
        "/v2/network-volumes", json={"name": "v", "size": 50, "dataCenter": "EU-RO-1"}
    )
    mounts = {"network": [{"volumeId": made.json()["id"], "path": "/volume"}]}
    pod = await cloud.running(mounts=mounts)
    assert pod.centre_id == "EU-RO-1"
    cloud.advance(86_400 * 10)
    assert pod.status == "EXITED"


async def test_records_come_per_pod_and_bucket_and_add_up(cloud: Cloud) -> None:
    pod = await cloud.rent()
    await cloud.rent(cloud="COMMUNITY")
    cloud.advance(2 * 3600)
    body = (await cloud.get(f"/v2/billing/pods?bucketSize=hour&lastN=5&podId={pod.id}")).json()
    amounts = [record["gpuAmount"] for record in body["records"]]
    assert amounts == [pytest.approx(0.69), pytest.approx(0.69)]
    assert body["records"][0]["startTime"] == "2026-11-22T10:00:00.000Z"
    totals = body["metadata"]["totals"]
    assert totals["totalAmount"] == pytest.approx(2 * (0.69 + DISK_PER_HOUR))
    assert body["metadata"]["uniquePodCount"] == 1
    both = (await cloud.get("/v2/billing/pods")).json()
    assert both["metadata"]["uniquePodCount"] == 2
    assert both["metadata"]["query"]["bucketSize"] == "day"


async def test_the_whole_bill_agrees_with_the_balance(cloud: Cloud) -> None:
    await cloud.rent()
    cloud.advance(5_000)
    body = (await cloud.get("/v2/billing?bucketSize=year&lastN=1")).json()
    spent = 25.0 - await balance(cloud)
    assert body["metadata"]["totals"]["totalAmount"] == pytest.approx(spent, abs=1e-6)


async def test_billing_may_lag_behind(cloud: Cloud) -> None:
    cloud.world.timing = Timing(billing_lag_seconds=7_200)
    await cloud.rent()
    cloud.advance(3_600)
    assert (await cloud.get("/v2/billing/pods")).json()["records"] == []
    cloud.advance(3_600)
    cloud.advance(3_600)
    total = (await cloud.get("/v2/billing/pods")).json()["metadata"]["totals"]["gpuAmount"]
    assert total == pytest.approx(0.69, rel=1e-3)


@pytest.mark.parametrize("size", ["hour", "day", "week", "month", "year"])
async def test_every_bucket_size_starts_on_its_boundary(cloud: Cloud, size: str) -> None:
    await cloud.rent()
    cloud.advance(60)
    records = (await cloud.get(f"/v2/billing/pods?bucketSize={size}&lastN=2")).json()["records"]
    starts = {
        "hour": "2026-11-22T10:00:00.000Z",
        "day": "2026-11-22T00:00:00.000Z",
        "week": "2026-11-16T00:00:00.000Z",
        "month": "2026-11-01T00:00:00.000Z",
        "year": "2026-01-01T00:00:00.000Z",
    }
    assert [record["startTime"] for record in records] == [starts[size]]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("lastN=1&startTime=2026-01-01T00:00:00Z", 400),
        ("startTime=yesterday", 422),
        ("bucketSize=minute", 422),
        ("lastN=0", 422),
        ("lastN=3000&bucketSize=year", 400),
        ("endTime=9999-12-31T23:59:59Z&bucketSize=year", 400),
        ("startTime=2026-12-01T00:00:00Z&endTime=2026-11-01T00:00:00Z", 400),
        ("startTime=0001-01-01T00:00:00Z&bucketSize=hour", 400),
    ],
)
async def test_a_bad_period_is_refused(cloud: Cloud, query: str, status: int) -> None:
    assert (await cloud.get(f"/v2/billing/pods?{query}")).status_code == status


async def test_other_families_have_no_records(cloud: Cloud) -> None:
    await cloud.rent()
    cloud.advance(60)
    for path in ("/v2/billing/clusters", "/v2/billing/network-volumes"):
        assert (await cloud.get(path)).json()["records"] == []
