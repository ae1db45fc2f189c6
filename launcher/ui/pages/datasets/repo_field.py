"""The field for the repo that a dataset is sent to, with those that the token may write to beside it."""

from __future__ import annotations

from launcher.services.choosing.option import MOST_OPTIONS, Listing, Option
from launcher.services.choosing.repos import places_for_dataset
from launcher.ui.frame import Shell, in_background, what_to_do
from launcher.ui.next_steps import on_page
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import box, button, hint, notice, waiting
from launcher.ui.widgets.inputs import Field
from launcher.ui.widgets.picker import Picker, PickerRow

_LABEL = "Dataset repo"


class RepoField:
    """`suggested`: the name that a repo of one's own account would get."""

    def __init__(self, shell: Shell, suggested: str, value: str) -> None:
        self._shell, self._suggested = shell, suggested
        self.field = Field(
            "push-repo",
            _LABEL,
            hint=(
                "owner/name. A private repo is created if it does not exist. Leave it empty to use "
                f"{suggested} in your own account."
            ),
            placeholder=f"me/{suggested}",
            value=value,
        )
        with self.field:
            opener = button("Choose…", self._open, kind="quiet", name=f"Choose: {_LABEL}")
            opener.mark("choose-push-repo")
            self.field.opened_by(opener)

    def _open(self) -> None:
        with self._shell.content:
            dialog = Dialog(f"Choose: {_LABEL}", wide=True)
        dialog.mark("choices")
        dialog.on("close", dialog.delete)
        with dialog.body:
            place = box("div", "stack-small")
        with dialog.actions:
            button("Close", dialog.hide)
        dialog.show()
        with place:
            waiting("Checking the repo…", rows=3)

        async def load() -> None:
            session = await self._shell.session()
            found = await places_for_dataset(session.bench, self._suggested)
            if dialog.is_deleted:
                return
            place.clear()
            with place:
                self._draw(found, dialog)

        in_background(load(), name="repos to send to")

    def _draw(self, found: Listing, dialog: Dialog) -> None:
        if found.problem:
            with notice("warning", on_page(found.problem), alert=True):
                what_to_do(found.what_to_do)
        for note in found.notes:
            hint(on_page(note))
        options = found.options[:MOST_OPTIONS]
        if not options and not found.makes:
            return

        def picked(repo: str) -> None:
            dialog.hide()
            self.field.show(value=repo)
            self._shell.announce(f"{_LABEL}: {repo}.")

        Picker(
            f"Search: {_LABEL}",
            [_row(option) for option in options],
            picked,
            makes=found.makes,
            placeholder="Type to search, or a name for a new one",
        )


def _row(option: Option) -> PickerRow:
    return PickerRow(option.value, option.title, option.detail, option.marks)
