"""Step 4 of a dataset: the right to use the voice, and the way to a private repo on Hugging Face."""

from __future__ import annotations

from dataclasses import replace

from launcher.services import datasets
from launcher.ui.frame import Shell
from launcher.ui.pages.datasets.repo_field import RepoField
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import (
    Button,
    box,
    button,
    button_link,
    card,
    hint,
    link,
    notice,
    para,
    say,
    waiting,
)
from launcher.ui.widgets.inputs import Field, options
from launcher.workshop.before_push import PushLook
from launcher.workshop.library import Summary
from launcher.workshop.names import repo_name
from launcher.workshop.push import Pushed, PushRequest, last_repo
from pod_image.contract.figures import counted, recorded

LICENCES = {
    "other": "Private, no licence",
    "cc0-1.0": "Public domain (CC0)",
    "cc-by-4.0": "Attribution (CC BY 4.0)",
    "cc-by-nc-4.0": "Attribution, non-commercial (CC BY-NC 4.0)",
}


class SendStep:
    def __init__(self, shell: Shell, found: Summary) -> None:
        self._shell, self._found = shell, found
        self._agreed: PushLook | None = None
        self._beside = ""
        self._notes: tuple[str, ...] = ()
        with card("4 · Rights and upload"):
            para(
                "The repo is private. A voice belongs to the person who speaks: train it only if it is yours, "
                "or if you have permission."
            )
            self._allowed = Field(
                "rights",
                "I am allowed to train a voice on these recordings",
                kind="switch",
                value=False,
            )
            self._fields()
            self._place = box("div", "stack-small").mark("pushed")
            self._go = Button(
                "Send to Hugging Face", self._send, kind="primary", symbol="upload"
            ).mark("push")
            self._repo.enters(self._go)
            self._untyped = hint("")
        self._dialog()
        self.show(found)

    def show(self, found: Summary) -> None:
        """The clips there are now; what was typed and agreed to here stays."""
        self._found = found
        self._untyped.text = (
            f"{counted(found.untyped, 'clip')} without transcript cannot be used for training."
        )
        self._untyped.set_visibility(found.untyped > 0)

    def _fields(self) -> None:
        with box("div", "fields"):
            name, last = repo_name(self._found.name), last_repo(self._found.folder)
            self._repo = RepoField(self._shell, name, last).field
            self._licence = Field(
                "licence", "Licence", kind="select", value="other", options=options(LICENCES)
            )

    def _dialog(self) -> None:
        self._ask = Dialog("This repo contains other data")
        with self._ask.body:
            self._told = box("div", "stack-small").mark("consequences")
        with self._ask.actions:
            button("Leave it as it is", self._ask.hide)
            button("Replace it", self._push_over, kind="danger").mark("push-over")
            self._elsewhere = Button("", self._push_beside, kind="primary").mark("push-beside")

    async def _send(self) -> None:
        self._place.clear()
        with self._place:
            if not self._allowed.value:
                say(
                    "warning",
                    "First confirm that you are allowed to use the recordings.",
                    alert=True,
                )
                return
        await self._push(None)

    async def _push_beside(self) -> None:
        self._ask.hide()
        self._repo.show(value=self._beside)
        await self._push(None)

    async def _push_over(self) -> None:
        self._ask.hide()
        await self._push(self._agreed)

    async def _push(self, agreed: PushLook | None) -> None:
        """`agreed` is what the person was told of the repo, and agreed to."""
        self._place.clear()
        with self._place:
            waiting("Sending…", rows=1)
        self._go.lock("Sending…")
        done: Pushed | None = await self._shell.attempt(self._pushed(agreed), self._place)
        self._go.lock(None)
        if done is not None:
            self._sent(done, agreed)

    async def _pushed(self, agreed: PushLook | None) -> Pushed | None:
        """None when the person has to be asked first."""
        bench = (await self._shell.session()).bench
        repo = str(self._repo.value).strip()
        if not repo:
            repo = await datasets.default_repo(bench, self._found.folder)
            self._repo.show(value=repo)
        request = PushRequest(
            self._found.folder, repo, licence=str(self._licence.value), force=True
        )
        look = agreed or await datasets.look_before_pushing(bench, request)
        self._notes = look.notes
        if look.holds_other_data and agreed is None:
            self._ask_about(look, await datasets.free_repo_beside(bench, repo))
            return None
        self._place.clear()
        with self._place:
            waiting("Sending…", rows=1)
            self._say_notes()
        return await datasets.push(bench, replace(request, agreed=look))

    def _say_notes(self) -> None:
        for note in self._notes:
            say("note", note)

    def _ask_about(self, look: PushLook, beside: str) -> None:
        self._agreed, self._beside = look, beside
        self._elsewhere.label.text = f"Send it to {beside}"
        self._place.clear()
        self._told.clear()
        with self._told:
            public = ", which is public," if look.is_public else ""
            para(
                f"{look.repo_id}{public} already contains other data ({counted(look.clips, 'clip')})."
            )
            for line in (*look.consequences, *look.notes):
                para(line)
            hint(
                "Hugging Face keeps what is there now in the repo's history; you can restore it by its revision. "
                f"{beside} does not exist yet: sending there replaces nothing."
            )
        self._ask.show()

    def _say_how_to_have_it_back(self, before: PushLook) -> None:
        """Of what was pushed over."""
        hub = self._shell.site.config.hub_url
        with notice("note", f"What {before.repo_id} held before is its revision {before.commit}."):
            para(
                f"To train with it, write {before.commit} as “Dataset revision” on the Train page. Its files can be "
                "fetched by that revision, or looked at and downloaded on Hugging Face."
            )
            address = f"{hub}/datasets/{before.repo_id}/tree/{before.commit}"
            link("See what was there before", address, new_tab=True)

    def _sent(self, done: Pushed, over: PushLook | None) -> None:
        self._shell.site.prefer(last_dataset_repo=done.repo_id)
        self._repo.used()
        self._place.clear()
        words = f"{counted(done.clips, 'clip')}, {recorded(done.minutes)} are in {done.repo_id}"
        with self._place, notice("good", words):
            button_link("Train with this dataset", f"/train?dataset={done.repo_id}", primary=True)
        with self._place:
            if over is not None and done.made_commit:
                self._say_how_to_have_it_back(over)
            self._say_notes()
        self._shell.announce("The dataset is on Hugging Face.")
