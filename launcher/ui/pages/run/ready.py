"""The top of a run's page once the run is over: what it made, and what to do with it; said as far as it was checked."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.domain.run import Run, RunState
from launcher.domain.run_view import RunView
from launcher.recipes import recipe_of_run
from launcher.services.following.delivered_files import Downloaded, download_results
from launcher.services.following.receipts import receipt
from launcher.ui.frame import Shell
from launcher.ui.pages.run.delivered_now import DeliveredNow
from launcher.ui.pages.run.end_words import EndWords, end_words
from launcher.ui.pages.run.ready_voice import VoiceGift
from launcher.ui.pages.run.what_is_there import (
    FoundVoice,
    Left,
    has_checkpoint,
    left_by,
    result_files,
    voice_left,
)
from launcher.ui.widgets.elements import (
    Text,
    Tone,
    box,
    button,
    button_link,
    facts,
    heading,
    icon,
    link,
    para,
    say,
    waiting,
)
from pod_image.contract.figures import counted, dollars, duration, size
from pod_image.contract.outcomes import EndReason
from pod_image.contract.results_address import is_folder
from pod_image.hub import RemoteFile

_SYMBOLS = {"good": "check", "warning": "warning", "bad": "warning", "note": "note"}


class RunEnd:
    """Nothing while the run goes on. `refresh` is called again and again, and draws anew only what has changed."""

    def __init__(self, shell: Shell, run: Run, view: RunView, delivered: DeliveredNow) -> None:
        self._shell, self._run, self._view = shell, run, view
        self._result = recipe_of_run(run.settings_json).shown.result
        self._delivered = delivered
        self._tone: Tone = "note"
        self.said: Sequence[str] = ()
        """The sentences at its top."""
        self._known: object = None
        self._drawn: object = None
        self._body_drawn: object = None
        self._place = box("section", "card gift", aria_label="What the run made")
        self._place.set_visibility(False)
        with self._place:
            self._head = box("div", "stack-small")
            self._body = box("div", "stack")
            self._ways = box("div", "row actions")
        self.refresh(run)

    @property
    def says_all(self) -> bool:
        """Whether nothing is left to say of how it ended: it did what it was for, and all of it arrived."""
        return self._tone == "good"

    def refresh(self, run: Run) -> None:
        self._run = run
        if run.state is not RunState.ENDED:
            return
        self._delivered.look_once(run)
        self._draw()

    def _draw(self) -> None:
        run, picture = self._run, self._view.picture
        known = (run, picture, self._delivered.listed)
        if known == self._known:
            return
        self._known = known
        left = left_by(run, picture, self._delivered.listed)
        results = result_files(run, left.files, self._result)
        speaks = self._result is not None and self._result.speaks
        voice = voice_left(run, left, picture) if speaks else None
        words = end_words(run, picture, self._result, left, len(results), voice)
        key = (words, run.billed_usd, run.cost_usd, run.ended_at, voice, left.size_bytes)
        if key == self._drawn:
            return
        self._drawn, self._tone, self.said = key, words.tone, words.lines
        self._place.set_visibility(True)
        self._head.clear()
        with self._head:
            self._draw_head(words, results, voice)
        self._draw_body(left, results, voice)

    def _draw_head(
        self, words: EndWords, results: Sequence[RemoteFile], voice: FoundVoice | None
    ) -> None:
        with box("div", f"gift-head gift-{words.tone}"):
            icon(_SYMBOLS[words.tone], 26)
            heading(2, words.title, "gift-title").mark("gift-title")
        for line in words.lines:
            para(line)
        facts(self._facts(results, voice))

    def _facts(
        self, results: Sequence[RemoteFile], voice: FoundVoice | None
    ) -> list[tuple[str, str]]:
        run = self._run
        found = receipt(self._shell.site.history, run)
        is_reckoned = run.end_reason is EndReason.LOST and run.billed_usd is None
        cost = "Estimated cost" if is_reckoned else "It cost"
        pairs = [(cost, dollars(run.known_cost_usd))]
        if found.planned_usd is not None:
            pairs.append(("Planned", dollars(found.planned_usd)))
        if found.seconds is not None:
            pairs.append(("It took", duration(found.seconds)))
        if voice is not None:
            pairs.append(("Voice", voice.voice.name))
            if voice.step is not None:
                pairs.append(("Of step", f"{voice.step:,}"))
            pairs.append(("Size", size(voice.size_bytes)))
        elif results:
            pairs.append(("Files", f"{len(results):,}, {size(sum(f.size_bytes for f in results))}"))
        return pairs

    def _draw_body(
        self, left: Left, results: Sequence[RemoteFile], voice: FoundVoice | None
    ) -> None:
        """Where somebody may be typing and listening: drawn anew only for another voice or other files."""
        key = (voice, tuple(one.path for one in results), left.is_known)
        if key == self._body_drawn:
            return
        self._body_drawn = key
        self._body.clear()
        with self._body:
            if voice is not None:
                VoiceGift(self._shell, self._run, self._view, voice)
            elif results and not (self._result is not None and self._result.speaks):
                self._files(results)
        self._ways.clear()
        with self._ways:
            self._draw_ways(left, has_result=bool(voice or results))

    def _files(self, results: Sequence[RemoteFile]) -> None:
        name = self._result.name if self._result is not None else "results"
        patterns = self._result.patterns if self._result is not None else ("**",)
        with box("ul", "gift-files"):
            for one in results[:5]:
                with box("li"):
                    Text("span", one.path.removeprefix(f"{self._run.run_id}/"), "mono")
                    Text("span", size(one.size_bytes), "soft figure")
            if len(results) > 5:
                Text("li", f"and {counted(len(results) - 5, 'more file')}")
        place = box("div")

        async def bring() -> None:
            place.clear()
            with place:
                waiting("Fetching…", rows=1)
            session = await self._shell.session()
            work = download_results(session.bench, self._run, patterns=patterns)
            got: Downloaded | None = await self._shell.attempt(work, place)
            if got is not None:
                place.clear()
                words = f"{counted(len(got.files), 'file')}, {size(got.size_bytes)}"
                with place:
                    say("good", words, str(got.folder))
                self._shell.announce("The files are here.")

        fetch = button(
            f"Bring the {name} to this computer", bring, kind="primary", symbol="download"
        )
        fetch.mark("gift-fetch")

    def _draw_ways(self, left: Left, *, has_result: bool) -> None:
        run, is_own = self._run, is_folder(self._run.results_repo)
        if not left.is_known and not is_own:
            button_link("Enter the Hugging Face token", "/keys", symbol="key")
        speaks = self._result is not None and self._result.speaks
        if has_result and speaks:
            button_link("Compare with another voice", f"/voice?run={run.nonce}", symbol="voice")
        site = self._shell.site
        may_write = not run.is_from_repo or is_own or site.can_write_results(self._shell.tab)
        if has_checkpoint(run, left, self._view.picture) and may_write:
            again = f"/train?again={run.nonce}&resume=1"
            button_link("Train on from here", again, symbol="train")
        elif not has_result and run.end_reason is EndReason.ABORTED and may_write:
            button_link("Train again with these settings", f"/train?again={run.nonce}")
        if left.files and not is_own:
            hub_url = self._shell.site.config.hub_url
            address = f"{hub_url}/{run.results_repo}/tree/main/{run.run_id}"
            link("Open it on Hugging Face", address, "btn btn-quiet", new_tab=True)
