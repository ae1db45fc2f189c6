"""A record of the history is deleted after a question that says what stays."""

from __future__ import annotations

from collections.abc import Callable

from launcher.domain.run import Run
from launcher.errors import LauncherError
from launcher.ui.frame import Shell, show_error
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import box, button, para


class DeleteDialog:
    def __init__(self, shell: Shell, deleted: Callable[[Run], None]) -> None:
        self._shell, self._deleted = shell, deleted
        self._doomed: Run | None = None
        self._dialog = Dialog("Delete this run from the history?")
        with self._dialog.body:
            self._text = para("")
            self._trouble = box("div")
        with self._dialog.actions:
            button("Keep it", self._dialog.hide)
            button("Delete the record", self._delete, kind="danger")

    def ask(self, run: Run) -> None:
        self._doomed = run
        self._trouble.clear()
        self._text.text = (
            f"{run.title} and its curves are deleted from this computer. What it delivered to "
            f"{run.results_repo} stays there.{self._only_here(run)}"
        )
        self._dialog.show()

    def _only_here(self, run: Run) -> str:
        history, of = self._shell.site.history, (run.results_repo, run.run_id)
        # Attempts share them: they go with the last.
        if not history.labels.is_unsent(*of) or len(history.attempts(*of)) > 1:
            return ""
        return " Its name, tags and notes are not in that repo yet, and are lost."

    def _delete(self) -> None:
        run = self._doomed
        if run is None:
            return
        try:
            self._shell.site.live.forget(run)
            self._shell.site.heard_samples.forget(run.nonce)
        except LauncherError as error:
            self._trouble.clear()
            with self._trouble:
                show_error(error)
            return
        self._dialog.hide()
        self._shell.announce(f"{run.title} is deleted from the history.")
        self._deleted(run)
