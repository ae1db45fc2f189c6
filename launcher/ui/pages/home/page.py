"""Home: the checklist of a first run, or what is going on and what was done last."""

from __future__ import annotations

from nicegui import ui

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.stores.secrets import keys_among
from launcher.ui.frame import Shell, page
from launcher.ui.pages.home.checklist import ChecklistStep, Standing, StepState, checklist
from launcher.ui.state.rented_row import rented_now
from launcher.ui.state.site import Site
from launcher.ui.text import when
from launcher.ui.widgets.elements import (
    Text,
    attributes,
    badge,
    box,
    button_link,
    card,
    heading,
    hint,
    icon,
    link,
    para,
)
from launcher.ui.widgets.run_state import state_badge
from pod_image.contract.figures import about, dollars

LAST_RUNS = 5


def register(site: Site) -> None:
    page(
        site,
        "/",
        "From recordings to a voice",
        _build,
        lead=(
            "Rent a GPU for one training run, listen while it trains, keep the voice. At the end the GPU is "
            "removed automatically."
        ),
    )


async def _build(shell: Shell) -> None:
    runs = shell.site.history.runs(limit=50)
    with box("div", "stack"):
        if any(run.state.may_have_pod for run in runs):
            await _running(shell, [run for run in runs if run.state.may_have_pod])
        if not any(run.end_reason is not None and run.end_reason.is_success for run in runs):
            await _first_steps(shell, runs)
        if runs:
            _last_runs(shell, [run for run in runs if not run.state.may_have_pod][:LAST_RUNS])
        else:
            _first_try(shell.site)


async def _standing(shell: Shell, runs: list[Run]) -> Standing:
    from launcher.services import datasets

    draft = shell.site.drafts.of(shell.tab)
    is_named = bool(shell.site.preferences.last_dataset_repo or draft.given.get("dataset_repo"))
    found = await datasets.kept(shell.site.config)
    return Standing(
        keys_held=len(keys_among(shell.site.vault.held(shell.tab))),
        datasets=len(found) + is_named,
        settings_ready=draft.touched,
        runs=len(runs),
    )


async def _first_steps(shell: Shell, runs: list[Run]) -> None:
    standing = await _standing(shell, runs)
    with card("Your first voice"), box("ol", "steps"):
        for number, step in enumerate(checklist(standing), start=1):
            _checklist_step(number, step)


def _checklist_step(number: int, step: ChecklistStep) -> None:
    with box("li", f"step step-{step.state}"):
        with box("span", "step-mark", aria_hidden="true"):
            if step.state is StepState.DONE:
                icon("check", 16)
            else:
                Text("span", str(number))
        with box("div", "step-body"):
            heading(3, step.title)
            hint(step.text)
        with box("div", "step-side"):
            if step.state is StepState.DONE:
                badge("Done", "good")
            button = button_link(step.action, step.href, primary=step.state is StepState.NOW)
            attributes(button, aria_label=f"{step.action}: {step.title}")


async def _running(shell: Shell, runs: list[Run]) -> None:
    heading(2, "Running now")
    with box("div", "grid-2"):
        for run in runs:
            _running_card(shell, run, await shell.site.live.open_view(run))


def _running_card(shell: Shell, run: Run, view: RunView) -> None:
    with box("a", "card card-link", href=f"/runs/{run.nonce}"):
        with box("div", "row spread"):
            heading(3, run.run_id)
            state_badge(run)
        now = para("")
        problem = para("", "error-text")
        money = hint("")

    def refresh() -> None:
        rented = rented_now(shell.site.live, shell.site.clock.now())
        row = next((row for row in rented if row.run.nonce == run.nonce), None)
        wrong = row.problem if row is not None else ""
        ends = f"ends by itself, costs {dollars(run.most_usd)} at most"
        if row is not None and wrong:  # of such a one nobody can promise that
            ends = f"{about(row.cost_usd)} so far"
        money.text = f"{run.gpu_name} · {ends}"
        problem.text = f"{wrong[:1].upper()}{wrong[1:]}." if wrong else ""
        problem.set_visibility(bool(wrong))
        if view.picture.step is not None:
            total = (
                f" of {view.picture.step.total_steps:,}" if view.picture.step.total_steps else ""
            )
            now.text = f"Step {view.picture.step.step:,}{total}"
        elif view.picture.phase is not None:
            now.text = f"Phase: {view.picture.phase}"
        else:
            now.text = "Waiting for the GPU"

    refresh()
    ui.timer(1.0, refresh)


def _last_runs(shell: Shell, runs: list[Run]) -> None:
    if not runs:
        return
    now = shell.site.clock.now()
    with card("Recent runs"):
        with box("ul", "steps"):
            for run in runs:
                with box("li", "step"):
                    with box("div", "step-body"):
                        link(run.run_id, f"/runs/{run.nonce}")
                        hint(f"{run.results_repo} · {when(run.planned_at, now)}")
                    with box("div", "step-side"):
                        Text("span", dollars(run.known_cost_usd))
                        state_badge(run)
        with box("div", "row"):
            button_link("Train a voice", "/train", primary=True, symbol="train")
            button_link("All runs", "/runs")


def _first_try(site: Site) -> None:
    from launcher.presets import find_preset

    quick = find_preset(site.config, "quick-check")
    with box("div", "grid-2"):
        with card("What it costs"):
            para(
                f"You pay {site.place.title} {site.place.prices}. The run always ends at the caps that you set."
            )
            hint(
                f"The preset “{quick.title}” tests every step in minutes and costs "
                f"{dollars(float(quick.values['max_cost_usd']))} at most."
            )
        with card("What leaves this computer"):
            para(
                "Your recordings and the finished voice are stored in your own repos on Hugging Face. The keys "
                f"go only to {site.place.title} and Hugging Face. We run no server."
            )
            link("How keys are kept", "/help?topic=privacy")
