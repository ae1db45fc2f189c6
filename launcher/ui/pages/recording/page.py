"""Recording: sentences read aloud one by one, each to a clip of a dataset, with the browser's own microphone."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI
from nicegui import ui

from launcher.prompts.sets import LANGUAGES
from launcher.services import recording
from launcher.ui.frame import Shell, page
from launcher.ui.pages.recording.choice import draw_choice
from launcher.ui.pages.recording.recorder import Recorder, limits
from launcher.ui.pages.recording.routes import folder_of, register_takes, takes_url
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import box, button_link, card, details, hint
from launcher.workshop.recording.reading import Reading, prompt_key


def register(site: Site, outer: FastAPI) -> None:
    register_takes(site, outer)
    page(
        site,
        "/record/{name}",
        "Record",
        _build,
        lead="Read one sentence at a time. Each becomes a clip with its transcript, only on this computer.",
        current="/datasets",
    )


async def _build(shell: Shell, name: str) -> None:
    folder = folder_of(shell.site, name)
    shell.title(f"Record {name}")
    reading = await recording.read(folder)

    def reload() -> None:
        ui.navigate.to(f"/record/{quote(name)}")

    if reading is None:
        draw_choice(shell, name, folder, begun=reload)
        return
    seconds = await recording.lengths(folder, reading)
    Recorder(
        base=takes_url(quote(name)),
        name=name,
        language=reading.language.replace("_", "-"),
        sentences=[{"key": prompt_key(text), "text": text} for text in reading.prompts],
        takes={key: {"seconds": length} for key, length in seconds.items()},
        replaced=sorted(reading.replaced),
        skipped=sorted(reading.skipped),
        at=reading.at,
        limits=limits(),
    )
    _after(shell, name, reading)
    with details("Read other sentences", marker="other-sentences"):
        hint("Your takes are kept. Sentences that are in both lists need not be read again.")
        draw_choice(shell, name, folder, begun=reload, level=3)


def _after(shell: Shell, name: str, reading: Reading) -> None:
    ours = LANGUAGES.get(reading.language[:2].lower())
    what = (
        f"our sentences, {ours.name}"
        if reading.source == recording.OURS and ours
        else reading.source
    )
    with card("When you have read enough"):
        hint(f"Sentences: {what}.")
        if reading.source == recording.OURS:
            hint(
                "The sentences are ordered so that new pairs of sounds come early. You can stop at any point; "
                "the more you read, the better the voice."
            )
        with box("div", "row"):
            if name in shell.site.recording_folders:
                hint(f"The clips and their table are in {shell.site.recording_folders[name]}.")
            else:
                button_link("Listen, correct and check", f"/datasets/{quote(name)}", symbol="check")
