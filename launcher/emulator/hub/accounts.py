"""Who is this token, and is this model card's YAML valid."""

from __future__ import annotations

import re
from typing import Any

import yaml

from launcher.emulator.hub.core import Call, Route
from launcher.emulator.hub.wire import Refusal, Response, json_response


def whoami(call: Call) -> Response:
    return json_response(call.signed_in().whoami())


def validate_yaml(call: Call) -> Response:
    content = str(call.request.body.json().get("content", ""))
    errors, warnings = card_complaints(content)
    answer = {
        "errors": [{"message": text} for text in errors],
        "warnings": [{"message": text} for text in warnings],
    }
    return json_response(answer, 400 if errors else 200)


def card_front_matter(content: str) -> str | None:
    """The YAML between the two `---` lines a card begins with, None when there is none."""
    lines = content.replace("\r\n", "\n").split("\n")
    if not lines or lines[0].strip() != "---":
        return None
    for number, line in enumerate(lines[1:], 1):
        if line.strip() == "---":
            return "\n".join(lines[1:number])
    return None


def card_fields(content: str) -> dict[str, Any]:
    """The card's metadata; empty when there is none or it is not valid."""
    try:
        loaded = yaml.safe_load(card_front_matter(content) or "")
    except yaml.YAMLError:
        return {}
    return loaded if isinstance(loaded, dict) else {}


def card_complaints(content: str) -> tuple[list[str], list[str]]:
    """Errors and warnings about a card, in the Hub's manner."""
    front = card_front_matter(content)
    if front is None or not front.strip():
        return [], ["empty or missing yaml metadata in repo card"]
    try:
        loaded = yaml.safe_load(front)
    except yaml.YAMLError as error:
        return [f"YAML metadata is not valid: {' '.join(str(error).split())}"], []
    if not isinstance(loaded, dict):
        return ["YAML metadata must be an object"], []
    return [text for name, value in loaded.items() if (text := _complaint(name, value))], []


_TEXT = {
    "library_name",
    "pipeline_tag",
    "license_name",
    "license_link",
    "model_name",
    "pretty_name",
}
_TEXTS = {"tags", "datasets", "metrics", "task_categories", "thumbnail"}
_TEXT_OR_TEXTS = {"language", "license", "base_model"}
_IDS = {
    "base_model": "Use a model id from https://hf.co/models.",
    "datasets": "If possible, use a dataset id from https://hf.co/datasets.",
}
"""Fields that name repos, and what is said of what is the name of none."""
_REPO_ID = re.compile(r"(?:\w[\w.-]{0,95}/)?\w[\w.-]{0,95}")


def _complaint(name: object, value: object) -> str | None:
    is_text = isinstance(value, str)
    is_texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    if name in _TEXT and not is_text:
        return f'"{name}" must be a string'
    if name in _TEXTS and not is_texts and name != "thumbnail":
        return f'"{name}" must be an array'
    if name in _TEXT_OR_TEXTS and not (is_text or is_texts):
        # The usual cause is `language: no`, which YAML reads as false.
        return f'"{name}" must be one of [string, array of strings]'
    return _complaint_about_ids(str(name), value)


def _complaint_about_ids(name: str, value: Any) -> str | None:
    """A folder's path, which trainers write when they were given one, is the id of nothing."""
    if name not in _IDS:
        return None
    is_text = isinstance(value, str)
    for number, each in enumerate([value] if is_text else value):
        if not _REPO_ID.fullmatch(each):
            place = name if is_text else f"{name}[{number}]"
            return f'"{place}" with value "{each}" is not valid. {_IDS[name]}'
    return None


def revoke_credentials(call: Call) -> Response:
    """Kill leaked tokens. Always 202: the answer does not say whether one was real."""
    credentials = call.request.body.json().get("credentials", [])
    if not isinstance(credentials, list):
        raise Refusal(400, '"credentials" must be an array')
    for value in credentials:
        if value in call.hub.tokens:
            call.hub.tokens[value].is_revoked = True
    return json_response({}, 202)


ROUTES = (
    Route.at("GET", "/api/whoami-v2", whoami),
    Route.at("POST", "/api/validate-yaml", validate_yaml),
    Route.at("POST", "/api/credentials/revoke", revoke_credentials),
)
