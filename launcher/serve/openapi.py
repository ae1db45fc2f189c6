"""The description of the interface in OpenAPI 3.1: FastAPI's own, with our problems in the place of its errors."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from launcher.serve.documents.base import ProblemFacts
from launcher.serve.problems import MEDIA_TYPE

_ABOUT = (
    "Rent a GPU for one training run, watch it, keep the result. Every request needs the header `Authorization:"
    " Bearer TOKEN`. The keys are those of the serving computer: no request contains a key, and no answer does."
)
_PROBLEM = "ProblemFacts"
_OF_EVERY = {
    "401": "The token is missing or wrong.",
    "422": "The request cannot be accepted as it is.",
    "429": "Too many requests; Retry-After says when to try again.",
    "default": "Any other error.",
}
_NOT_OURS = ("HTTPValidationError", "ValidationError")


def described(app: FastAPI) -> dict[str, Any]:
    """The description; made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=_ABOUT,
        routes=app.routes,
    )
    schemas: dict[str, Any] = document["components"]["schemas"]
    for name in _NOT_OURS:
        schemas.pop(name, None)
    schemas[_PROBLEM] = ProblemFacts.model_json_schema()
    for path in document["paths"].values():
        for operation in path.values():
            operation["summary"] = operation["description"].partition("\n")[0]
            operation["responses"] |= {
                status: _problem(words) for status, words in _OF_EVERY.items()
            }
            for answer in operation["responses"].values():
                _drop_json_beside_another_type(answer.get("content", {}))
    return document


def _drop_json_beside_another_type(content: dict[str, Any]) -> None:
    """FastAPI describes a JSON answer also where the route says another type."""
    if set(content) - {"application/json"}:
        content.pop("application/json", None)


def _problem(words: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{_PROBLEM}"}
    return {"description": words, "content": {MEDIA_TYPE: {"schema": schema}}}
