"""The part of the Keys page that looks for forgotten GPUs, and says what it removed."""

from __future__ import annotations

from nicegui import ui

from launcher.services.ending.reap import ReapReport
from launcher.ui.frame import Shell
from launcher.ui.state.sweeps import Sweep
from launcher.ui.widgets.elements import Handler, box, button, card, hint, para, say, waiting
from pod_image.contract.figures import counted, dollars_per_hour


def forgotten_gpus(shell: Shell) -> None:
    sweeps = shell.site.sweeps
    with card("Forgotten GPUs"):
        para(
            f"As soon as you enter a {shell.site.place.title} key, your account is checked for GPUs of this "
            "program whose run is over or overdue, and they are removed. Pods of other programs are not "
            "touched."
        )
        place = box("div", "stack-small").mark("forgotten")
        look = button("Look for forgotten GPUs", symbol="refresh").mark("look-for-forgotten")
        look.when_pressed(_reaping(shell, place))
    shown: list[tuple[bool, int]] = []

    def refresh() -> None:
        can_look = shell.site.can_look(shell.tab)
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
            hint("Not checked yet.")

    refresh()
    with shell.client.content:
        ui.timer(1.0, refresh)


def _reaping(shell: Shell, place: ui.element) -> Handler:
    async def go() -> None:
        place.clear()
        with place:
            waiting("Checking the account…", rows=1)
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
            say("warning", "The account could not be checked", sweep.trouble)
        else:
            _show_reaped(sweep.report)


def _show_reaped(report: ReapReport) -> None:
    if report.skipped:
        say("warning", "Nothing was removed", report.skipped)
        return
    for one in report.released:
        if one.trouble:
            price = dollars_per_hour(one.pod.price_per_hour_usd)
            by_hand = f", or end it at {one.console_address}" if one.console_address else ""
            still = f"It may still be rented, for {price}, though {one.why}."
            todo = f"Look again here{by_hand}."
            title = f"{one.pod.name} could not be removed"
            say("bad", title, f"{one.trouble.rstrip()} {still} {todo}", alert=True)
        else:
            say("good", f"{one.pod.name} was removed", f"Reason: {one.why}.")
    if not report.released:
        kept = len(report.kept)
        say("good", "No forgotten GPUs", f"{kept} of this program may continue." if kept else "")
    for left in report.left_open:
        say("note", f"{left.run.run_id} is still open", left.why)
    if report.secrets_removed:
        say("good", f"{counted(len(report.secrets_removed), 'leftover secret')} removed")
    if report.secrets_trouble:
        say("warning", "There may be leftover secrets", report.secrets_trouble)
    for unseen in report.unseen:
        say("warning", "Not every provider could be checked", unseen)
