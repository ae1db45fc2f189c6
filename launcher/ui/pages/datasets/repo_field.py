"""The field for the repo that a dataset is sent to, with those that the token may write to beside it."""

from __future__ import annotations

from launcher.services.choosing.repos import places_for_dataset
from launcher.ui.choosing import ChoosingDialog, choose_beside
from launcher.ui.frame import Shell, in_background
from launcher.ui.widgets.inputs import Field

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
        choose_beside(self.field, _LABEL, self._open)

    def _open(self) -> None:
        dialog = ChoosingDialog(self._shell, _LABEL)
        dialog.show()
        dialog.wait()

        def picked(repo: str) -> None:
            dialog.hide()
            self.field.show(value=repo)
            self._shell.announce(f"{_LABEL}: {repo}.")

        async def load() -> None:
            session = await self._shell.session()
            found = await places_for_dataset(session.bench, self._suggested)
            if not dialog.is_deleted:
                dialog.list(found, picked)

        in_background(load(), name="repos to send to")
