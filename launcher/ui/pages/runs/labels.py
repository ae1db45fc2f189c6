"""Name, tags and notes of a run, in a dialog; what they were before can be taken again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from launcher.domain.labels import Earlier, LabelName, Labels
from launcher.domain.run import Run
from launcher.errors import LauncherError
from launcher.services.labelling import Sending, Sent, send_labels, unreadable
from launcher.ui.frame import Shell, in_background, show_error
from launcher.ui.text import when
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Text, box, button, details, hint, say
from launcher.ui.widgets.inputs import Field

_TITLES = {LabelName.NAME: "Name", LabelName.TAGS: "Tags", LabelName.NOTES: "Notes"}
_HINTS = {
    LabelName.NAME: "A few words to recognise it by.",
    LabelName.TAGS: "Separated by commas, such as keeper, German.",
    LabelName.NOTES: "",
}
_WHERE = {
    Sending.LATER: "It is written beside the results a little later, with whatever you change until then.",
    Sending.NOTHING_DELIVERED: "It stays on this computer until the run has delivered something.",
    Sending.NO_TOKEN: "It stays on this computer until there is a Hugging Face token to write.",
}


class LabelsDialog:
    """`changed` hears of a run that is called otherwise now."""

    def __init__(self, shell: Shell, changed: Callable[[Run], None]) -> None:
        self._shell, self._changed = shell, changed
        self._run: Run | None = None
        self._dialog = Dialog("Name, tags and notes")
        self._dialog.mark("labels")
        with self._dialog.body:
            self._fields = {
                name: Field(
                    f"label-{name.value}",
                    title,
                    kind="area" if name is LabelName.NOTES else "text",
                    hint=_HINTS[name] or None,
                )
                for name, title in _TITLES.items()
            }
            self._where = hint("")
            self._earlier = box("div")
            self._trouble = box("div")
        with self._dialog.actions:
            button("Cancel", self._dialog.hide)
            save = button("Save", self._save, kind="primary").mark("save-labels")
        for name in (LabelName.NAME, LabelName.TAGS):
            self._fields[name].enters(save)
        self._news = box("div", "stack-small").mark("label-news")

    def show(self, run: Run) -> None:
        history = self._shell.site.history
        self._run = run = history.by_nonce(run.nonce) or run
        self._dialog.title.text = f"Name, tags and notes of {run.run_id}"
        for name, entry in self._fields.items():
            entry.show(value=run.labels.text(name))
        waits = history.labels.is_unsent(run.results_repo, run.run_id)
        self._where.text = (
            f"Saved on this computer at once, and next to its results: anyone who can read "
            f"{run.results_repo} can read it."
            f"{' It is not there yet.' if waits else ''}"
        )
        self._show_earlier(run.labels)
        self._trouble.clear()
        self._dialog.show()

    def _show_earlier(self, labels: Labels) -> None:
        self._earlier.clear()
        if not labels.earlier:
            return
        now = self._shell.site.clock.now()
        with self._earlier, details("What it was called before"), box("ul", "stack-small"):
            for one in labels.earlier:
                with box("li", "row"):
                    Text("span", f"{_TITLES[one.name]}: {one.text}", "earlier-label")
                    hint(when(one.at, now))
                    again = button("Use it", partial(self._use, one), kind="quiet")
                    again.props["aria-label"] = f"Use again: {one.text}"

    def _use(self, one: Earlier) -> None:
        self._fields[one.name].show(value=one.text)

    def _save(self) -> None:
        run = self._run
        if run is None:
            return
        site = self._shell.site
        # What nobody touched is left out: another program may have changed it meanwhile.
        typed = {
            name: text
            for name, entry in self._fields.items()
            if (text := str(entry.value or "")) != run.labels.text(name)
        }
        self._trouble.clear()
        try:
            site.history.labels.change(run.results_repo, run.run_id, typed, site.clock.now())
        except LauncherError as error:
            with self._trouble:
                show_error(error)
            return
        self._dialog.hide()
        run = site.history.by_nonce(run.nonce) or run
        self._shell.announce(f"Saved: {run.title}.")
        self._changed(run)
        in_background(self._send(run), "labels on their way")

    async def _send(self, run: Run) -> None:
        session = await self._shell.session()
        try:
            sent = await send_labels(session.bench, run)
        except LauncherError as error:
            self._news.clear()
            with self._news:
                show_error(error)
            return
        self._say(run, sent)

    def _say(self, run: Run, sent: Sent) -> None:
        """Nothing where everything is in its place: the list shows it."""
        self._news.clear()
        with self._news:
            if sent.sending is Sending.UNREADABLE:
                say("warning", unreadable(run))
            elif sent.sending in _WHERE and self._shell.site.history.labels.is_unsent(
                run.results_repo, run.run_id
            ):
                say("note", f"{run.title} is saved.", _WHERE[sent.sending])
            for one in sent.overruled:
                say(
                    "warning",
                    f"Another computer changed the {one.name} too.",
                    f"The last one typed is used: “{sent.labels.text(one.name)}”. “{one.text}” is kept behind it.",
                )
        if sent.overruled:
            self._changed(self._shell.site.history.by_nonce(run.nonce) or run)
