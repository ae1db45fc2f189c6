"""How the web form is served from a terminal: where it is found, and what is said of it. For `ui` and `demo`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

import typer

from launcher.cli.documents.said import Address
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output, print_notice
from pod_image.contract.next_steps import Said

PortOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65_535,
        help="Port on 127.0.0.1. Default: the port of last time; 0 chooses a free one.",
    ),
]
OwnNameOption = Annotated[
    bool,
    typer.Option(
        "--own-name/--no-own-name",
        help=(
            "Use a separate name under localhost, so that no other server on this computer sees the form's "
            "cookie. Without it 127.0.0.1 is used, for browsers that cannot find the name."
        ),
    ),
]
BrowserOption = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")
]


@dataclass(frozen=True)
class FormDoor:
    """Where the form is to be found, and whether the browser is opened at once."""

    port: int | None = None
    own_name: bool = True
    open_browser: bool = True


def say(line: Said) -> None:
    """A line on stderr, at once."""
    print_notice(in_terminal(line))


class _Door(Protocol):
    def new_link(self, landing: str = "/") -> str: ...


def tell_address(output: Output, landing: str = "/") -> Callable[[_Door], None]:
    """For programs: where the form is, once it is served. It opens it once, for whoever reads the line."""

    def tell(door: _Door) -> None:
        if output.as_json:
            address: Address = {"schema": "address", "version": 1, "url": door.new_link(landing)}
            output.event(address)

    return tell
