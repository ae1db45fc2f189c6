"""Step 4 of a dataset: the right to use the voice, and the way to a private repo on Hugging Face."""

from __future__ import annotations

from launcher.services import datasets
from launcher.ui.frame import Shell
from launcher.ui.widgets.elements import (
    Button,
    box,
    button_link,
    card,
    hint,
    notice,
    para,
    say,
    waiting,
)
from launcher.ui.widgets.inputs import Field, options
from launcher.workshop.library import Summary
from launcher.workshop.push import Pushed, PushRequest
from pod_image.contract.figures import counted, recorded

LICENCES = {
    "other": "my own words, or nobody else's business",
    "cc0-1.0": "free for everybody (CC0)",
    "cc-by-4.0": "free with credit (CC BY 4.0)",
    "cc-by-nc-4.0": "free with credit, not for money (CC BY-NC 4.0)",
}


class SendStep:
    def __init__(self, shell: Shell, found: Summary) -> None:
        self._shell, self._found = shell, found
        with card("4 · Rights, and off to Hugging Face"):
            para(
                "The repo is private. A voice belongs to the person who speaks: train it only if it is "
                "yours, or if you were allowed to."
            )
            self._allowed = Field(
                "rights", "I may use these recordings to train a voice", kind="switch", value=False
            )
            self._fields()
            self._place = box("div", "stack-small").mark("pushed")
            self._go = Button(
                "Send it to Hugging Face", self._send, kind="primary", symbol="upload"
            ).mark("push")
            if found.untyped:
                hint(f"{counted(found.untyped, 'clip')} without text cannot be trained on.")

    def _fields(self) -> None:
        with box("div", "fields"):
            self._repo = Field(
                "push-repo",
                "Dataset repo",
                hint="owner/name; it is made, private, if it is not there.",
                placeholder=f"me/{self._found.name}",
                value=self._shell.site.preferences.last_dataset_repo,
            )
            self._licence = Field(
                "licence", "Licence", kind="select", value="other", options=options(LICENCES)
            )

    async def _send(self) -> None:
        self._place.clear()
        with self._place:
            if not self._allowed.value:
                say("warning", "Say first that you may use the recordings.", alert=True)
                return
            waiting("Sending…", rows=1)
        self._go.lock("It is being sent.")
        session = await self._shell.session()
        request = PushRequest(
            self._found.folder,
            str(self._repo.value).strip(),
            licence=str(self._licence.value),
            force=True,
        )
        done: Pushed | None = await self._shell.attempt(
            datasets.push(session.bench, request), self._place
        )
        self._go.lock(None)
        if done is not None:
            self._sent(done)

    def _sent(self, done: Pushed) -> None:
        self._shell.site.prefer(last_dataset_repo=done.repo_id)
        self._place.clear()
        words = f"{counted(done.clips, 'clip')}, {recorded(done.minutes)} are in {done.repo_id}"
        with self._place, notice("good", words):
            button_link("Train with this", f"/train?dataset={done.repo_id}", primary=True)
        self._shell.announce("The dataset is on Hugging Face.")
