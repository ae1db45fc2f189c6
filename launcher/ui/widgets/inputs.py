"""Inputs of our own and their Python side: a field, a field for keys, a drop zone, a player."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from nicegui import events, ui
from pydantic import SecretStr

from launcher.ui.widgets.elements import Button, attributes

Kind = Literal["text", "number", "select", "choice", "switch", "area"]


class Field(ui.element, component="field.js", dependencies=["typed_text.js"]):
    """One input. `value` is what the server holds; `on_commit` hears each change the person rests on, and answers
    False for one that it could not take.

    What is typed is kept in the browser until `on_commit` has taken it; of a draft, which is what nobody hears of or
    `is_draft`, until `used`. A reload brings it back, and says so. `draft_of` names what the text belongs to, where
    fields of one name belong to several things.
    """

    def __init__(
        self,
        name: str,
        label: str,
        *,
        kind: Kind = "text",
        value: Any = "",
        on_commit: Callable[[Any], object] | None = None,
        is_draft: bool | None = None,
        draft_of: str = "",
        **props: Any,
    ) -> None:
        super().__init__()
        self.mark(f"field-{name}")
        self.name = name
        self._is_draft = on_commit is None if is_draft is None else is_draft
        self._kept = 0
        # Its first waiter is the first to be let in: of two values, the newer is taken last and stands.
        self._in_order = asyncio.Lock()
        self._props.update({"is-draft": self._is_draft, "draft-of": draft_of})
        self._props.update({"name": name, "label": label, "kind": kind, "value": value})
        self.show(**props)
        self._on_commit = on_commit
        self.on("commit", self._committed)

    @property
    def value(self) -> Any:
        return self._props["value"]

    @property
    def error(self) -> str:
        return str(self._props.get("error") or "")

    def show(self, **props: Any) -> None:
        """Change what is shown: value, error, hint, unit, origin, options, disabled; None takes one away."""
        changed = False
        for key, value in props.items():
            name = key.replace("_", "-")
            if self._props.get(name) == value:
                continue
            changed = True
            if value is None:
                self._props.pop(name, None)
            else:
                self._props[name] = value
        if changed:
            self.update()

    def enters(self, button: Button) -> None:
        """Enter in this field presses the button, once the value is here."""
        self.on("enter", lambda: button.press())

    def opened_by(self, button: Button) -> None:
        """The button, drawn in this field, opens its list. Alt and the down arrow do the same in the field, as in every
        combobox; the button itself is no stop of the Tab key.
        """
        self.show(opens=True)
        button.classes(add="field-opener")
        attributes(button, tabindex="-1", title="Alt+↓ in the field", aria_haspopup="dialog")

    def used(self) -> None:
        """What was typed has come to its use: it is no draft any more."""
        self.run_method("forget")

    def _committed(self, event: events.GenericEventArguments) -> Awaitable[None] | None:
        # At once: what comes next, such as a press of Enter, finds the value here.
        self._props["value"] = value = event.args
        taken = None if self._on_commit is None else self._on_commit(value)
        if inspect.isawaitable(taken):
            return self._heard_later(value, taken)
        self._heard(value, taken)
        return None

    async def _heard_later(self, value: Any, taken: Awaitable[object]) -> None:
        async with self._in_order:
            answer = await taken
        self._heard(value, answer)

    def _heard(self, value: Any, taken: object) -> None:
        is_taken = taken is not False and not self.error
        if not is_taken or self._is_draft:
            return
        if self.is_deleted:
            # The page has gone on to another field meanwhile: this one cannot be told, and its text was taken.
            place = f"{self._props['name']}:{self._props['draft-of']}"
            text = "" if value is None else str(value)
            if not self.client.is_deleted:
                self.client.run_javascript(
                    f"window.launcherTextWasTaken?.({json.dumps(place)}, {json.dumps(text)})"
                )
        else:
            # Told anew each time, though it be the same text as before.
            self._kept += 1
            self._props["kept"] = [value, self._kept]
            self.update()


def options(values: Mapping[str, str] | Sequence[str]) -> list[dict[str, str]]:
    """Choices for a select or choice field, from labels by value or from plain values."""
    pairs = values.items() if isinstance(values, Mapping) else ((one, one) for one in values)
    return [{"value": value, "label": label} for value, label in pairs]


class SecretField(ui.element, component="secret_field.js"):
    """A field for one key. What is typed stays in the browser until used, and then comes here once."""

    def __init__(
        self,
        label: str,
        on_secret: Callable[[SecretStr], Awaitable[None] | None],
        *,
        hint: str = "",
        placeholder: str = "",
        action: str = "Use this key",
    ) -> None:
        super().__init__()
        self._props.update(
            {"label": label, "hint": hint, "placeholder": placeholder, "action": action}
        )
        self._on_secret = on_secret
        self.on("secret", self._received)

    def _received(self, event: events.GenericEventArguments) -> Awaitable[None] | None:
        secret = SecretStr(str(event.args))
        event.args = None  # the event object may live on in a traceback
        return self._on_secret(secret)


class DropZone(ui.element, component="drop_zone.js"):
    """Takes files and folders; the browser sends each by its own PUT below `url`.

    `on_sent(is_whole)` hears the end; not whole when something was stopped or lost and can be tried again.
    """

    def __init__(
        self,
        url: str,
        title: str,
        hint: str,
        *,
        accept: str = "",
        on_sent: Callable[[bool], Awaitable[None] | None] | None = None,
    ) -> None:
        super().__init__()
        self._props.update({"url": url, "title": title, "hint": hint, "accept": accept})
        if on_sent is not None:
            self.on("sent", lambda event: on_sent(not event.args.get("lost")))


class Player(ui.element, component="player.js"):
    """One recording; `name` finds it for `play_in_a_row`."""

    def __init__(self, src: str, label: str, *, name: str, seconds: float | None = None) -> None:
        super().__init__()
        self._props.update({"src": src, "label": label, "name": name})
        if seconds is not None:
            self._props["seconds"] = seconds
        self.name = name

    def play_in_a_row(self, names: Sequence[str]) -> None:
        self.run_method("sequence", list(names))
