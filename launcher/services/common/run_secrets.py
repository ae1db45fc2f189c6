"""Account secrets made for one run: their names, making them, and removing them when the run is over."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import SecretStr

from launcher.domain.run import Run
from launcher.errors import LauncherError, NoRight, ProviderError, ProviderUnavailable
from launcher.providers.base import AccountSecret, Provider
from launcher.services.common.place_key import need_place_key
from launcher.services.common.places import place_of
from launcher.services.common.run_tokens import needs_hub, reads_hub
from launcher.services.common.workbench import Workbench
from launcher.stores.secrets import Keys
from pod_image.contract.secret_names import (
    COMMAND_SECRET_PREFIX,
    DATASET_TOKEN_VARIABLE,
    MOST_COMMAND_SECRETS,
    NOTIFY_VARIABLE,
    UPLOAD_TOKEN_VARIABLE,
)

if TYPE_CHECKING:
    from pod_image.contract.settings import RunSettings

_NAME = re.compile(
    r"^launcher_(?P<nonce>[a-z0-9]{10})_(?P<purpose>dataset|upload|notify|command\d+)$"
)
PURPOSES = ("dataset", "upload", "notify", *(f"command{n}" for n in range(MOST_COMMAND_SECRETS)))
"""All that a run can have."""
STRANGERS_AGE = timedelta(hours=1)
"""A secret of a run that this machine does not know is left alone for so long: its pod may be on the way."""


@dataclass(frozen=True)
class TokenEnvironment:
    """How the pod gets the tokens: references in `environment`, or values in `plain`."""

    environment: Mapping[str, str] = field(default_factory=dict)
    plain: Mapping[str, SecretStr] = field(default_factory=dict)


def named_secrets(settings: RunSettings) -> tuple[str, ...]:
    """The names of the secrets that the command of these settings gets."""
    from pod_image.contract.settings import SETTINGS

    values = settings.model_dump()
    naming = (each for each in SETTINGS.values() if each.knob.names_secrets)
    names = (name for each in naming if each.applies(values) for name in values[each.name])
    return tuple(dict.fromkeys(names))


def need_keys_of(keys: Keys, settings: RunSettings) -> None:
    """Raises NotConfigured where the key of their place, or a secret of their command, is missing."""
    need_place_key(keys, place_of(settings))
    keys.need_named(named_secrets(settings))


def secret_name(nonce: str, purpose: str) -> str:
    return f"launcher_{nonce}_{purpose}"


async def can_make_secrets(provider: Provider) -> bool:
    """Whether the account has secrets at all and the key may see them; making one is not tried.

    Raises ProviderUnavailable and NotConfigured: no answer is no answer.
    """
    try:
        await provider.secrets()
    except NoRight:
        return False
    except ProviderUnavailable:
        raise
    except ProviderError:
        return False
    return True


async def give_tokens(
    bench: Workbench, run: Run, keys: Keys, named: Sequence[str] = (), *, in_plain: bool
) -> tuple[Run, TokenEnvironment]:
    """Make the run's secrets and say how the pod refers to them; with `in_plain` make none.

    `named` are those that the run's command gets beside the agent's tokens. Of `keys` every one goes along that a pod
    has a use for: addresses to tell at too.

    The names are in the history before the secrets are made, so that a crash leaves none behind unknown.
    Raises NoRight when the key may not make secrets, NotConfigured where one of `named` has no value.
    """
    tokens = _tokens(keys) | _of_the_command(keys, named)
    if in_plain:
        return run, TokenEnvironment(plain={name: token for name, (_, token) in tokens.items()})
    names = {name: secret_name(run.nonce, purpose) for name, (purpose, _) in tokens.items()}
    run = bench.runs.update(run, secret_names=tuple(names.values()))
    for variable, (_, token) in tokens.items():
        await bench.provider.make_secret(names[variable], token)
    references = {
        variable: bench.provider.secret_reference(name) for variable, name in names.items()
    }
    return run, TokenEnvironment(environment=references)


def _tokens(keys: Keys) -> dict[str, tuple[str, SecretStr]]:
    found: dict[str, tuple[str, SecretStr]] = {}
    if keys.hf_dataset is not None:
        found[DATASET_TOKEN_VARIABLE] = ("dataset", keys.hf_dataset)
    if keys.hf_upload is not None:
        found[UPLOAD_TOKEN_VARIABLE] = ("upload", keys.hf_upload)
    if keys.notify is not None:
        found[NOTIFY_VARIABLE] = ("notify", keys.notify)
    return found


def sources_of_named(settings: RunSettings, keys: Keys) -> dict[str, str]:
    """Where the value of each secret of the command comes from; empty where there is none."""
    sources = keys.named_sources
    return {
        name: sources[name].value if name in sources else "" for name in named_secrets(settings)
    }


def handed_over(settings: RunSettings, named: Collection[str], told: Collection[str] = ()) -> str:
    """What goes to the pod in secret, in words; empty where nothing does. `told`: hosts of the addresses that the pod
    tells at."""
    addresses = [f"your address at {host}" for host in told]
    tokens = ["your Hugging Face token for datasets"] if reads_hub(settings) else []
    if needs_hub(settings):
        tokens = ["the Hugging Face tokens"]
    if not (words := [*tokens, *named, *addresses]):
        return ""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def command_purposes(named: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Variable and purpose of each secret of the command, by its name."""
    return {
        name: (COMMAND_SECRET_PREFIX + name, f"command{number}")
        for number, name in enumerate(dict.fromkeys(named))
    }


def _of_the_command(keys: Keys, named: Sequence[str]) -> dict[str, tuple[str, SecretStr]]:
    values = keys.need_named(named)
    return {
        variable: (purpose, values[name])
        for name, (variable, purpose) in command_purposes(named).items()
    }


async def remove_run_secrets(bench: Workbench, run: Run) -> Run:
    """Remove the account's secrets of a run that is over. What cannot be removed now stays in the history
    for the next launcher that holds the key; that is no error."""
    bench = bench.at(run.place)
    if not run.secret_names:
        return run
    try:
        left = set(run.secret_names)
        for secret in await bench.provider.secrets():
            if secret.name in left:
                await bench.provider.remove_secret(secret.id)
    except LauncherError:
        return run
    return bench.runs.update(run, secret_names=())


@dataclass(frozen=True)
class Leftover:
    """A secret that nobody needs any more; `nonce` is that of its run."""

    secret: AccountSecret
    nonce: str


async def leftovers(
    bench: Workbench, alive: Collection[str], known: Collection[str] = ()
) -> list[Leftover]:
    """Secrets of ours whose run is over, or will be in a moment. `alive`: nonces of runs that may need theirs;
    `known`: nonces known to be ours beside those in the history. Changes nothing; raises ProviderError."""
    found = []
    for secret in await bench.provider.secrets():
        match = _NAME.match(secret.name)
        nonce = match["nonce"] if match else ""
        if (
            nonce
            and nonce not in alive
            and (nonce in known or _is_ours_or_old(bench, secret, nonce))
        ):
            found.append(Leftover(secret, nonce))
    return found


def _is_ours_or_old(bench: Workbench, secret: AccountSecret, nonce: str) -> bool:
    if bench.runs.by_nonce(nonce) is not None:
        return True
    made_at = secret.created_at
    return made_at is not None and bench.provider_now() - made_at > STRANGERS_AGE
