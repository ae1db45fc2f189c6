"""RunPod's published description beside the calls we make: what is gone, and what has changed. No HTTP, no key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DESCRIPTION_PATH = "/v2/openapi.json"
"""Public: it is read without a key."""
KNOWN = Path(__file__).with_name("known_api.json")
"""Fingerprint of each call as it was described when this release was made."""
WORDS_ALONE = frozenset(
    {
        "bearerFormat", "description", "example", "examples", "externalDocs", "operationId", "summary", "tags",
        "title", "x-codeSamples",
    }
)  # fmt: skip
"""Keywords of a description that are for people: a call stays the same when they change."""
NAMES_FOLLOW = frozenset(
    {
        "content", "dependentRequired", "headers", "mapping", "parameters", "paths", "properties", "responses",
        "schemas", "securitySchemes",
    }
)  # fmt: skip
"""Below these the keys are names of RunPod's own, such as a property called `title`, and no keywords."""
_PARTS = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True)
class Use:
    """One call we make. `sends` and `reads` are paths such as `gpu.count` and `pods[].id`."""

    method: str
    path: str
    sends: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


_OF_A_POD = ("id", "name", "status", "env", "cost", "createdAt", "startedAt", "runtime", "gpu.id")
USES = (
    Use(
        "GET",
        "/v2/pods",
        parameters=("includeClusterPods",),
        reads=tuple(f"pods[].{name}" for name in (*_OF_A_POD, "cluster.id", "cluster.rank")),
    ),
    Use(
        "POST",
        "/v2/pods",
        sends=(
            "name", "image", "gpu.id", "gpu.count", "gpu.minCudaVersion", "cloud", "disk", "env",
            "dataCenterIds", "registry", "args",
        ),
        reads=_OF_A_POD,
    ),
    Use("GET", "/v2/pods/{id}", reads=_OF_A_POD),
    Use("DELETE", "/v2/pods/{id}"),
    Use("POST", "/v2/pods/{id}/action", sends=("action",)),
    Use("GET", "/v2/pods/{id}/logs", parameters=("tail", "Last-Event-ID")),
    Use(
        "GET",
        "/v2/catalog/gpus",
        parameters=("include", "product", "count", "cloud", "minCudaVersion"),
        reads=tuple(
            f"gpus[].{name}"
            for name in ("id", "name", "memory", "price", "maxCount", "availability", "dataCenters")
        ),
    ),
    Use(
        "GET",
        "/v2/billing/pods",
        parameters=("podId", "bucketSize"),
        reads=("records[].podId", "records[].totalAmount"),
    ),
    Use(
        "POST",
        "/v2/clusters",
        sends=(
            "name", "type", "compute.gpuTypeId", "compute.gpuCountPerPod", "compute.podCount", "image", "disk", "env",
            "dataCenterIds", "args",
        ),
        reads=("id", "name", "createdAt"),
    ),
    Use("GET", "/v2/clusters", reads=("clusters[].id", "clusters[].name", "clusters[].createdAt")),
    Use("GET", "/v2/clusters/{id}", reads=("id", "name", "createdAt")),
    Use("DELETE", "/v2/clusters/{id}"),
    Use(
        "GET",
        "/v2/clusters/{id}/pods",
        reads=tuple(f"pods[].{name}" for name in (*_OF_A_POD, "cluster.id", "cluster.rank")),
    ),
    Use(
        "GET",
        "/v2/billing/clusters",
        parameters=("clusterId", "bucketSize"),
        reads=("records[].clusterId", "records[].totalAmount"),
    ),
)  # fmt: skip
"""What this release needs. Exec and account secrets are newer than the description, and tried when they are used."""


@dataclass(frozen=True)
class Drift:
    """A difference. `breaks`: the call cannot work as we make it."""

    call: str
    what: str
    breaks: bool


def drifts(description: Mapping[str, Any], known: Mapping[str, str] | None = None) -> list[Drift]:
    """Every difference, what breaks first. Raises ValueError for a document that is no description."""
    if not isinstance(description.get("paths"), dict):
        raise ValueError("the document describes no paths")
    known = known_fingerprints() if known is None else known
    found = [drift for use in USES for drift in _of_use(description, use, known)]
    return sorted(found, key=lambda drift: not drift.breaks)


def fingerprints(description: Mapping[str, Any]) -> dict[str, str]:
    """A short hash of each call we use, words for people left out."""
    return {
        use.name: hashlib.sha256(
            json.dumps(_bare(_operation(description, use), description), sort_keys=True).encode()
        ).hexdigest()[:16]
        for use in USES
    }


