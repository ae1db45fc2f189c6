"""What a person does on a page of the form, by NiceGUI's simulated user."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from nicegui import ElementFilter, events, ui
from nicegui.testing import User

from launcher.stores.secrets import KeyName, NotifyAddresses
from launcher.ui.widgets.elements import Button
from launcher.ui.widgets.inputs import Field, SecretField

T = TypeVar("T", bound=ui.element)


def only(user: User, kind: type[T], marker: str) -> T:
    (found,) = user.find(kind=kind, marker=marker).elements
    return found


def even_hidden(user: User, kind: type[T], marker: str) -> T:
    """The same of one that may be folded away."""
    with user:
        (found,) = ElementFilter(kind=kind, marker=marker, only_visible=False)
    return found


def value_of(user: User, name: str) -> str:
    """What stands in one of our fields, wherever it hides."""
    return str(even_hidden(user, Field, f"field-{name}").value)


def tell(user: User, element: ui.element, event: str, value: str) -> None:
    """What the element's own script reports of what a person did in it."""
    with user:
        for listener in list(element._event_listeners.values()):
            if listener.type == event:
                heard = events.GenericEventArguments(
                    sender=element, client=user._client, args=value
                )
                events.handle_event(listener.handler, heard)


def enter(user: User, name: str, value: object) -> None:
    """Type into one of our fields, as its component reports it."""
    user.find(kind=Field, marker=f"field-{name}").trigger("commit", value)


def use_key(user: User, name: KeyName | NotifyAddresses, value: str) -> None:
    with user:
        for one in ElementFilter(kind=SecretField, marker=f"secret-{name.value}"):
            arguments = events.GenericEventArguments(sender=one, client=user._client, args=value)
            events.handle_event(one._received, arguments)


async def visit(user: User, path: str) -> None:
    """Open a page and wait until it is drawn."""
    await user.open(path)
    await drawn(user)


async def drawn(user: User) -> None:
    """Until the page that is open, such as after a reload, is drawn."""
    await until(lambda: "aria-busy" not in only(user, ui.element, "page").props)


def press(user: User, button: Button) -> None:
    with user:
        for listener in list(button._event_listeners.values()):
            arguments = events.GenericEventArguments(sender=button, client=user._client, args=None)
            events.handle_event(listener.handler, arguments)


def click(user: User, words: str) -> None:
    """Press the button of these words; a click on its text would not bubble up in the simulation."""
    press(user, next(one for one in user.find(kind=Button).elements if one.label.text == words))


async def until(holds: Callable[[], bool]) -> None:
    """Let background work of the page get on until something holds."""
    for _ in range(3_000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to hold")


def hrefs(user: User) -> set[str]:
    with user:
        return {
            str(one.props["href"]) for one in ElementFilter(kind=ui.element) if "href" in one.props
        }
