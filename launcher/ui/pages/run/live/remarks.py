"""What the machine remarked while it worked, and the receipt once the run is over."""

from __future__ import annotations

from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import OF_A_REAL_POD
from launcher.domain.run_view import RunView
from launcher.services.common.places import place_of_run
from launcher.services.following.receipts import receipt
from launcher.ui.frame import Shell
from launcher.ui.next_steps import on_page
from launcher.ui.widgets.elements import box, card, details, facts, hint, notice, para
from pod_image.contract.bodies import RunWarning
from pod_image.contract.figures import counted, dollars, duration


class Remarks:
    """Drawn anew only when there is a new one; an open list stays open."""

    def __init__(self, shell: Shell, view: RunView) -> None:
        self._view, self._is_demo = view, bool(shell.site.demo)
        self._drawn: list[RunWarning] = []
        self._place = box("div")

    def refresh(self) -> None:
        shown = [each for each in self._view.picture.warnings if not self._is_left_out(each)]
        if shown == self._drawn:
            return
        self._drawn = shown
        self._place.clear()
        with (
            self._place,
            details(f"{counted(len(shown), 'note')} from the machine", marker="remarks"),
        ):
            for warning in reversed(shown):
                with notice("warning", ""):
                    para(warning.message)
                    if warning.what_to_do:
                        hint(on_page(warning.what_to_do))

    def _is_left_out(self, warning: RunWarning) -> bool:
        return self._is_demo and warning.code in OF_A_REAL_POD


class Bill:
    """The receipt of a run that is over; nothing before."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._drawn: object = None
        self._place = box("div")

    def refresh(self, run: Run) -> None:
        key = (run.state, run.billed_usd, run.cost_usd)
        if run.state is not RunState.ENDED or key == self._drawn:
            return
        self._drawn = key
        self._place.clear()
        with self._place:
            _receipt(self._shell, run)


def _receipt(shell: Shell, run: Run) -> None:
    found = receipt(shell.site.history, run)
    most = ("Agreed maximum", found.worst_case_usd)
    if found.worst_case_usd is None:  # such as of a run that another computer planned
        most = ("Maximum cost", run.most_usd)
    with card("Receipt"):
        facts(
            [
                ("Planned", dollars(found.planned_usd)),
                ("Metered by the GPU", dollars(found.metered_usd)),
                (
                    f"Billed by {place_of_run(run).title}",
                    dollars(found.billed_usd) if found.billed_usd is not None else "not yet",
                ),
                (most[0], dollars(most[1])),
                ("Duration", duration(found.seconds)),
                *([("GPU idle", found.gpu_idle_text)] if found.gpu_idle_text else []),
            ]
        )