def known_fingerprints() -> dict[str, str]:
    return dict(json.loads(KNOWN.read_text("utf-8")))


def _of_use(description: Mapping[str, Any], use: Use, known: Mapping[str, str]) -> Iterator[Drift]:
    operation = _operation(description, use)
    if not operation:
        yield Drift(use.name, "is gone", True)
        return
    breaking = [*_refused(description, use, operation), *_unsaid(description, use, operation)]
    yield from (Drift(use.name, what, True) for what in breaking)
    if not breaking and fingerprints(description)[use.name] != known.get(use.name):
        yield Drift(use.name, "has changed; what we use of it is still there", False)


def _refused(
    description: Mapping[str, Any], use: Use, operation: Mapping[str, Any]
) -> Iterator[str]:
    """What we send and they no longer take, or want and we do not send."""
    body = _schema(operation.get("requestBody", {}), description)
    for path in use.sends:
        if not _has(body, path, description):
            yield f"no longer accepts {path}"
    mentioned = {path.split(".")[0] for path in use.sends}
    for name in sorted(_required(body, description) - mentioned):
        yield f"wants {name}, which this release does not send"
    taken = {_resolved(each, description).get("name") for each in operation.get("parameters", ())}
    for name in use.parameters:
        if name not in taken:
            yield f"no longer accepts the parameter {name}"


def _unsaid(
    description: Mapping[str, Any], use: Use, operation: Mapping[str, Any]
) -> Iterator[str]:
    if not use.reads:
        return
    answers = operation.get("responses", {})
    good: Any = next((answers[code] for code in sorted(answers) if code.startswith("2")), {})
    schema = _schema(_resolved(good, description), description)
    for path in use.reads:
        if not _has(schema, path, description):
            yield f"no longer returns {path}"


def _operation(description: Mapping[str, Any], use: Use) -> Mapping[str, Any]:
    item = description["paths"].get(use.path, {})
    operation = item.get(use.method.lower(), {})
    shared = item.get("parameters", [])
    return (
        {**operation, "parameters": [*shared, *operation.get("parameters", [])]}
        if operation
        else {}
    )


def _schema(holder: Mapping[str, Any], description: Mapping[str, Any]) -> Mapping[str, Any]:
    content = _resolved(holder, description).get("content", {})
    media: Any = content.get("application/json") or next(iter(content.values()), {})
    schema: Mapping[str, Any] = media.get("schema", {})
    return schema


def _has(schema: Mapping[str, Any], path: str, description: Mapping[str, Any]) -> bool:
    """Whether the schema, or any part it is put together from, has that property."""
    name, _, rest = path.partition(".")
    for part in _all_parts(schema, description):
        inner = part.get("properties", {}).get(name.removesuffix("[]"))
        if inner is None:
            continue
        if name.endswith("[]"):
            inner = next((p["items"] for p in _all_parts(inner, description) if "items" in p), {})
        if not rest or _has(inner, rest, description):
            return True
    return False


def _required(schema: Mapping[str, Any], description: Mapping[str, Any]) -> set[str]:
    found = set(schema.get("required", ()))
    resolved = _resolved(schema, description)
    found |= set(resolved.get("required", ()))
    for part in resolved.get("allOf", ()):
        found |= _required(part, description)
    return found


def _all_parts(
    schema: Mapping[str, Any], description: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    resolved = _resolved(schema, description)
    yield resolved
    for kind in _PARTS:
        for part in resolved.get(kind, ()):
            yield from _all_parts(part, description)


def _resolved(item: Any, description: Mapping[str, Any]) -> Mapping[str, Any]:
    while isinstance(item, dict) and "$ref" in item:
        target: Any = description
        for part in item["$ref"].removeprefix("#/").split("/"):
            target = target.get(part, {}) if isinstance(target, dict) else {}
        item = target
    return item if isinstance(item, dict) else {}


def _bare(
    item: Any,
    description: Mapping[str, Any],
    seen: tuple[str, ...] = (),
    *,
    are_names: bool = False,
) -> Any:
    """The document with references put in and words for people left out. `are_names`: no key is a keyword."""
    if isinstance(item, list):
        return [_bare(value, description, seen) for value in item]
    if not isinstance(item, dict):
        return item
    if "$ref" in item and not are_names:
        reference = item["$ref"]
        inside = _resolved(item, description)
        return reference if reference in seen else _bare(inside, description, (*seen, reference))
    return {
        key: _bare(value, description, seen, are_names=not are_names and key in NAMES_FOLLOW)
        for key, value in item.items()
        if are_names or key not in WORDS_ALONE
    }
