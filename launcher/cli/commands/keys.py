"""`launcher keys`: keep keys in the system's keyring, see which are there, forget them."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from launcher.cli.flags import JsonOption, QuietOption, group_app
from launcher.cli.session import ask_secret, find, run
from launcher.cli.terminal.layout import table
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output
from launcher.errors import InvalidRequest
from launcher.services.account.key_check import KeyCheck, check_keys
from launcher.services.common.workbench import Workbench
from launcher.stores.secrets import KeyName, KeyringStore, Keys, find_keys
from pod_image.contract.next_steps import joined

app = group_app("Store, check or forget the keys (RunPod, Hugging Face).")
Names = Annotated[list[KeyName] | None, typer.Argument(help="Which; all of them when left out.")]


@app.command("set")
def set_keys(names: Names = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Ask for keys and keep them in this system's keyring.

    A key is typed without being shown, or read from standard input when that is a pipe and one name is
    given. It is never an argument: arguments can be seen by every program on the computer.
    """
    output = Output(as_json=as_json, quiet=quiet)
    store = KeyringStore()
    stored = []
    for name in names or list(KeyName):
        value = _typed_or_piped(name, is_only_one=len(names or []) == 1)
        if value is not None:
            store.save(name, value)
            stored.append(name.value)
    output.answer(
        {"stored": stored},
        lambda: f"Kept in the keyring: {', '.join(stored)}." if stored else "Nothing was stored.",
        quiet="",
    )


@app.command()
def check(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Where each key comes from, and whether RunPod and Hugging Face take it."""
    keys = find()
    rows = run(keys, lambda bench: _checked(bench, keys))
    Output(as_json=as_json, quiet=quiet).answer(
        rows,
        lambda: table(
            ("KEY", "FROM", "STATE"),
            [(row["name"], row["source"] or "-", row["detail"]) for row in rows],
        ),
        quiet="",
    )
    if any(row["works"] is False for row in rows):
        raise typer.Exit(3)


@app.command()
def forget(names: Names = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Remove keys from this system's keyring."""
    store = KeyringStore()
    forgotten = [name.value for name in names or list(KeyName) if store.forget(name)]
    Output(as_json=as_json, quiet=quiet).answer(
        {"forgotten": forgotten},
        lambda: f"Forgotten: {', '.join(forgotten)}." if forgotten else "There was none to forget.",
        quiet="",
    )
    still = [name for name in KeyName if name.value in forgotten and _in_environment(name)]
    for name in still:
        print(f"{name.variable} is still set in this shell.", file=sys.stderr)


def _in_environment(name: KeyName) -> bool:
    return find_keys(os.environ).get(name) is not None


def _typed_or_piped(name: KeyName, *, is_only_one: bool) -> SecretStr | None:
    if sys.stdin.isatty():
        return ask_secret(name)
    if not is_only_one:
        raise InvalidRequest(
            "Without a terminal one key at a time can be given.",
            hint="For example: launcher keys set runpod < file",
        )
    value = sys.stdin.readline().strip()
    if not value:
        raise InvalidRequest("Standard input is empty.", hint="Nothing was stored.")
    return SecretStr(value)


async def _checked(bench: Workbench, keys: Keys) -> list[dict[str, Any]]:
    rows = []
    for name, found in (await check_keys(bench, keys)).items():
        source = keys.sources.get(name)
        row: dict[str, Any] = {"name": name.value, "source": source.value if source else None}
        works, detail = _state_of(name, found)
        rows.append({**row, "works": works, "detail": detail})
    return rows


def _state_of(name: KeyName, found: KeyCheck | None) -> tuple[bool | None, str]:
    if found is None:
        return None, f"missing; {name.purpose}"
    return found.state.is_usable, in_terminal(joined([found.sentence, found.hint]))
