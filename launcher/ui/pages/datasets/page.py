"""Datasets: those on this computer, and the way from recordings to a repo that a run can read."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import FastAPI
from nicegui import ui

from launcher.domain.advice import GOOD, LEAST
from launcher.errors import LauncherError
from launcher.services import datasets
from launcher.ui.frame import Shell, page, show_error
from launcher.ui.pages.datasets.builder import draw_builder
from launcher.ui.pages.datasets.routes import register_clips
from launcher.ui.pages.datasets.uploads import register_uploads
from launcher.ui.state.site import Site
from launcher.ui.text import when
from launcher.ui.widgets.elements import (
    Text,
    badge,
    box,
    button,
    button_link,
    card,
    hint,
    link,
    para,
    table,
)
from launcher.ui.widgets.inputs import Field
from launcher.workshop.library import Summary
from launcher.workshop.names import checked_name
from launcher.workshop.report import DatasetReport
from pod_image.contract.figures import counted


def register(site: Site, outer: FastAPI) -> None:
    register_uploads(site, outer)
    register_clips(site, outer)
    page(
        site,
        "/datasets",
        "Datasets",
        _build,
        lead=(
            "Recordings of one voice with their transcripts. Prepare them on this computer and send them to "
            "your own repo on Hugging Face."
        ),
    )
    page(site, "/datasets/{name}", "Dataset", draw_builder, current="/datasets")


async def _build(shell: Shell) -> None:
    found = await datasets.kept(shell.site.config)
    _new(is_first=not found)
    if found:
        _listing(shell, found)
    _on_the_hub(shell)


def _new(*, is_first: bool) -> None:
    with card("Start your first dataset" if is_first else "New dataset"):
        if is_first:
            para(
                f"You need recordings of one person, at least {LEAST}, better {GOOD}, and their transcripts. "
                "Any audio or video file works; long ones are cut at pauses."
            )
        place = box("div")

        def go(to: str) -> None:
            place.clear()
            try:
                name = checked_name(str(entry.value).strip())
            except LauncherError as error:
                with place:
                    show_error(error)
                return
            entry.used()
            ui.navigate.to(f"/{to}/{name}")

        with box("div", "row align-end"):
            entry = Field("dataset-name", "Name of the dataset", placeholder="my-voice")
            make = button("Create", lambda: go("datasets"), kind="primary", symbol="plus")
            make.mark("make")
            entry.enters(make)
            button("Record", lambda: go("record"), symbol="voice").mark("record")
        hint("No recordings yet? Read sentences aloud, one at a time.")


def _listing(shell: Shell, found: list[Summary]) -> None:
    columns = ("Name", "Clips", "Minutes", "State", "Changed", "")
    now = shell.site.clock.now()
    with (
        card("On this computer"),
        table("Datasets on this computer", columns, numeric=(1, 2)),
    ):
        for one in found:
            with box("tr"):
                with box("td"):
                    link(one.name, f"/datasets/{one.name}")
                Text("td", f"{one.clips:,}", "number")
                Text("td", f"{one.minutes:.1f}", "number")
                with box("td"):
                    if one.damage:
                        badge(one.damage, "bad")
                    elif not one.clips:
                        badge("no clips yet")
                    elif one.untyped:
                        badge(f"{counted(one.untyped, 'clip')} without transcript", "warning")
                    else:
                        badge("all clips transcribed", "good")
                    if one.name in shell.site.reports:
                        badge(_checked(shell.site.reports[one.name]))
                Text("td", when(datetime.fromtimestamp(one.updated_at, UTC), now))
                with box("td"), box("div", "row"):
                    opened = button_link("Open", f"/datasets/{one.name}")
                    opened.props["aria-label"] = f"Open {one.name}"
                    clips = button_link("Clips", f"/datasets/{one.name}/clips")
                    clips.props["aria-label"] = f"Clips of {one.name}"


def _checked(report: DatasetReport) -> str:
    errors = len(report.errors)
    return f"checked, {counted(errors, 'error')}" if errors else "checked"


def _on_the_hub(shell: Shell) -> None:
    last = shell.site.preferences.last_dataset_repo
    with card("Already on Hugging Face?"):
        hint("Enter the repo on the Train page. It is checked before anything is rented.")
        with box("div", "row"):
            if last:
                button_link(f"Train with {last}", f"/train?dataset={last}", primary=True)
            else:
                button_link("Go to Train", "/train", symbol="train")
