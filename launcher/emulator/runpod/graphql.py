"""`POST /graphql` as far as REST lacks it: who am I, and what is left to spend. Errors come with HTTP 200."""

import re
from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from launcher.emulator.runpod.calls import Call, ok, operation

Selection = dict[str, "Selection"]
"""The fields asked for, each with the fields asked for below it."""
_TOKEN = re.compile(r"[A-Za-z_]\w*|[{}]")
_OPERATION = re.compile(r"^\s*(query\s*\w*\s*)?(?=\{)")


class CannotAnswer(Exception):
    """The query asks for what this stand-in does not have."""

    def __init__(self, message: str, code: str = "INTERNAL_SERVER_ERROR") -> None:
        super().__init__(message)
        self.code = code


@operation("POST", "/graphql", "graphql:read", extra="graphql", pod_key=True)
def answer_query(call: Call) -> Response:
    """Answers `{ myself { ... } }` without arguments; anything else is an error in the body."""
    try:
        return ok({"data": {"myself": _pick(_selection(call), _myself(call), "User")}})
    except CannotAnswer as problem:
        error = {"message": str(problem), "extensions": {"code": problem.code}}
        return ok({"errors": [error], "data": None})


def _selection(call: Call) -> Selection:
    query = call.body.get("query") if isinstance(call.body, dict) else None
    if not isinstance(query, str):
        raise CannotAnswer("Must provide query string.", "BAD_REQUEST")
    if call.key.kind == "pod":
        raise CannotAnswer("Unauthorized", "UNAUTHORIZED")
    fields = _OPERATION.sub("", query, count=1)
    asked = _fields(iter(_TOKEN.findall(fields)[1:]))
    if list(asked) != ["myself"]:
        raise CannotAnswer("Something went wrong. Please try again later or contact support.")
    return asked["myself"]


def _fields(tokens: Iterator[str]) -> Selection:
    fields: Selection = {}
    last = ""
    for token in tokens:
        if token == "}":
            break
        if token == "{":
            fields[last] = _fields(tokens)
        else:
            last = token
            fields[token] = {}
    return fields


def _pick(asked: Selection, known: dict[str, Any], kind: str) -> dict[str, Any]:
    picked: dict[str, Any] = {}
    for name, below in asked.items():
        if name not in known:
            text = f'Cannot query field "{name}" on type "{kind}".'
            raise CannotAnswer(text, "GRAPHQL_VALIDATION_FAILED")
        value = known[name]
        is_list = isinstance(value, list)
        picked[name] = [_pick(below, each, name) for each in value] if is_list else value
    return picked


def _myself(call: Call) -> dict[str, Any]:
    account = call.account
    return {
        "id": account.id,
        "email": account.email,
        "clientBalance": round(account.balance_usd, 9),
        "currentSpendPerHr": round(call.world.spend_per_hour_usd(account), 9),
        "spendLimit": account.spend_limit_usd,
        "underBalance": account.balance_usd <= 0,
        "minBalance": 0.0,
        "pubKey": "\n".join(account.ssh_keys),
        "networkVolumes": [
            {"id": v.id, "name": v.name, "size": v.size_gb, "dataCenterId": v.centre_id}
            for v in account.volumes.values()
        ],
    }
