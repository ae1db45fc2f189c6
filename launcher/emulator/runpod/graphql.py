"""`POST /graphql` as far as REST lacks it: who am I, and what is left to spend. Errors come with HTTP 200."""

import re
from typing import Any

from starlette.responses import Response

from launcher.emulator.runpod.calls import Call, ok, operation

_MYSELF = re.compile(r"\bmyself\s*\{([^{}]*)\}")


@operation("POST", "/graphql", "account:read", extra="graphql", pod_key=True)
def answer_query(call: Call) -> Response:
    """Answers `myself { ... }` with plain fields; anything else is an error in the body."""
    query = call.body.get("query") if isinstance(call.body, dict) else None
    if not isinstance(query, str):
        return _error("Must provide query string.", "BAD_REQUEST")
    if call.key.kind == "pod":
        return _error("Unauthorized", "UNAUTHORIZED")
    asked = _MYSELF.search(query)
    if asked is None:
        return _error("Something went wrong. Please try again later or contact support.")
    known = _myself(call)
    names = asked.group(1).replace(",", " ").split()
    unknown = [name for name in names if name not in known]
    if unknown:
        text = f'Cannot query field "{unknown[0]}" on type "User".'
        return _error(text, "GRAPHQL_VALIDATION_FAILED")
    return ok({"data": {"myself": {name: known[name] for name in names}}})


def _myself(call: Call) -> dict[str, Any]:
    account = call.account
    spend = call.world.spend_per_hour_usd(account)
    return {
        "id": account.id,
        "email": account.email,
        "clientBalance": round(account.balance_usd, 9),
        "currentSpendPerHr": round(spend, 9),
        "spendLimit": account.spend_limit_usd,
        "underBalance": account.balance_usd <= 0,
        "minBalance": 0.0,
        "pubKey": "\n".join(account.ssh_keys),
    }


def _error(message: str, code: str = "INTERNAL_SERVER_ERROR") -> Response:
    return ok({"errors": [{"message": message, "extensions": {"code": code}}], "data": None})
