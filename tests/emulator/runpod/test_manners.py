"""What every reply has, whichever path was asked."""

import pytest

from launcher.emulator.runpod.limits import Window
from tests.emulator.runpod.conftest import Cloud
from tests.kit.clouds import pod_body


async def test_without_a_key_it_is_401(cloud: Cloud) -> None:
    reply = await cloud.get("/v2/pods", key=None)
    assert reply.status_code == 401
    assert reply.json() == {
        "title": "Unauthorized",
        "status": 401,
        "detail": "missing bearer token",
    }


async def test_an_unknown_key_is_401(cloud: Cloud) -> None:
    assert (await cloud.get("/v2/pods", key="demo-key")).status_code == 401


@pytest.mark.parametrize("value", ["caf\xe9".encode("latin-1"), "café".encode(), b"\xff"], ids=repr)
async def test_a_key_beyond_ascii_is_401(cloud: Cloud, value: bytes) -> None:
    headers = {b"Authorization": b"Bearer " + value}
    reply = await cloud.get("/v2/pods", key=None, headers=headers)
    assert reply.status_code == 401


async def test_every_reply_has_a_request_id_of_its_own(cloud: Cloud) -> None:
    replies = [
        await cloud.get("/v2/pods"),
        await cloud.get("/v2/pods/nothing"),
        await cloud.get("/v2/pods", key=None),
        await cloud.get("/v1/pods"),
        await cloud.get("/v2/nowhere"),
    ]
    assert len({reply.headers["x-request-id"] for reply in replies}) == len(replies)


async def test_a_retired_api_is_410(cloud: Cloud) -> None:
    for path in ("/v1/pods", "/v1/openapi.json"):
        assert (await cloud.get(path)).status_code == 410


async def test_an_unknown_path_says_so(cloud: Cloud) -> None:
    reply = await cloud.get("/v2/tags")
    assert reply.json() == {
        "title": "Not Found",
        "status": 404,
        "detail": "The requested path was not found.",
    }


async def test_the_description_is_not_served_unless_one_is_given(cloud: Cloud) -> None:
    assert (await cloud.get("/v2/openapi.json")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v2/pods", "GET, POST"),
        ("POST", "/v2/pods/x", "DELETE, GET, PATCH"),
        ("DELETE", "/v2/catalog/gpus", "GET"),
    ],
)
async def test_a_method_that_is_not_there_is_405_with_those_that_are(
    cloud: Cloud, method: str, path: str, allow: str
) -> None:
    reply = await cloud.call(method, path)
    assert (reply.status_code, reply.headers["allow"]) == (405, allow)


async def test_unknown_query_parameters_are_ignored(cloud: Cloud) -> None:
    await cloud.rent()
    reply = await cloud.get("/v2/pods?desiredStatus=EXITED")
    assert len(reply.json()["pods"]) == 1


async def test_rate_limit_headers_count_down(cloud: Cloud) -> None:
    first = (await cloud.get("/v2/pods")).headers
    second = (await cloud.get("/v2/pods")).headers
    assert first["ratelimit"].startswith('"minute";r=179;t=60, "hour";r=7199;')
    assert second["ratelimit"].startswith('"minute";r=178;')
    assert first["ratelimit-policy"] == (
        '"minute";q=180;w=60, "hour";q=7200;w=3600, "day";q=86400;w=86400'
    )


async def test_over_the_limit_is_429_until_the_window_ends(cloud: Cloud) -> None:
    cloud.world.limiter.windows = (Window("minute", 2, 60), Window("hour", 3, 3600))
    cloud.advance(15)
    for _ in range(2):
        assert (await cloud.get("/v2/pods")).status_code == 200
    refused = await cloud.get("/v2/pods")
    assert refused.status_code == 429
    assert refused.json()["detail"] == "rate limit exceeded for the minute window"
    assert refused.headers["retry-after"] == "45"
    cloud.advance(45)
    assert (await cloud.get("/v2/pods")).status_code == 200
    # Now the longer window is used up as well, and it is the one that is named.
    refused = await cloud.get("/v2/pods")
    assert refused.json()["detail"] == "rate limit exceeded for the hour window"
    assert int(refused.headers["retry-after"]) == 3600 - 60


async def test_without_windows_there_are_no_limits_and_no_headers(cloud: Cloud) -> None:
    cloud.world.limiter.windows = ()
    reply = await cloud.get("/v2/pods")
    assert "ratelimit" not in reply.headers


async def test_a_list_comes_in_pages(cloud: Cloud) -> None:
    made = [(await cloud.rent(name=f"pod-{n}")).id for n in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        body = (await cloud.get(f"/v2/pods?limit=2{cursor}")).json()
        seen += [pod["id"] for pod in body["pods"]]
        if not body["pagination"]["hasNextPage"]:
            break
        cursor = f"&cursor={body['pagination']['nextCursor']}"
    assert seen == made
    assert body["pagination"]["nextCursor"] is None


@pytest.mark.parametrize("query", ["cursor=nonsense", "limit=0", "limit=1001", "limit=x"])
async def test_a_bad_page_is_422(cloud: Cloud, query: str) -> None:
    assert (await cloud.get(f"/v2/pods?{query}")).status_code == 422


async def test_paging_can_be_absent(cloud: Cloud) -> None:
    cloud.world.extras.switch_off("paging")
    await cloud.rent()
    await cloud.rent()
    body = (await cloud.get("/v2/pods?limit=1&cursor=nonsense")).json()
    assert len(body["pods"]) == 2
    assert "pagination" not in body


async def test_requests_are_recorded_without_anything_secret(cloud: Cloud) -> None:
    env = {"TOKEN": "demo-secret-value"}
    await cloud.post("/v2/pods", json=pod_body(env=env), headers={"User-Agent": "launcher-test"})
    await cloud.get("/v2/pods", key=None)
    first, second = cloud.world.requests
    assert (first.method, first.path, first.status, first.key_kind) == (
        "POST",
        "/v2/pods",
        201,
        "full",
    )
    assert first.user_agent == "launcher-test"
    assert (second.status, second.key_kind) == (401, "none")
    written = repr(cloud.world.requests) + repr(cloud.world.keys) + repr(cloud.world.pods)
    assert "demo-secret-value" not in written
    assert cloud.key not in repr(cloud.world.requests)
