"""Billing over HTTP: what was charged, in buckets. Pods and clusters cost here; other families are zero."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.responses import Response

from launcher.emulator.runpod.billing import (
    Rate,
    Stretch,
    add_up,
    bucket_end,
    bucket_start,
    buckets,
    last_buckets_start,
)
from launcher.emulator.runpod.calls import Call, ok, operation
from launcher.emulator.runpod.clock import NANOS, parse_rfc3339_nanos, rfc3339
from launcher.emulator.runpod.problems import bad_request, invalid

SIZES = ("hour", "day", "week", "month", "year")
DEFAULT_DAYS = 30
MAX_BUCKETS = 20_000
FAR_SECONDS = 100 * 366 * 86_400
Bucket = tuple[float, float, Rate]


@operation("GET", "/v2/billing/pods", "billing:read")
def pod_billing(call: Call) -> Response:
    return _by_owner(call, "podId", "uniquePodCount", lambda stretch: stretch.pod_id, _pod_amounts)


@operation("GET", "/v2/billing/clusters", "billing:read")
def cluster_billing(call: Call) -> Response:
    return _by_owner(
        call, "clusterId", "uniqueClusterCount", lambda each: each.cluster_id, _cluster_amounts
    )


@operation("GET", "/v2/billing/network-volumes", "billing:read")
def volume_billing(call: Call) -> Response:
    """Volumes cost nothing in the emulator: there are no records."""
    return _by_owner(
        call, "networkVolumeId", "uniqueNetworkVolumeCount", lambda each: None, _volume_amounts
    )


@operation("GET", "/v2/billing", "billing:read")
def billing(call: Call) -> Response:
    start, end, size = _window(call)
    records = []
    mine = _stretches(call)
    for since, until in buckets(start, end, size):
        alone = add_up(s.amounts(since, until) for s in mine if s.cluster_id is None)
        together = add_up(s.amounts(since, until) for s in mine if s.cluster_id is not None)
        if alone.total or together.total:
            times = {"startTime": rfc3339(since), "endTime": rfc3339(until)}
            records.append(times | _all_amounts(alone, together))
    totals = _all_amounts(
        add_up(s.amounts(start, end) for s in mine if s.cluster_id is None),
        add_up(s.amounts(start, end) for s in mine if s.cluster_id is not None),
    )
    metadata = {"query": _query(start, end, size), "recordCount": len(records), "totals": totals}
    return ok({"records": records, "metadata": metadata})


def _by_owner(
    call: Call,
    owner_key: str,
    count_key: str,
    owner_of: Callable[[Stretch], str | None],
    amounts: Callable[[Rate], dict[str, float]],
) -> Response:
    """Records per owner and bucket, with the echo of the query and the totals."""
    start, end, size = _window(call)
    wanted = call.query.get(owner_key)
    mine = [s for s in _stretches(call) if owner_of(s) and wanted in (None, owner_of(s))]
    owners = list(dict.fromkeys(owner_of(stretch) for stretch in mine))
    records = []
    for owner in owners:
        own = [stretch for stretch in mine if owner_of(stretch) == owner]
        for since, until, amount in _filled(own, start, end, size):
            times = {"startTime": rfc3339(since), "endTime": rfc3339(until)}
            records.append(times | {owner_key: owner} | amounts(amount))
    metadata = {
        "query": _query(start, end, size) | {owner_key: wanted},
        "recordCount": len(records),
        count_key: len({record[owner_key] for record in records}),
        "totals": amounts(add_up(stretch.amounts(start, end) for stretch in mine)),
    }
    return ok({"records": records, "metadata": metadata})


def _filled(own: list[Stretch], start: float, end: float, size: str) -> Iterable[Bucket]:
    for since, until in buckets(start, end, size):
        amount = add_up(stretch.amounts(since, until) for stretch in own)
        if amount.total > 0:
            yield since, until, amount


def _stretches(call: Call) -> list[Stretch]:
    """The account's stretches, as far as billing has come."""
    call.world.tick()
    known_to = call.world.clock.now() - call.world.timing.billing_lag_seconds
    return [
        Stretch(s.account_id, s.pod_id, s.cluster_id, s.rate, s.start, min(s.end, known_to))
        for s in call.world.ledger.stretches
        if s.account_id == call.account.id and s.start < known_to
    ]


def _window(call: Call) -> tuple[float, float, str]:
    """Start and end on bucket boundaries, and the bucket's size."""
    size = call.chosen("bucketSize", SIZES, "day")
    now = call.world.clock.now()
    if "lastN" in call.query:
        if "startTime" in call.query or "endTime" in call.query:
            raise bad_request("lastN and startTime/endTime are mutually exclusive")
        count = call.whole("lastN", 1, 1, 999_999_999)
        if count > MAX_BUCKETS or count * _seconds(now, size) > now:
            raise bad_request("the period has too many buckets")
        return last_buckets_start(now, size, count), bucket_end(bucket_start(now, size), size), size
    start = bucket_start(_moment(call, "startTime", now - DEFAULT_DAYS * 86_400), size)
    end = _moment(call, "endTime", now)
    if bucket_start(end, size) != end:
        end = bucket_end(bucket_start(end, size), size)
    if end > now + FAR_SECONDS:
        raise bad_request("endTime is too far ahead")
    if start > end:
        raise bad_request("startTime must be before endTime")
    if (end - start) / _seconds(start, size) > MAX_BUCKETS:
        raise bad_request("the period has too many buckets")
    return start, end, size


def _seconds(moment: float, size: str) -> float:
    """The length of the bucket that holds the moment."""
    start = bucket_start(moment, size)
    return bucket_end(start, size) - start


def _moment(call: Call, name: str, default: float) -> float:
    value = call.query.get(name)
    if value is None:
        return default
    try:
        return parse_rfc3339_nanos(value) / NANOS
    except (ValueError, OverflowError) as problem:
        raise invalid([f"$.{name}: value is not a valid date-time"]) from problem


def _query(start: float, end: float, size: str) -> dict[str, Any]:
    return {"startTime": rfc3339(start), "endTime": rfc3339(end), "bucketSize": size}


def _pod_amounts(rate: Rate) -> dict[str, float]:
    return {
        "totalAmount": rate.total,
        "gpuAmount": rate.gpu,
        "cpuAmount": rate.cpu,
        "diskAmount": rate.disk,
    }


def _cluster_amounts(rate: Rate) -> dict[str, float]:
    return {
        "totalAmount": rate.total,
        "gpuAmount": rate.gpu,
        "diskAmount": rate.disk,
        "networkingAmount": 0.0,
    }


def _volume_amounts(rate: Rate) -> dict[str, float]:
    return {"totalAmount": rate.total, "standardAmount": 0.0, "highPerformanceAmount": 0.0}


def _all_amounts(pods: Rate, clusters: Rate) -> dict[str, float]:
    return {
        "totalAmount": pods.total + clusters.total,
        "podGpuAmount": pods.gpu,
        "podCpuAmount": pods.cpu,
        "podDiskAmount": pods.disk,
        "serverlessGpuAmount": 0.0,
        "serverlessCpuAmount": 0.0,
        "serverlessDiskAmount": 0.0,
        "serverlessFeeAmount": 0.0,
        "storageStandardAmount": 0.0,
        "storageHighPerformanceAmount": 0.0,
        "endpointAmount": 0.0,
        "clusterGpuAmount": clusters.gpu,
        "clusterDiskAmount": clusters.disk,
        "clusterNetworkingAmount": 0.0,
    }
