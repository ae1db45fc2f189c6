"""Which variables of a pod hold secrets. Standard library alone: the container's first process reads this."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from pod_image.contract.places import PLACES

DATASET_TOKEN_VARIABLE = "HF_DATASET_TOKEN"
UPLOAD_TOKEN_VARIABLE = "HF_UPLOAD_TOKEN"
NOTIFY_VARIABLE = "LAUNCHER_NOTIFY"
"""Addresses to tell of the run at, with spaces between them: each may carry a password."""
SECRET_VARIABLES = (
    DATASET_TOKEN_VARIABLE,
    UPLOAD_TOKEN_VARIABLE,
    NOTIFY_VARIABLE,
    *(variables.key for variables in PLACES.values() if variables.key),
)
COMMAND_SECRET_PREFIX = "LAUNCHER_SECRET_"
"""Before the name of a secret of the command's own: under its own name the command alone has it."""
MOST_COMMAND_SECRETS = 16
SHORTEST_SECRET = 8
"""A shorter value is no secret, and would be found in many a harmless one."""
_COMMON_SECRET_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "JUPYTER_PASSWORD")
"""What other programs call theirs."""


def command_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Those that a person named for their command, by the names that the command knows them by."""
    return {
        name.removeprefix(COMMAND_SECRET_PREFIX): value
        for name, value in environment.items()
        if name.startswith(COMMAND_SECRET_PREFIX)
    }


def as_written(secret: str) -> Iterator[str]:
    """A secret in every form in which a line may show it: whole, each line of it, and as JSON has it."""
    for part in (secret, *(line.strip() for line in secret.splitlines())):
        if part == secret or len(part) >= SHORTEST_SECRET:
            yield part
            yield json.dumps(part)[1:-1]
            yield json.dumps(part, ensure_ascii=False)[1:-1]


def words_of_addresses(addresses: str) -> Iterator[str]:
    """Of addresses with spaces between them: each, and each part that may be a password or a token of it.

    No host is one, and no plain word: that stands in many a harmless line.
    """
    for address in _addresses(addresses):
        yield address
        _, _, behind = address.partition("://")
        account, _, named = behind.rpartition("@")
        host, has_path, path = named.partition("/")
        path = path if has_path else host  # a bare topic stands where a host would
        for word in (account, *re.split(r"[:/?&=#]", f"{account}/{path}")):
            if len(word) >= SHORTEST_SECRET and not (word.isalpha() and word.islower()):
                yield word
                yield unquote(word)


def _addresses(text: str) -> list[str]:
    return [word for word in text.split() if "://" in word]


def secret_values(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What no line of a pod's output may show."""
    ours = [environment.get(name, "") for name in SECRET_VARIABLES if name != NOTIFY_VARIABLE]
    ours += words_of_addresses(environment.get(NOTIFY_VARIABLE, ""))
    own = [form for value in command_secrets(environment).values() for form in as_written(value)]
    return tuple(dict.fromkeys(value for value in (*ours, *own) if value))


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that needs no key: without secrets by name, and by value under another name."""
    names = {*SECRET_VARIABLES, *_COMMON_SECRET_VARIABLES}
    values = [environment.get(name, "") for name in names]
    values += _addresses(environment.get(NOTIFY_VARIABLE, ""))
    secrets = [value for value in values if len(value) >= SHORTEST_SECRET]
    # A person's own may be a word that stands in a path, too: it is known whole alone.
    own = set(command_secrets(environment).values())
    return {
        name: value
        for name, value in environment.items()
        if name not in names
        and not name.startswith(COMMAND_SECRET_PREFIX)
        and value not in own
        and not any(secret in value for secret in secrets)
    }
