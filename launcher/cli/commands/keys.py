"""`launcher keys`: keep keys in the system's keyring, see which are there, forget them."""

from __future__ import annotations

import difflib
import os
import sys
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from launcher.cli.documents.account import KeyFacts, KeysCheck, KeysForget, KeysSet, key_facts
from launcher.cli.flags import JsonOption, QuietOption, group_app
from launcher.cli.session import ask_secret, run
from launcher.cli.terminal.layout import pairs
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output, print_notice
from launcher.cli.terminal.plain_text import plain_text_line
from launcher.errors import InvalidRequest
from launcher.services.account.key_check import check_keys
from launcher.services.common.workbench import Workbench
from launcher.services.telling.addresses import addresses_in, check_addresses
from launcher.stores.secrets import (
    NOTIFY,
    USUAL_KEYS,
    AnyKey,
    KeyName,
    KeyringStore,
    Keys,
    KeySource,
    NamedSecret,
    NotifyAddresses,
    find_keys,
)
from pod_image.contract.command_environment import checked_secret

app = group_app("Store, check or forget the keys (RunPod, Hugging Face).")


def _which(default: str) -> Any:
    return typer.Argument(
        help=f"Which: {', '.join(KeyName)}; or {NOTIFY.value}, where you are told of runs; or the name of a command's "
        f"secret, such as WANDB_API_KEY. Default: {default}.",
        autocompletion=lambda: [*(name.value for name in KeyName), NOTIFY.value],
    )


ToSet = Annotated[list[str] | None, _which(", ".join(USUAL_KEYS))]
ToForget = Annotated[list[str] | None, _which("all")]


@app.command("set")
def set_keys(names: ToSet = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Ask for keys and keep them in this system's keyring.

    A key is typed without being shown, or read from a pipe on standard input if one name is given. It is never
    an argument, because every program on the computer can see arguments.
    """
    output = Output(as_json=as_json, quiet=quiet)
    store = KeyringStore()
    stored = []
    for name in _chosen(names) if names else USUAL_KEYS:
        value = _typed_or_piped(name, is_only_one=len(names or []) == 1)
        if value is not None:
            if isinstance(name, NotifyAddresses):
                check_addresses(addresses_in(value.get_secret_value()))
            if isinstance(name, NamedSecret):
                Keys().with_named(
                    name.name, value, KeySource.GIVEN
                )  # refuses what no run could use
            store.save(name, value)
            stored.append(_called(name))
    document: KeysSet = {"schema": "keys.set", "version": 1, "stored": stored}
    output.answer(
        document,
        lambda: f"Stored in the keyring: {', '.join(stored)}." if stored else "Nothing was stored.",
        quiet="",
    )


@app.command()
def check(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show where each key comes from, and whether RunPod and Hugging Face accept it."""
    keys = find_keys(os.environ, KeyringStore(), also=KeyName)
    rows = run(keys, lambda bench: _checked(bench, keys))
    document: KeysCheck = {"schema": "keys.check", "version": 1, "keys": rows}
    output = Output(as_json=as_json, quiet=quiet)
    output.answer(
        document,
        lambda: pairs(
            (
                f"{row['name']} ({row['source']})" if row["source"] else row["name"],
                plain_text_line(in_terminal(row["detail"])),
            )
            for row in rows
        ),
        quiet="",
    )
    if not any(row["works"] for row in rows):
        output.talk("No key works here yet. `launcher keys set` asks for them and keeps them.")
        raise typer.Exit(3)
    if any(row["works"] is False for row in rows):
        raise typer.Exit(3)


@app.command()
def forget(names: ToForget = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Remove keys from this system's keyring."""
    store = KeyringStore()
    gone = [name for name in _chosen(names) if store.forget(name)]
    forgotten = [_called(name) for name in gone]
    document: KeysForget = {"schema": "keys.forget", "version": 1, "forgotten": forgotten}
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: f"Removed: {', '.join(forgotten)}." if forgotten else "There was no key to remove.",
        quiet="",
    )
    for name in gone:
        if _in_environment(name):
            print_notice(f"{name.variable} is still set in this shell.")


def _chosen(names: list[str] | None) -> list[AnyKey]:
    """Keys by their names, and secrets of commands by theirs. Raises InvalidRequest for what is neither."""
    return [_named(name) for name in names] if names else list(KeyName)


def _named(name: str) -> AnyKey:
    keys = [each.value for each in KeyName]
    if name in keys:
        return KeyName(name)
    if name == NOTIFY.value:
        return NOTIFY
    try:
        if not difflib.get_close_matches(name.lower().replace("_", "-"), keys, cutoff=0.7):
            return NamedSecret(checked_secret(name))
        hint = f"The keys are {', '.join(keys)}."
    except ValueError as exc:
        hint = f"The keys are {', '.join(keys)}; of a command's secret: {exc}."
    shown = repr(name) if "=" not in name else "That"  # what stands behind it may be the value
    raise InvalidRequest(f"{shown} is not the name of a key or secret.", hint=hint)


def _called(name: AnyKey) -> str:
    """As it is typed here."""
    return name.name if isinstance(name, NamedSecret) else name.value


def _in_environment(name: AnyKey) -> bool:
    if not isinstance(name, KeyName):
        return bool(os.environ.get(name.variable))
    return find_keys(os.environ).get(name) is not None


def _typed_or_piped(name: AnyKey, *, is_only_one: bool) -> SecretStr | None:
    if sys.stdin.isatty():
        return ask_secret(name)
    if not is_only_one:
        raise InvalidRequest(
            "Without a terminal you can give only one key at a time.",
            hint="For example: launcher keys set runpod < file",
        )
    value = sys.stdin.readline().strip()
    if not value:
        raise InvalidRequest("Standard input is empty.", hint="Nothing was stored.")
    return SecretStr(value)


async def _checked(bench: Workbench, keys: Keys) -> list[KeyFacts]:
    checked = await check_keys(bench, keys)
    return [key_facts(name, keys.sources.get(name), found) for name, found in checked.items()]
