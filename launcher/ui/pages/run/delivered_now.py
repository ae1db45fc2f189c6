"""What the results repo holds of a run that is over: looked up once for all parts of its page, and after a change."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.domain.run import Run, RunState
from launcher.errors import LauncherError
from launcher.services.following.delivered_files import list_results
from launcher.services.voices.delivered import step_of_final
from launcher.ui.frame import Shell, in_background
from pod_image.hub import RemoteFile


class DeliveredNow:
    """`listed` is None while nobody has looked, and where the repo may not be read."""

    def __init__(self, shell: Shell, run: Run) -> None:
        self._shell, self._run = shell, run
        self._has_looked = False
        self.listed: Sequence[RemoteFile] | None = None

    @property
    def step_in_use(self) -> int | None:
        """Which checkpoint's voice is the run's voice, by the repo's own checksums; None where that is not known."""
        return step_of_final(self._run.run_id, self.listed) if self.listed is not None else None

    def look_once(self, run: Run) -> None:
        """Look in the background, once the run is over. May be called again and again."""
        if run.state is RunState.ENDED and not self._has_looked:
            self._has_looked = True
            in_background(self.look(), "what the run left")

    async def look(self) -> None:
        session = await self._shell.session()
        try:
            self.listed = await list_results(session.bench, self._run)
        except LauncherError:
            return  # what the pod said is shown all the same
