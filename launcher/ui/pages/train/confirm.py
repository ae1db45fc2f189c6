"""The last question before money is spent: what, for how much, what happens at the end. One click, one pod."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import asdict

from nicegui import ui

from launcher.domain.agreed import SHOWN_HASH
from launcher.domain.labels import LabelName
from launcher.domain.plan import Plan
from launcher.errors import InvalidRequest
from launcher.recipes import recipe_of
from launcher.services.common.account_words import account_words
from launcher.services.common.boot_budget import boot_budget
from launcher.services.common.places import place_of
from launcher.services.common.run_secrets import handed_over
from launcher.services.launching.naming import checked_labels
from launcher.ui.frame import Shell, show_error
from launcher.ui.state.sessions import Session
from launcher.ui.text import per_hour
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import (
    Button,
    Text,
    attributes,
    box,
    button,
    details,
    facts,
    hint,
    say,
)
from launcher.ui.widgets.inputs import Field
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.figures import about, counted, dollars, roughly, size
from pod_image.contract.results_address import is_folder

FIRST_NEWS_SECONDS = 20.0
"""How long the dialog waits for the launch to name its run before it moves on to the Runs page."""


class ConfirmDialog:
    """The plan is what was checked; its own id makes a second click the same launch."""

    def __init__(self, shell: Shell, session: Session, plan: Plan) -> None:
        self._shell, self._session, self._plan = shell, session, plan
        self._id = secrets.token_hex(8)
        cost = _expected_usd(plan)
        self._dialog = Dialog(f"Rent {plan.offer.gpu_name} and start {plan.run_id}?", wide=True)
        self._dialog.mark("confirm")
        with self._dialog.body:
            self._body()
        with self._dialog.actions:
            self._back = button("Back", self._dialog.hide)
            words = f"Rent and start, {about(cost)}"
            self._go = Button(words, self._launch, kind="primary").mark("rent")

    def show(self) -> None:
        self._dialog.show()

    def _body(self) -> None:
        plan = self._plan
        self._facts()
        self._what_happens()
        if plan.base_licence:
            hint(f"Licence of the base model: {plan.base_licence}.")
        if plan.hash:
            hint(f"Plan {plan.hash[:SHOWN_HASH]}, kept for one hour.").mark("plan-hash")
        with details("The exact requests"):
            for request in plan.requests:
                shown = json.dumps(asdict(request), indent=2, ensure_ascii=False)
                code = Text("pre", shown, "code")
                attributes(code, tabindex="0")
        self._name = Field(
            "run-name",
            "What to call it",
            hint="Optional. You can also name it later.",
            placeholder=plan.run_id,
        )
        self._place = box("div")

    def _facts(self) -> None:
        plan, settings = self._plan, self._plan.settings
        most = roughly(plan.hours_until_capped)
        facts(
            [
                ("GPU", f"{plan.offer.gpu_name}, {per_hour(plan.offer.price_per_hour_usd)}"),
                ("Expected", f"{dollars(_expected_usd(plan))}, {_expected_time(plan)}"),
                ("At most", f"{dollars(plan.worst_case_usd)}, {most}"),
                ("Dataset", ", ".join(one.name for one in chosen_datasets(settings)) or "none"),
                *(
                    ("Also downloaded", f"{one.name}, {size(one.size_bytes)}")
                    for one in plan.inputs
                ),
                ("Results go to", f"{settings.results}/{plan.run_id}"),
                ("Notifications", told(plan)),
                ("If it is unavailable", _others(len(plan.candidates) - 1)),
                ("Account", account_words(plan.account, place_of(settings))),
            ]
        )

    def _what_happens(self) -> None:
        plan, settings = self._plan, self._plan.settings
        with box("ul", "prose"):
            if plan.forced:
                Text("li", f"Ignored in the dataset: {', '.join(plan.forced)}.")
            if plan.makes_results_repo:
                kind = "folder" if is_folder(settings.results) else "private repo"
                Text("li", f"The {kind} {settings.results} is created now.")
            Text(
                "li",
                f"At the end the GPU delivers {_made(plan)} to {_to(plan)}, checks what arrived and removes "
                "itself. The run's page lists anything that did not arrive.",
            )
            Text(
                "li",
                "Keep this program running until the GPU is ready (a few minutes); closing it earlier removes "
                "the GPU. After that you may close the tab or switch off the computer.",
            )
            budget = boot_budget(settings, plan.image_gb)
            late = "GPU" if place_of(settings).is_rented else "run"
            end = "removed" if place_of(settings).is_rented else "ended"
            then = ", and the next one is tried" if len(plan.candidates) > 1 else ""
            Text(
                "li",
                f"A {late} that is not ready after {budget.minutes:g} minutes is {end}{then} ({budget.basis}).",
            )
            Text(
                "li",
                _where_tokens_are(plan),
            )

    async def _launch(self) -> None:
        try:
            labels = checked_labels({LabelName.NAME: str(self._name.value or "")})
        except InvalidRequest as error:
            self._place.clear()
            with self._place:
                show_error(error)
            return
        self._go.lock("Renting the GPU…")
        self._go.label.text = "Renting…"
        self._back.lock("Renting the GPU…")
        site, tab = self._shell.site, self._shell.tab
        held = site.vault.held(tab)
        job = site.live.launches.begin(
            self._id, self._plan, self._session.keys, lambda: site.vault.lease(held), labels
        )
        settings = self._plan.settings
        site.prefer(
            last_dataset_repo=settings.dataset_repo,
            last_results_repo=settings.results,
            last_preset=self._plan.composed.preset or site.preferences.last_preset,
        )
        try:
            async with asyncio.timeout(FIRST_NEWS_SECONDS):
                await job.has_run.wait()
        except TimeoutError:
            pass
        if job.run is not None:
            ui.navigate.to(f"/runs/{job.run.nonce}")
        elif job.error is not None:
            self._failed(job.error)
        else:
            ui.navigate.to("/runs")

    def _failed(self, error: Exception) -> None:
        self._place.clear()
        with self._place:
            show_error(error)  # type: ignore[arg-type]
            say("note", "Nothing was rented", "Go back, fix it and check again.")
        self._back.lock(None)
        self._go.label.text = "Rent and start"


def _to(plan: Plan) -> str:
    return "that folder" if is_folder(plan.settings.results) else "Hugging Face"


def _made(plan: Plan) -> str:
    """What the run is for."""
    result = recipe_of(plan.settings).shown.result
    return f"the {result.name}" if result else "the results"


def told(plan: Plan) -> str:
    """Where the person is told of the run, and whether anybody has to stay for that."""
    here = ", ".join(each for each in plan.told_here if each not in plan.told_from_pod)
    ways = [
        f"{', '.join(plan.told_from_pod)}, from the GPU" if plan.told_from_pod else "",
        f"{here}, while this program runs" if here else "",
    ]
    return "; ".join(filter(None, ways)) or "none while this computer is off"


def _where_tokens_are(plan: Plan) -> str:
    place = place_of(plan.settings)
    if plan.secrets_in_plain:
        return f"{_tokens(plan)} can be read in the pod's definition while it lives."
    if not _tokens(plan):
        return "No token is sent with the run."
    if not place.is_rented:
        return f"{_tokens(plan)} go to the run's first process on {place.title}, and into no file."
    if not place.keeps_secrets:
        return f"{_tokens(plan)} are sent with the run as its secrets; {place.title} shows them to nobody."
    return (
        f"{_tokens(plan)} are stored as secrets in your {place.title} account while the run lasts."
    )


def _tokens(plan: Plan) -> str:
    handed = handed_over(plan.settings, plan.secrets, plan.told_from_pod)
    return handed[:1].upper() + handed[1:]


def _others(number: int) -> str:
    if not number:
        return "nothing is rented"
    return f"{counted(number, 'other is', 'others are')} tried"


def _expected_usd(plan: Plan) -> float:
    if plan.estimate is None:
        return plan.worst_case_usd
    return min(plan.estimate.cost_usd, plan.worst_case_usd)


def _expected_time(plan: Plan) -> str:
    if plan.estimate is None:
        return "time unknown"
    return "about " + roughly(min(plan.estimate.hours, plan.hours_until_capped))
