"""The published description beside the calls this release makes."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest

from launcher.providers.runpod.api_check import check_api
from launcher.providers.runpod.drift import (
    USES,
    drifts,
    fingerprints,
    known_fingerprints,
)
from tests.kit.runpod_description import description


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """RunPod's own description, without its words."""
    return description()


def small(**changes: Any) -> dict[str, Any]:
    """A description of nothing but what we use, references and combinations included."""

    def properties(paths: tuple[str, ...]) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for path in paths:
            name, _, rest = path.partition(".")
            inner = tree.setdefault(name.removesuffix("[]"), {"list": "[]" in name, "below": []})
            inner["below"] += [rest] if rest else []
        return {
            name: {"type": "array", "items": properties_of(each)}
            if each["list"]
            else properties_of(each)
            for name, each in tree.items()
        }

    def properties_of(each: dict[str, Any]) -> dict[str, Any]:
        return {"properties": properties(tuple(each["below"]))} if each["below"] else {}

    paths: dict[str, Any] = {}
    for use in USES:
        paths.setdefault(use.path, {})[use.method.lower()] = {
            "summary": "words",
            "parameters": [{"name": name, "in": "query"} for name in use.parameters],
            "requestBody": {
                "content": {
                    "application/json": {
                        "schema": {"$ref": f"#/bodies/{use.method}{len(use.sends)}"}
                    }
                }
            },
            "responses": {
                "200": {
                    "content": {
                        "application/json": {
                            "schema": {"allOf": [{"properties": properties(use.reads)}]}
                        }
                    }
                }
            },
        }
    bodies = {
        f"{use.method}{len(use.sends)}": {"properties": properties(use.sends), "required": []}
        for use in USES
    }
    return {"paths": paths, "bodies": bodies, **changes}


def test_this_release_was_made_for_the_published_description(published: dict[str, Any]) -> None:
    assert drifts(published) == []
    assert fingerprints(published) == known_fingerprints()


def test_words_for_people_may_change(published: dict[str, Any]) -> None:
    changed = copy.deepcopy(published)
    create = changed["paths"]["/v2/pods"]["post"]
    create |= {"description": "New words.", "x-codeSamples": [{"source": "a program"}]}
    body = create["requestBody"]["content"]["application/json"]
    body["examples"] = {"small": {"summary": "A pod", "value": {"name": "a"}}}
    assert drifts(changed) == []


def test_a_property_with_a_name_like_that_of_words_is_no_words() -> None:
    description = small()
    known = fingerprints(description)
    answer = description["paths"]["/v2/billing/pods"]["get"]["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"]["allOf"][0]
    schema["properties"]["title"] = {"type": "string"}
    assert [drift.call for drift in drifts(description, known)] == ["GET /v2/billing/pods"]


def test_a_property_that_is_no_longer_taken_is_found_in_the_real_description(
    published: dict[str, Any],
) -> None:
    changed = copy.deepcopy(published)
    for schema in changed["components"]["schemas"].values():
        for part in (schema, *schema.get("allOf", ())):
            part.get("properties", {}).pop("minCudaVersion", None)
    worst = drifts(changed)[0]
    assert (worst.call, worst.breaks) == ("POST /v2/pods", True)
    assert worst.what == "no longer accepts gpu.minCudaVersion"


def test_a_description_of_what_we_use_has_no_drift() -> None:
    description = small()
    assert drifts(description, fingerprints(description)) == []


def test_a_call_that_is_gone_breaks() -> None:
    description = small()
    known = fingerprints(description)
    del description["paths"]["/v2/pods/{id}"]["delete"]
    assert [(drift.call, drift.what, drift.breaks) for drift in drifts(description, known)] == [
        ("DELETE /v2/pods/{id}", "is gone", True)
    ]


def test_a_new_required_property_breaks() -> None:
    description = small()
    known = fingerprints(description)
    create = next(use for use in USES if use.name == "POST /v2/pods")
    description["bodies"][f"POST{len(create.sends)}"]["required"] = ["name", "region"]
    assert drifts(description, known)[0].what == "wants region, which this release does not send"


def test_an_answer_without_what_we_read_breaks() -> None:
    description = small()
    known = fingerprints(description)
    answer = description["paths"]["/v2/billing/pods"]["get"]["responses"]["200"]
    records = answer["content"]["application/json"]["schema"]["allOf"][0]["properties"]["records"]
    del records["items"]["properties"]["totalAmount"]
    assert [drift.what for drift in drifts(description, known)] == [
        "no longer returns records[].totalAmount"
    ]


def test_a_parameter_that_is_gone_breaks() -> None:
    description = small()
    known = fingerprints(description)
    logs = description["paths"]["/v2/pods/{id}/logs"]["get"]
    logs["parameters"] = [each for each in logs["parameters"] if each["name"] != "tail"]
    assert [drift.what for drift in drifts(description, known)] == [
        "no longer accepts the parameter tail"
    ]


def test_something_new_beside_what_we_use_is_a_change_and_breaks_nothing() -> None:
    description = small()
    known = fingerprints(description)
    description["paths"]["/v2/pods"]["get"]["deprecated"] = True
    assert [(drift.call, drift.breaks) for drift in drifts(description, known)] == [
        ("GET /v2/pods", False)
    ]


@pytest.mark.parametrize(
    ("answer", "is_good", "said"),
    [
        (httpx.Response(404), None, "it answered 404"),
        (httpx.Response(200, text="<html>"), None, "JSONDecodeError"),
        (httpx.Response(200, json=[]), None, "AttributeError"),
        (httpx.Response(200, json={"paths": {}}), False, "POST /v2/pods is gone"),
        (
            httpx.Response(200, json=small()),
            True,
            "changed, but everything that we use is still there",
        ),
    ],
)
async def test_the_check_says_what_it_found_and_never_fails(
    answer: httpx.Response, is_good: bool | None, said: str
) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer

    check = await check_api("https://cloud", httpx.MockTransport(handle))
    assert check.is_good is is_good
    assert said in check.sentence
    assert seen[0].url.path == "/v2/openapi.json"
    assert "Authorization" not in seen[0].headers
    assert seen[0].headers["User-Agent"].startswith("pod-launcher/")
