"""Try the voice: pick one or two, type, hear; spoken on this computer by the Piper runtime."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import FastAPI

from launcher.domain.run import Run
from launcher.services.following.delivered_files import list_results
from launcher.services.voices.delivered import (
    Voice,
    fetch_voice,
    in_use_here,
    local_voices,
    step_of_final,
    voices_among,
)
from launcher.ui.frame import Shell, page
from launcher.ui.pages.voice.listen import SpeakPanel
from launcher.ui.state.site import Site
from launcher.ui.state.spoken_texts import SpokenTexts, register_spoken_texts
from launcher.ui.widgets.elements import (
    Text,
    badge,
    box,
    button,
    button_link,
    card,
    empty_state,
    heading,
    hint,
    say,
    waiting,
)
from pod_image.contract.results_address import name_below
from pod_image.hub import RemoteFile


def register(site: Site, outer: FastAPI) -> None:
    register_spoken_texts(site.spoken_texts, outer)

    async def build(shell: Shell, run: str = "") -> None:
        await _VoicePage(shell, site.spoken_texts).draw(run)

    page(
        site,
        "/voice",
        "Try the voice",
        build,
        lead="Spoken on this computer, free of charge, with the runtime that Home Assistant uses, too.",
    )


class _VoicePage:
    def __init__(self, shell: Shell, spoken_texts: SpokenTexts) -> None:
        self._shell, self._spoken_texts = shell, spoken_texts
        self._root = shell.site.config.results_folder
        self._panel: SpeakPanel | None = None
        self._in_use: set[Path] = set()
        """Voices on this computer that their run uses now, as far as that was looked up."""

    async def draw(self, nonce: str) -> None:
        run = self._shell.site.history.by_nonce(nonce) if nonce else None
        self._fetch_place = box("div", "stack-small")
        if run is not None:
            await self._offer(run)
        self._body = box("div", "stack")
        self._draw_body()

    def _draw_body(self, fetched: Path | None = None) -> None:
        """A panel that is there stays: a text may be typed in it, and what it spoke is below it."""
        voices = {path: self._title(path) for path in local_voices(self._root)}
        if self._panel is not None and voices:
            self._panel.offer(voices, fetched)
            return
        self._body.clear()
        with self._body:
            if voices:
                self._panel = SpeakPanel(self._shell, self._spoken_texts, voices)
            self._more(has_voices=bool(voices))

    def _title(self, path: Path) -> str:
        title = title_of(path.relative_to(self._root))
        return f"{title} (in use)" if path in self._in_use else title

    async def _offer(self, run: Run) -> None:
        """Voices of a run that are not on this computer yet, and which checkpoint's is in use."""
        self._fetch_place.clear()
        with self._fetch_place:
            waiting(f"Looking for the voices of {run.run_id}…", rows=1)
        session = await self._shell.session()
        files: list[RemoteFile] | None = await self._shell.attempt(
            list_results(session.bench, run), self._fetch_place
        )
        if files is None:
            return
        found, step = voices_among(run.run_id, files), step_of_final(run.run_id, files)
        folder = self._root / name_below(run.results_repo) / run.run_id
        self._in_use = await asyncio.to_thread(in_use_here, folder, run.run_id, files)
        self._fetch_place.clear()
        absent = [one for one in found if not (folder / one.path).is_file()]
        with self._fetch_place:
            if step is not None:
                hint(f"The voice of {run.run_id} in use is that of step {step:,}.")
            if not found:
                say(
                    "note",
                    f"{run.run_id} has delivered no voice.",
                    "It is delivered at the end of a run.",
                )
            for voice in absent:
                with card(classes="row spread"):
                    with box("div", "row").mark("absent-voice"):
                        Text("p", f"{run.run_id}: {voice.title} ({voice.name})")
                        if voice.step is None or voice.step == step:
                            badge("in use", "live")
                    self._fetch_button(run, voice)

    def _fetch_button(self, run: Run, voice: Voice) -> None:
        place = box("div")

        async def bring() -> None:
            place.clear()
            with place:
                waiting("Fetching…", rows=0)
            session = await self._shell.session()
            got = await self._shell.attempt(fetch_voice(session.bench, run, voice), place)
            if got is not None:
                await self._offer(run)
                self._draw_body(got)
                self._shell.announce(f"{voice.name} was downloaded.")

        button("Download", bring, kind="primary", symbol="download").mark("bring")

    def _more(self, *, has_voices: bool) -> None:
        runs = [
            run
            for run in self._shell.site.history.runs()
            if run.end_reason is not None and run.end_reason.delivers
        ]
        if not runs:
            if not has_voices:
                with empty_state("No voice yet", "Train one first; then you can try it here."):
                    button_link("Train a voice", "/train", primary=True, symbol="train")
            return
        with card("Voices of your runs"):
            if not has_voices:
                heading(3, "Download a voice to hear it")
            with box("ul", "steps"):
                for run in runs[:10]:
                    with box("li", "step"):
                        with box("div", "step-body"):
                            Text("strong", run.run_id)
                            hint(run.results_repo)
                        with box("div", "step-side"):
                            found = button_link("Voices", f"/voice?run={run.nonce}")
                            found.props["aria-label"] = f"Voices of {run.run_id}"


def title_of(path: Path) -> str:
    """Such as "me/voice · run-01 · step-00000100 · en_US-anna-medium", of a path below the results folder."""
    owner, repo, run_id = (*path.parts[:-1], "", "", "")[:3]
    step = next((part for part in path.parts[:-1] if part.startswith("step-")), "")
    repo_id = "/".join(part for part in (owner, repo) if part)
    return " · ".join(part for part in (repo_id, run_id, step, path.stem) if part)
