"""What an account keeps for its pods, over HTTP: secrets and SSH keys."""

from typing import Any

from starlette.responses import Response

from launcher.emulator.runpod import bodies
from launcher.emulator.runpod.accounts import Secret, new_id
from launcher.emulator.runpod.calls import Call, gone, ok, operation, page
from launcher.emulator.runpod.clock import rfc3339
from launcher.emulator.runpod.problems import conflict, forbidden, invalid, not_found

# --- the account itself (newer than the published description)


@operation("GET", "/v2/account", "account:read", extra="account-figures")
def get_account(call: Call) -> Response:
    return ok({"id": call.account.id, "email": call.account.email})


@operation("GET", "/v2/account/limits", "account:read", extra="account-figures")
def get_limits(call: Call) -> Response:
    """`spendRate` and `serverlessWorkers` are on the page of the call; what is in them is not, nor is `pods`."""
    account = call.account
    spend = round(call.world.spend_per_hour_usd(account), 9)
    limits: dict[str, Any] = {
        "spendRate": {"limit": account.spend_limit_usd, "current": spend},
        "serverlessWorkers": {"limit": 5, "current": 0},
    }
    if account.most_pods is not None:
        limits["pods"] = {"limit": account.most_pods, "current": call.world.pod_count(account)}
    return ok(limits)


@operation("GET", "/v2/billing/balance", "billing:read", extra="account-figures")
def get_balance(call: Call) -> Response:
    amount = round(call.account.balance_usd, 9)
    return ok({"balanceAmount": amount, "billingMode": call.account.billing_mode})


# --- secrets (newer than the published description)


def _secret_wire(secret: Secret) -> dict[str, Any]:
    return {
        "id": secret.id,
        "name": secret.name,
        "description": secret.description,
        "createdAt": rfc3339(secret.created_at),
        "valueLastUpdatedAt": rfc3339(secret.value_changed_at),
    }


def _allow_secrets(call: Call) -> None:
    if call.world.faults.take("secrets-refused"):
        raise forbidden()


def _own_secret(call: Call) -> Secret:
    _allow_secrets(call)
    secret = call.account.secrets.get(call.params["id"])
    if secret is None:
        raise not_found("secret")
    return secret


@operation("GET", "/v2/account/secrets", "secrets:read", extra="secrets")
def list_secrets(call: Call) -> Response:
    _allow_secrets(call)
    name = call.query.get("name")
    kept = [each for each in call.account.secrets.values() if name in (None, each.name)]
    return page(call, "secrets", [_secret_wire(secret) for secret in kept])


@operation("POST", "/v2/account/secrets", "secrets:write", bodies.CREATE_SECRET, extra="secrets")
def create_secret(call: Call) -> Response:
    _allow_secrets(call)
    name = call.body["name"]
    if name.upper().startswith("RUNPOD"):
        raise invalid(["$.name: must not start with RUNPOD"])
    if call.account.secret_named(name) is not None:
        raise conflict("a secret with this name already exists")
    now = call.world.clock.now() + call.world.skew_seconds
    secret = Secret(new_id(), name, call.body["value"], call.body.get("description"), now, now)
    call.account.secrets[secret.id] = secret
    return ok(_secret_wire(secret), 201)


@operation("GET", "/v2/account/secrets/{id}", "secrets:read", extra="secrets")
def get_secret(call: Call) -> Response:
    return ok(_secret_wire(_own_secret(call)))


@operation(
    "PATCH", "/v2/account/secrets/{id}", "secrets:write", bodies.UPDATE_SECRET, extra="secrets"
)
def update_secret(call: Call) -> Response:
    """A new value takes effect at the next start of a pod."""
    secret = _own_secret(call)
    if "value" in call.body:
        secret.value = call.body["value"]
        secret.value_changed_at = call.world.clock.now() + call.world.skew_seconds
    secret.description = call.body.get("description", secret.description)
    return ok(_secret_wire(secret))


@operation("DELETE", "/v2/account/secrets/{id}", "secrets:write", extra="secrets")
def delete_secret(call: Call) -> Response:
    """Also while a pod refers to it: such a pod cannot start again."""
    del call.account.secrets[_own_secret(call).id]
    return gone()


# --- SSH keys


@operation("GET", "/v2/account/ssh-keys", "account:read")
def get_ssh_keys(call: Call) -> Response:
    return ok({"keys": list(call.account.ssh_keys)})


@operation("PUT", "/v2/account/ssh-keys", "account:write", bodies.SSH_KEYS)
def put_ssh_keys(call: Call) -> Response:
    """Replaces the whole set."""
    call.account.ssh_keys = list(call.body["keys"])
    return ok({"keys": list(call.account.ssh_keys)})
