"""Keys: enter, check and forget them. What is typed is held in memory for this tab alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from nicegui import ui
from pydantic import SecretStr

from launcher.errors import LauncherError
from launcher.providers.registry import all_places
from launcher.services.account.key_check import KeyCheck, KeyState, check_key, shape_problem
from launcher.services.common.place_key import place_key
from launcher.services.ending.reap import ReapReport
from launcher.stores.secrets import (
    NOTIFY,
    KeyName,
    Keys,
    KeySource,
    KeyStore,
    find_addresses,
    find_keys,
    keys_among,
)
from launcher.ui.frame import Shell, page, what_to_do
from launcher.ui.next_steps import on_page
from launcher.ui.pages.keys.told import TITLE, ToldSection
from launcher.ui.state.site import Site
from launcher.ui.state.sweeps import Sweep
from launcher.ui.widgets.elements import (
    Handler,
    Text,
    badge,
    box,
    button,
    card,
    details,
    heading,
    hint,
    link,
    notice,
    para,
    say,
    waiting,
)
from launcher.ui.widgets.inputs import SecretField
from pod_image.contract.next_steps import joined

CHECK_SECONDS = 30.0


@dataclass(frozen=True)
class _KeyText:
    title: str
    why: str
    placeholder: str
    how: tuple[str, ...]
    where: str
    place: str


_HUB_TEXT = {
    KeyName.HF_DATASET: _KeyText(
        "Hugging Face token to read",
        "Lets the GPU fetch your dataset.",
        "hf_…",
        (
            "Sign up at Hugging Face; it is free.",
            "Open Settings, then Access Tokens, and create a token of the kind “Read”.",
            "Or a fine-grained one that may read the dataset's repo alone.",
        ),
        "https://huggingface.co/settings/tokens",
        "Open Hugging Face's access tokens",
    ),
    KeyName.HF_UPLOAD: _KeyText(
        "Hugging Face token to write",
        "Lets the GPU put the finished voice into your repo.",
        "hf_…",
        (
            "On the same page create a fine-grained token.",
            "Give it “Write” on the results repo, or on your own account if the repo does not exist yet.",
            "A token of the kind “Write” works too, but can change everything you have there.",
        ),
        "https://huggingface.co/settings/tokens",
        "Open Hugging Face's access tokens",
    ),
}


def _key_text(name: KeyName) -> _KeyText:
    if name in _HUB_TEXT:
        return _HUB_TEXT[name]
    key = next(place.key for place in all_places() if place_key(place) is name)
    assert key is not None
    return _KeyText(key.title, key.why, key.example, key.steps, key.page, key.page_title)


_TONES = {
    KeyState.WORKS: "good",
    KeyState.TOO_WIDE: "warning",
    KeyState.REFUSED: "bad",
    KeyState.NO_RIGHT: "bad",
    KeyState.UNREACHABLE: "warning",
    KeyState.WRONG_SHAPE: "bad",
}
_TITLES = {
    KeyState.WORKS: "Works",
    KeyState.TOO_WIDE: "Works, and may do more than it needs to",
    KeyState.REFUSED: "Refused",
    KeyState.NO_RIGHT: "Not enough rights",
    KeyState.UNREACHABLE: "Could not be checked",
    KeyState.WRONG_SHAPE: "Not a key",
}


def register(site: Site) -> None:
    page(
        site,
        "/keys",
        "Keys",
        _build,
        lead="Held in this program's memory, for this tab and for those that you let in. Ten seconds after "
        "the last of them closes they are forgotten.",
    )


async def _build(shell: Shell) -> None:
    ready = box("div", "stack-small").mark("key-offers")
    rows = [_KeyRow(shell, name) for name in KeyName]
    told = ToldSection(shell)
    with ready:
        _offers(shell, rows, told, ready)
    _about(shell)
    await asyncio.gather(*(row.check_if_held() for row in rows))
    _forgotten_gpus(shell)


class _KeyRow:
    """One key: its field while there is none, its state while there is one."""

    def __init__(self, shell: Shell, name: KeyName) -> None:
        self._shell, self._name, self._key_text = shell, name, _key_text(name)
        with card(classes=f"key-{name.value}") as place:
            with box("div", "row spread"), box("div"):
                heading(2, self._key_text.title)
                hint(self._key_text.why)
            self._state = box("div", "stack-small")
            self._how()
        place.mark(f"key-{name.value}")
        self._draw_field()

    def _how(self) -> None:
        with details("Where do I get this?"):
            with box("ol", "prose"):
                for step in self._key_text.how:
                    Text("li", step)
            with box("p"):
                link(self._key_text.place, self._key_text.where, new_tab=True)

    def _draw_field(self, problem: KeyCheck | None = None) -> None:
        self._state.clear()
        with self._state:
            if problem is not None:
                _show_check(problem)
            SecretField(
                self._key_text.title, self._use, placeholder=self._key_text.placeholder
            ).mark(f"secret-{self._name.value}")

    async def _use(self, secret: SecretStr) -> None:
        problem = shape_problem(self._name, secret.get_secret_value())
        if problem:
            check = KeyCheck(KeyState.WRONG_SHAPE, problem, "Nothing was sent. Copy it again.")
            self._draw_field(check)
            self._shell.announce(problem)
            return
        self._shell.site.vault.put(self._shell.tab, self._name.value, secret)
        await self.check_if_held()

    async def check_if_held(self) -> None:
        vault, tab = self._shell.site.vault, self._shell.tab
        self._shell.show_keys()
        if vault.get(tab, self._name.value) is None:
            return
        self._state.clear()
        with self._state:
            waiting("Asking whether it works…", rows=1)
        check = await _asked(self._shell, self._name)
        if not check.state.is_usable and check.state is not KeyState.UNREACHABLE:
            vault.forget(tab, self._name.value)
            self._draw_field(check)
        else:
            self._draw_held(check)
        self._shell.show_keys()
        self._shell.announce(f"{self._key_text.title}: {on_page(check.sentence)}")

    def _draw_held(self, check: KeyCheck) -> None:
        self._state.clear()
        with self._state:
            _show_check(check)
            with box("div", "row"):
                badge("Held in memory", "good")
                button("Check again", self.check_if_held, symbol="refresh", kind="quiet")
                button(
                    "Forget",
                    self._forget,
                    kind="quiet",
                    symbol="trash",
                    name=f"Forget the {self._key_text.title}",
                )

    def _forget(self) -> None:
        self._shell.site.vault.forget(self._shell.tab, self._name.value)
        self._draw_field()
        self._shell.show_keys()
        self._shell.announce(f"{self._key_text.title}: forgotten.")


async def _asked(shell: Shell, name: KeyName) -> KeyCheck:
    try:
        session = await shell.session()
        async with asyncio.timeout(CHECK_SECONDS):
            return await check_key(session.bench, name)
    except TimeoutError:
        return KeyCheck(KeyState.UNREACHABLE, "There was no answer in 30 seconds.", "Check again.")
    except LauncherError as error:
        return KeyCheck(KeyState.WRONG_SHAPE, error.message, error.hint)


def _show_check(check: KeyCheck) -> None:
    tone = _TONES[check.state]
    text = on_page(joined([check.sentence, check.hint]))
    if check.state is KeyState.WORKS:
        with notice("good", on_page(check.sentence)):
            if check.hint:
                what_to_do(check.hint)
    else:
        say(tone, _TITLES[check.state], text, alert=tone == "bad")  # type: ignore[arg-type]


def _offers(shell: Shell, rows: list[_KeyRow], told: ToldSection, place: ui.element) -> None:
    """Keys that lie ready on this machine are named, and used only after a click."""
    site = shell.site
    found = find_keys(site.environment)
    held = keys_among(site.vault.held(shell.tab))
    ready = [
        name
        for name in KeyName
        if found.sources.get(name) is KeySource.ENVIRONMENT and name.value not in held
    ]
    titles = [_key_text(name).title for name in ready]
    if find_addresses(site.environment) and site.vault.get(shell.tab, NOTIFY.value) is None:
        titles.append(TITLE)
    if titles:
        names = ", ".join(titles)
        with notice("note", "Found in this program's environment", f"{names}."):
            button(
                "Use these",
                lambda: _take(shell, rows, told, _all_in(site.environment), place),
                kind="primary",
            )
    if site.key_store is not None and len(held) < len(KeyName):
        with notice("note", "Keys may also be in this system's keyring"):
            button("Look in the keyring", lambda: _from_keyring(shell, rows, told, place))


def _all_in(environment: Mapping[str, str], store: KeyStore | None = None) -> Keys:
    """The keys that are there, and the addresses."""
    addresses = find_addresses(environment, store)
    return replace(
        find_keys(environment, store), notify=SecretStr(addresses) if addresses else None
    )


async def _from_keyring(
    shell: Shell, rows: list[_KeyRow], told: ToldSection, place: ui.element
) -> None:
    store = shell.site.key_store
    # The keyring may ask the person to unlock it: never on the event loop.
    found = await asyncio.to_thread(_all_in, {}, store)
    if not (found.sources or found.notify):
        with place:
            say("note", "The keyring holds no key of ours.")
        return
    await _take(shell, rows, told, found, place)


async def _take(
    shell: Shell, rows: list[_KeyRow], told: ToldSection, found: Keys, place: ui.element
) -> None:
    for name in found.sources:
        secret = found.get(name)
        if secret is not None:
            shell.site.vault.put(shell.tab, name.value, secret)
    if found.notify is not None:
        await told.use(found.notify)
    place.clear()
    await asyncio.gather(*(row.check_if_held() for row in rows))


def _about(shell: Shell) -> None:
    with card("What happens to a key"):
        with box("ul", "prose"):
            Text(
                "li", f"It is sent to {shell.site.place.title} or Hugging Face, and to nobody else."
            )
            Text(
                "li",
                "It is not written to disk, not shown again, and not in any log. “Forgotten” means "
                "dropped from memory; no program can promise that the bytes are wiped.",
            )
            Text(
                "li",
                "A launch that is under way keeps its own copy until the GPU reports itself ready. "
                "From then on the GPU ends by itself and needs no key of yours.",
            )
        para("To keep keys between sessions, use the keyring: launcher keys set", "hint")


def _forgotten_gpus(shell: Shell) -> None:
    sweeps = shell.site.sweeps
    with card("Forgotten GPUs"):
        para(
            f"As soon as there is a {shell.site.place.title} key, your account is looked through for "
            "GPUs of this program whose run is over or overdue, and they are removed. Pods of other "
            "programs are left alone."
        )
        place = box("div", "stack-small").mark("forgotten")
        look = button("Look for forgotten GPUs", symbol="refresh").mark("look-for-forgotten")
        look.when_pressed(_reaping(shell, place))
    shown: list[tuple[bool, int]] = []

    def refresh() -> None:
        can_look = shell.site.can_rent(shell.tab)
        if shown == [(can_look, sweeps.version)]:
            return
        shown[:] = [(can_look, sweeps.version)]
        look.lock(None if can_look else f"Enter the {shell.site.place.title} key first.")
        if can_look and sweeps.last is not None:
            _show_sweep(sweeps.last, place)
            return
        # What another tab's key has shown, or the environment's, is no word on the account of this one.
        place.clear()
        with place:
            hint("Not looked yet.")

    refresh()
    with shell.client.content:
        ui.timer(1.0, refresh)


def _reaping(shell: Shell, place: ui.element) -> Handler:
    async def go() -> None:
        place.clear()
        with place:
            waiting("Looking through the account…", rows=1)
        session = await shell.session()
        sweeps = shell.site.sweeps
        await sweeps.sweep(session.bench)
        if sweeps.last is not None:
            _show_sweep(sweeps.last, place)

    return go


def _show_sweep(sweep: Sweep, place: ui.element) -> None:
    place.clear()
    with place:
        if sweep.report is None:
            say("warning", "The account could not be looked through", sweep.trouble)
        else:
            _show_reaped(sweep.report)


def _show_reaped(report: ReapReport) -> None:
    if report.skipped:
        say("warning", "Nothing was removed", report.skipped)
        return
    for one in report.released:
        if one.trouble:
            say("bad", f"{one.pod.name} could not be removed", one.trouble, alert=True)
        else:
            say("good", f"{one.pod.name} was removed", f"Why: {one.why}.")
    if not report.released:
        kept = len(report.kept)
        say("good", "No forgotten GPU", f"{kept} of ours may go on." if kept else "")
    for left in report.left_open:
        say("note", f"{left.run.run_id} stays open here", left.why)
    if report.secrets_removed:
        say("good", f"{len(report.secrets_removed)} leftover secrets were removed")
    if report.secrets_trouble:
        say("warning", "There may be leftover secrets", report.secrets_trouble)
    for unseen in report.unseen:
        say("warning", "Not every place could be looked at", unseen)
