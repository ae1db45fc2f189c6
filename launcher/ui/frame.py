"""What every page has: header, Rented now, the place for the page, a voice for screen readers."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from nicegui import Client, background_tasks, context, ui

from launcher.errors import LauncherError
from launcher.stores.secrets import USUAL_KEYS, keys_among
from launcher.ui.next_steps import on_page, on_page_with_links
from launcher.ui.server.guard import ARRIVED
from launcher.ui.state.kept_keys import use_what_is_kept
from launcher.ui.state.sessions import Session
from launcher.ui.state.site import Site
from launcher.ui.text import below_import_path
from launcher.ui.theme import Theme
from launcher.ui.widgets.bell import Bell
from launcher.ui.widgets.elements import (
    Text,
    attributes,
    badge,
    box,
    button,
    details,
    heading,
    icon,
    link,
    notice,
    para,
)
from launcher.ui.widgets.key_sharing import KeySharing
from launcher.ui.widgets.rented_strip import RentedStrip
from pod_image.contract.next_steps import Link, Said

NAVIGATION = (
    ("Home", "/", "home"),
    ("Datasets", "/datasets", "dataset"),
    ("Train", "/train", "train"),
    ("Runs", "/runs", "runs"),
    ("Try the voice", "/voice", "voice"),
    ("Help", "/help", "help"),
)


@dataclass
class Shell:
    """One open page: where it draws and what it stands on."""

    site: Site
    client: Client
    tab: str
    content: ui.element
    status: Text
    key_chip: ui.element
    heading: Text
    beside_heading: ui.element
    """A place at the right of the heading, for the parts of a page."""
    skips: ui.element

    def title(self, text: str) -> None:
        """Rename the page: its heading and the browser's tab."""
        self.heading.text = text
        ui.page_title(f"{text} · Pod Launcher")

    def skip_to(self, words: str, target: str) -> None:
        """A further link for the keyboard, beside the one to the page; `target` is the id of an element there."""
        with self.skips, box("a", "skip", href=f"#{target}"):
            Text("span", words)

    async def session(self) -> Session:
        return await self.site.sessions.of(self.tab)

    def announce(self, text: str) -> None:
        """Say it to screen readers, politely; nothing is shown."""
        self.status.text = text

    def show_keys(self) -> None:
        """Bring the header's word on keys up to date."""
        draw_key_chip(self.key_chip, self.site, self.tab)

    async def attempt(self, work: Awaitable[Any], place: ui.element) -> Any:
        """Await the work; what a person can act on is shown in `place`, and None returned."""
        try:
            return await work
        except LauncherError as error:
            place.clear()
            with place:
                show_error(error)
            self.announce(on_page(error.message))
            return None


class _Frame(NamedTuple):
    """What is drawn of a page before its browser is there."""

    content: ui.element
    status: Text
    chip: ui.element
    heading: Text
    beside_heading: ui.element
    sharing: ui.element
    skips: ui.element


Build = Callable[..., Awaitable[None]]


def page(
    site: Site, path: str, title: str, build: Build, *, lead: str = "", current: str = ""
) -> None:
    """Register a page: the frame is drawn at once, `build(shell, **parameters)` once the browser is there."""

    async def show(**parameters: Any) -> None:
        frame = _frame(site, title, lead, current or path)
        client = context.client
        with site.awaited_pages.awaiting(client):
            await client.connected()
        tab = client.tab_id
        if tab is None:
            return
        content = frame.content
        shell = Shell(
            site,
            client,
            tab,
            content,
            frame.status,
            frame.chip,
            frame.heading,
            frame.beside_heading,
            frame.skips,
        )
        _keep_tab(site, client, tab)
        shell.show_keys()
        KeySharing(site, tab, lambda: frame.heading.text, frame.sharing, shell.show_keys)
        client.on_exception(lambda error: _show_bug(shell, error))
        with content:
            if _begins_with_keys(site, client, tab):
                in_background(_use_what_is_kept(site, tab), "keys of this computer")
            try:
                await build(shell, **parameters)
            except LauncherError as error:
                show_error(error)
            except Exception as error:
                _show_bug(shell, error)
                raise
            finally:
                attributes(content, aria_busy=None)

    _register(path, title, show, build)


def _begins_with_keys(site: Site, client: Client, tab: str) -> bool:
    """Whether this is the tab that a launch link has opened, and its person wants the computer's keys there."""
    wants = site.preferences.use_kept_keys and not site.vault.held(tab)
    return wants and bool(client.request.scope.get(ARRIVED))


async def _use_what_is_kept(site: Site, tab: str) -> None:
    if await use_what_is_kept(site, tab):
        ui.navigate.reload()


def _register(path: str, title: str, show: Build, build: Build) -> None:
    """Give `show` the query parameters that `build` declares, so that FastAPI reads them."""
    import inspect

    parameters = list(inspect.signature(build).parameters.values())[1:]
    show.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    show.__annotations__ = {one.name: str for one in parameters}
    ui.page(path, title=f"{title} · Pod Launcher")(show)


def _keep_tab(site: Site, client: Client, tab: str) -> None:
    connection = client.id
    site.vault.connected(tab, connection)
    client.on_connect(lambda: site.vault.connected(tab, connection))

    def left() -> None:
        if not client.has_socket_connection:
            site.vault.disconnected(tab, connection)

    client.on_disconnect(left)


