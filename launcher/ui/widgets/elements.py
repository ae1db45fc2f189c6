"""Plain HTML as NiceGUI elements: headings, buttons, links, notices, tables. No state and no services."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from launcher.ui.widgets.icons import svg

STILL_SECONDS = 10.0
"""After which a wait is said to go on; requests give up by their own limits."""
Tone = Literal["note", "good", "warning", "bad"]
Handler = Callable[[], Awaitable[None] | None]
_TONE_ICONS: dict[str, str] = {
    "note": "note",
    "good": "check",
    "warning": "warning",
    "bad": "warning",
}


class Text(TextElement):
    """An element whose content is text; `text` may be set at any time."""

    def __init__(self, tag: str, text: str = "", classes: str = "") -> None:
        super().__init__(tag=tag, text=text)
        if classes:
            self.classes(classes)


def attributes(element: ui.element, **values: str | bool | None) -> None:
    """Set HTML attributes; underscores stand for hyphens, None and False remove one."""
    for key, value in values.items():
        name = key.rstrip("_").replace("_", "-")
        if value is None or value is False:
            element.props.pop(name, None)
        else:
            element.props[name] = value
    element.update()


def box(tag: str = "div", classes: str = "", **values: str | bool | None) -> ui.element:
    element = ui.element(tag)
    if classes:
        element.classes(classes)
    if values:
        attributes(element, **values)
    return element


def heading(level: int, text: str, classes: str = "") -> Text:
    return Text(f"h{level}", text, classes)


def para(text: str, classes: str = "") -> Text:
    return Text("p", text, classes)


def hint(text: str) -> Text:
    return Text("p", text, "hint")


def icon(name: str, size: int = 20) -> ui.html:
    return ui.html(svg(name, size), sanitize=False, tag="span").classes("icon-box")


class Button(ui.element):
    """A real button: a verb, perhaps an icon. `lock` says why it cannot be pressed now."""

    def __init__(
        self,
        text: str,
        on_click: Handler | None = None,
        *,
        kind: Literal["plain", "primary", "danger", "quiet"] = "plain",
        symbol: str = "",
        name: str = "",
    ) -> None:
        super().__init__("button")
        self.classes("btn" if kind == "plain" else f"btn btn-{kind}")
        self.props["type"] = "button"
        with self:
            if symbol:
                icon(symbol, 18)
            self.label = Text("span", text)
        if name:
            self.props["aria-label"] = name
        self.locked = False
        self._handler: Handler | None = None
        if on_click is not None:
            self.when_pressed(on_click)

    def when_pressed(self, handler: Handler) -> None:
        self._handler = handler
        self.on("click", lambda: self.press())

    def press(self) -> Awaitable[None] | None:
        """Do what a click does; nothing while it is locked."""
        return None if self.locked or self._handler is None else self._handler()

    def lock(self, reason: str | None) -> None:
        """Lock with the reason (shown to pointer and screen reader), or free with None.

        `aria-disabled` and not `disabled`: the button keeps the focus and can say why.
        """
        self.locked = reason is not None
        attributes(self, aria_disabled="true" if self.locked else None, title=reason)


def button(text: str, on_click: Handler | None = None, **options: Any) -> Button:
    return Button(text, on_click, **options)


def link(
    text: str, href: str, classes: str = "", *, symbol: str = "", new_tab: bool = False
) -> ui.element:
    """A link within these pages, or to another place with `new_tab`."""
    anchor = box("a", classes, href=href)
    if new_tab:
        attributes(anchor, target="_blank", rel="noopener noreferrer")
    with anchor:
        if symbol:
            icon(symbol, 18)
        Text("span", text)
        if new_tab:
            Text("span", " (opens in a new tab)", "sr-only")
    return anchor


def button_link(text: str, href: str, *, primary: bool = False, symbol: str = "") -> ui.element:
    return link(text, href, "btn btn-primary" if primary else "btn", symbol=symbol)


@contextmanager
def card(title: str = "", *, level: int = 2, classes: str = "") -> Iterator[ui.element]:
    section = box("section", f"card {classes}")
    with section:
        if title:
            heading(level, title, "card-title")
        yield section


@contextmanager
def row(classes: str = "") -> Iterator[ui.element]:
    element = box("div", f"row {classes}")
    with element:
        yield element


@contextmanager
def notice(tone: Tone, title: str, text: str = "", *, alert: bool = False) -> Iterator[ui.element]:
    """What happened, in words and colour; put what to do about it inside."""
    element = box("div", f"notice notice-{tone}", role="alert" if alert else None)
    with element:
        icon(_TONE_ICONS[tone])
        with box("div", "notice-body"):
            if title:
                Text("p", title, "notice-title")
            if text:
                para(text)
            yield element


def say(tone: Tone, title: str, text: str = "", *, alert: bool = False) -> None:
    """A notice without anything inside."""
    with notice(tone, title, text, alert=alert):
        pass


def badge(text: str, tone: str = "plain") -> Text:
    return Text("span", text, f"badge badge-{tone}")


@contextmanager
def empty_state(title: str, text: str) -> Iterator[None]:
    """Nothing here yet: one sentence why, and (inside) one next step."""
    with box("div", "empty"):
        heading(2, title)
        para(text)
        with box("div", "row center"):
            yield


def waiting(text: str, rows: int = 3, *, still_seconds: float = STILL_SECONDS) -> ui.element:
    """The shape of what is coming, while it is asked for; after `still_seconds` it says that it still waits."""
    element = box("div", "waiting")
    with element:
        words = Text("p", text, "hint")
        words.props["role"] = "status"
        ui.timer(still_seconds, lambda: words.set_text(f"{text} Still waiting."), once=True)
        for _ in range(rows):
            box("div", "skeleton", aria_hidden="true")
    return element


def table(
    caption: str, columns: Sequence[str], numeric: Sequence[int] = (), classes: str = ""
) -> ui.element:
    """A table with a hidden caption; returns its body. Rows go in with `table_row`."""
    with (
        box("div", f"table-box {classes}", tabindex="0", role="region", aria_label=caption),
        box("table"),
    ):
        Text("caption", caption, "sr-only")
        with box("thead"), box("tr"):
            for number, column in enumerate(columns):
                if not column:  # a column of buttons needs no name, and an empty th is a riddle
                    box("td")
                    continue
                cell = Text("th", column, "number" if number in numeric else "")
                attributes(cell, scope="col")
        return box("tbody")


@contextmanager
def details(summary: str, *, is_open: bool = False, marker: str = "") -> Iterator[ui.element]:
    element = box("details", "more", open="" if is_open else None)
    if marker:
        element.mark(marker)
    with element:
        Text("summary", summary)
        yield element


def facts(pairs: Sequence[tuple[str, str]], classes: str = "") -> ui.element:
    """Names and values as a description list."""
    listing = box("dl", f"facts {classes}")
    with listing:
        for name, value in pairs:
            with box("div"):
                Text("dt", name)
                Text("dd", value)
    return listing
