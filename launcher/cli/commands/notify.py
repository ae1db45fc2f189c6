"""`launcher notify`: where you are told of your runs when you do not look, and a test of it."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

from launcher.cli.completing import complete
from launcher.cli.documents.told import NotifyList, NotifySet, ToldAddress, sent_tests
from launcher.cli.flags import JsonOption, QuietOption, group_app
from launcher.cli.notifying import prefer, preferred, typed_addresses, with_addresses
from launcher.cli.terminal.layout import table
from launcher.cli.terminal.output import Output
from launcher.clock import SystemClock
from launcher.config import read_config
from launcher.errors import InvalidRequest
from launcher.services.telling.addresses import Address, addresses_in, addresses_of
from launcher.services.telling.sending import Sender
from launcher.services.telling.teller import Teller, trial_news
from launcher.stores.secrets import NOTIFY, KeyringStore, Keys, find_addresses
from pod_image.contract.next_steps import NextStep, Sentence

app = group_app("Notifications about your runs: list, set, test.")
SENDER = Sender()
Addresses = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ADDRESS...",
        help=(
            "desktop, ntfy://TOPIC, https://… or any Apprise address. Store an address with a password or "
            "token with launcher keys set notify instead."
        ),
    ),
]


@app.command("list")
def list_addresses(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Where notifications go, and who sends them. A pod sends its own, even while this computer is off."""
    rows = _rows()
    document: NotifyList = {"schema": "notify.list", "version": 1, "addresses": rows}
    Output(as_json=as_json, quiet=quiet).answer(
        document, lambda: _listed(rows), quiet="\n".join(row["address"] for row in rows)
    )


@app.command("set")
def set_addresses(
    addresses: Addresses = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Send notifications about every run to these addresses. Without addresses: no longer to any of them.

    They are stored as a preference, so they must not contain a password or token.
    """
    shown = [each.shown for each in typed_addresses(addresses or [])]
    prefer(" ".join(addresses or []))
    document: NotifySet = {"schema": "notify.set", "version": 1, "told_at": shown}
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: (
            f"Notifications about every run go to {', '.join(shown)}."
            if shown
            else "No addresses are set."
        ),
        quiet="",
    )


@app.command("test")
def send_trial(
    addresses: Addresses = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Send a test message to these addresses, or to all stored ones."""
    told = typed_addresses(addresses) if addresses else _kept()
    if not told:
        raise InvalidRequest(
            "There is no address to test.",
            hint=Sentence(
                "Give one, such as desktop, or store one: ", NextStep.ENTER_ADDRESSES, "."
            ),
        )
    teller = Teller(told, send=SENDER)
    answers = complete(teller.test(trial_news(SystemClock().now())))
    Output(as_json=as_json, quiet=quiet).answer(
        sent_tests(answers),
        lambda: table(
            ("ADDRESS", "SENT"), [(shown, f"no: {why}" if why else "yes") for shown, why in answers]
        ),
        quiet="",
    )
    if any(why for _, why in answers):
        raise typer.Exit(5)


def _kept() -> tuple[Address, ...]:
    return addresses_of(with_addresses(Keys(), ()))


def _rows() -> list[ToldAddress]:
    read_config().make_folders()  # "nowhere" may not stand for preferences that cannot be read
    in_environment = find_addresses(os.environ)
    kept: list[tuple[Literal["environment", "keyring", "preference"], str]] = [
        ("environment", in_environment),
        ("keyring", "" if in_environment else find_addresses({}, KeyringStore())),
        ("preference", preferred()),
    ]
    return [
        {"address": each.shown, "source": source, "from_pod": each.is_for_pods}
        for source, text in kept
        for each in addresses_in(text)
    ]


def _listed(rows: list[ToldAddress]) -> str:
    if not rows:
        return (
            "No notifications are set up. For example: launcher notify set desktop\nTo get them on your phone, "
            "even while this computer is off, choose an ntfy topic and store it:\nlauncher keys set "
            f"{NOTIFY.value}"
        )
    by = {True: "the pod, and this computer", False: "this computer"}
    return table(
        ("ADDRESS", "KEPT IN", "TOLD BY"),
        [(row["address"], row["source"], by[row["from_pod"]]) for row in rows],
    )