def _frame(site: Site, title: str, lead: str, current: str) -> _Frame:
    client = context.client
    ui.dark_mode(site.preferences.theme.dark)
    with client.layout:
        top = box("div", "top-wrap")
        with top:
            with box("div") as skips, box("a", "skip", href="#content"):
                Text("span", "Skip to the page")
            chip = _header(site, current)
        top.move(client.layout, target_index=0)
    RentedStrip(site)
    sharing = box("div", "sharing", role="status", aria_label="Keys and other tabs")
    sharing.mark("sharing")
    if site.demo:
        with box("div", "demo-note"), box("div", "demo-inner"):
            badge("Demo", "live")
            para(site.demo)
    with box("div", "page"):
        with box("div", "page-head"):
            with box("div"):
                head = heading(1, title)
                if lead:
                    para(lead, "lead")
            beside = box("div", "beside-heading")
        content = box("div", "stack", id="content", tabindex="-1", aria_busy="true")
        content.mark("page")
    status = Text("div", "", "sr-only")
    attributes(status, role="status", aria_live="polite")
    return _Frame(content, status, chip, head, beside, sharing, skips)


def _header(site: Site, current: str) -> ui.element:
    with box("header", "top"), box("div", "top-inner"):
        with box("a", "brand", href="/", tabindex="-1"):  # the same as Home, which stands beside it
            with box("span", "mark"):
                icon("voice", 24)
            Text("span", "Pod Launcher")
        _navigation(current)
        with box("div", "top-side"):
            chip = box("a", "chip", href="/keys")
            with chip:
                icon("key", 16)
                Text("span", "Keys")
            Bell(site)
            _theme_pick(site)
            _menu_button()
    return chip


def _navigation(current: str) -> None:
    with box("nav", "nav", aria_label="Pages", id="pages"):
        for word, href, symbol in NAVIGATION:
            anchor = link(word, href, symbol=symbol)
            is_current = current == href or (href != "/" and current.startswith(href))
            attributes(anchor, aria_current="page" if is_current else None)


def _menu_button() -> None:
    menu = button("Menu", symbol="menu").classes("menu-button")
    attributes(menu, aria_expanded="false", aria_controls="pages")
    menu.on(
        "click",
        js_handler="(e) => { const open = document.getElementById('pages').classList.toggle('open');"
        " e.currentTarget.setAttribute('aria-expanded', String(open)); }",
    )


def _theme_pick(site: Site) -> None:
    pick = box("select", "theme-pick", aria_label="Colour theme").mark("theme")
    with pick:
        for theme in Theme:
            option = Text("option", theme.value.capitalize())
            selected = "" if theme is site.preferences.theme else None
            attributes(option, value=theme.value, selected=selected)

    def chosen(event: Any) -> None:
        theme = Theme(str(event.args))
        site.prefer(theme=theme)
        ui.dark_mode(theme.dark)

    pick.on("change", chosen, js_handler="(e) => emit(e.target.value)")


def draw_key_chip(chip: ui.element, site: Site, tab: str) -> None:
    held = keys_among(site.vault.held(tab))
    chip.clear()
    chip.classes(add="chip-good" if held else "", remove="" if held else "chip-good")
    with chip:
        icon("key", 16)
        if not held:
            Text("span", "No keys")
        else:
            Text("span", f"{len(held)} of {len({*USUAL_KEYS, *held})} keys")


def show_error(error: LauncherError) -> None:
    """What happened and what to do, where the person looks."""
    with notice("bad", on_page(error.message), alert=True):
        if error.hint:
            what_to_do(error.hint, "")


def what_to_do(said: Said, classes: str = "hint") -> None:
    """A hint, with every address in it that is a page of somebody's as a link."""
    pieces = on_page_with_links(said)
    if not any(isinstance(piece, Link) for piece in pieces):
        para("".join(pieces), classes)
        return
    with box("p", classes):
        for piece in pieces:
            if isinstance(piece, Link):
                link(piece.words, piece.address, new_tab=True)
            else:
                Text("span", piece)


def _show_bug(shell: Shell, error: Exception) -> None:
    """An error nobody foresaw: said with its place, never with values."""
    with shell.content, box("div", "stack-small", tabindex="-1") as place:
        if isinstance(error, LauncherError):
            show_error(error)
            said = on_page(error.message)
        else:
            _say_bug(error)
            said = "Something went wrong in this program."
    # It may stand far below what was clicked.
    place.run_method("scrollIntoView", {"block": "center"})
    shell.announce(said)


def _say_bug(error: Exception) -> None:
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    with (
        notice(
            "bad",
            f"Something went wrong in this program ({type(error).__name__}).",
            "Runs that are under way continue and end by themselves. Reload the page. If this happens again, "
            "please report it.",
            alert=True,
        ),
        details("Where it failed"),
    ):
        for one in frames:
            Text("code", f"{below_import_path(one.filename)}, line {one.lineno}, in {one.name}")


def in_background(work: Awaitable[None], name: str) -> None:
    """Run beside the page; an error reaches the page's own handler."""
    background_tasks.create(work, name=name, context=context.client)
