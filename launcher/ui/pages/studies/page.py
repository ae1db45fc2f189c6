"""Studies that this computer knows, and the page of one, by its address."""

from __future__ import annotations

from nicegui import ui

from launcher.domain.studies.address import StudyAddress, study_address
from launcher.domain.studies.study import Study, is_study_name
from launcher.errors import LauncherError
from launcher.hub.access import is_hidden
from launcher.services.studies.keeping import find_study, read_before
from launcher.stores.known_studies import KnownStudies
from launcher.ui.frame import Shell, page, show_error
from launcher.ui.next_steps import on_page
from launcher.ui.pages.studies.add_here import AddHere
from launcher.ui.pages.studies.addresses import page_of
from launcher.ui.pages.studies.creating import NewStudyDialog
from launcher.ui.pages.studies.one_study import OneStudy
from launcher.ui.pages.studies.run_here import RunHere
from launcher.ui.pages.studies.stop_here import StopHere
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import (
    Text,
    box,
    button,
    button_link,
    card,
    empty_state,
    hint,
    link,
    notice,
    say,
    table,
)
from launcher.ui.widgets.inputs import Field
from pod_image.contract.figures import counted, dollars
from pod_image.contract.results_address import is_folder

LOOK_SECONDS = 60.0
_HOW_TO_NAME = "Write OWNER/NAME/STUDY, or /FOLDER/STUDY where results go to a folder."
_LEAD = "Many runs that search for good settings, under one budget."


def register(site: Site) -> None:
    page(site, "/studies", "Studies", _list, lead=_LEAD, current="/runs")
    page(site, "/studies/{owner}/{name}/{study}", "Study", _one, current="/runs")
    page(site, "/studies/in-folder", "Study", _in_folder, current="/runs")


async def _list(shell: Shell) -> None:
    known = KnownStudies(shell.site.config.data_folder)
    addresses = known.addresses()
    new = NewStudyDialog(shell)
    button("New study…", new.show, kind="primary", symbol="plus").mark("new-study")
    if not addresses:
        with empty_state("No study yet", "Many runs look for good settings, under one budget."):
            hint("Set a run up on the Train page, then make a study of it here.")
    else:
        columns = ("Study", "Objective", "Best", "Trials", "Spent", "Budget")
        with table("Studies", columns, numeric=(2, 3, 4, 5)):
            for address in addresses:
                _row(address, read_before(known, address))
    with card("A study from another computer"):
        field = Field("study-address", "Its address", placeholder="me/voice/tune")
        said = box("div")

        def show() -> None:
            address = study_address(str(field.value or ""))
            said.clear()
            if address is None:
                with said:
                    say("warning", "That is not the name of a study.", _HOW_TO_NAME)
                return
            ui.navigate.to(page_of(address))

        field.enters(button("Show it here", show, symbol="plus").mark("show-study"))


def _row(address: StudyAddress, study: Study | None) -> None:
    with box("tr"):
        with box("td"):
            link(str(address), page_of(address))
        if study is None:
            for _ in range(5):
                Text("td", "")
            return
        best = study.best
        Text("td", study.objective.title)
        Text("td", study.objective.text(best.value) if best is not None else "", "number")
        Text("td", str(len(study.trials)), "number")
        Text("td", dollars(study.spent_usd), "number")
        Text("td", dollars(study.asked.budget_usd), "number")


async def _one(shell: Shell, owner: str, name: str, study: str) -> None:
    if not is_study_name(study):
        _none()
        return
    await _StudyPage(shell, StudyAddress(f"{owner}/{name}", study)).draw()


async def _in_folder(shell: Shell, address: str = "") -> None:
    named = study_address(address)
    if named is None:
        _none()
        return
    await _StudyPage(shell, named).draw()


def _none() -> None:
    with empty_state("No such study", _HOW_TO_NAME):
        link("All studies", "/studies")


class _StudyPage:
    """What was read last is there at once; the study is read again and again while the page is open."""

    def __init__(self, shell: Shell, address: StudyAddress) -> None:
        self._shell, self._address = shell, address
        self._known = KnownStudies(shell.site.config.data_folder)
        self._shown: Study | None = None

    async def draw(self) -> None:
        self._shell.title(f"Study {self._address.name}")
        self._runs = RunHere(self._shell, self._address, self._show)
        self._stop = StopHere(self._shell, self._address)
        self._more = AddHere(self._shell, self._address, self._show)
        with box("div", "row"):
            self._stop.draw()
            self._more.draw()
        self._place = box("div", "stack")
        self._trouble = box("div")
        self._runs.draw()
        study = read_before(self._known, self._address)
        if study is not None:
            self._show(study)
        await self._look()
        ui.timer(LOOK_SECONDS, self._look, immediate=False)

    async def _look(self) -> None:
        session = await self._shell.session()
        self._trouble.clear()
        try:
            self._show((await find_study(session.bench, self._address)).study)
        except LauncherError as error:
            with self._trouble:
                self._say_why_old(error, has_token=session.keys.hf_upload is not None)

    def _say_why_old(self, error: LauncherError, *, has_token: bool) -> None:
        """Without a token the Hub answers as to a wrong one; there is nothing wrong then."""
        if not has_token and is_hidden(error) and not is_folder(self._address.repo):
            title = f"{self._address.repo} is private"
            if self._shown is not None:
                title = "As it was read last on this computer"
            with notice(
                "note", title, "Enter the Hugging Face token to see how the study goes now."
            ):
                button_link("Enter the token", "/keys", primary=True, symbol="key")
        elif self._shown is None:
            show_error(error)
        else:
            say("note", "As it was read last on this computer", on_page(error.message))

    def _show(self, study: Study) -> None:
        if study == self._shown:
            return
        self._shown = study
        self._runs.show(study)
        self._stop.show(study)
        self._more.show(study)
        self._place.clear()
        with self._place:
            OneStudy(self._shell, self._address, study).draw()
        self._shell.announce(f"{counted(len(study.trials), 'trial')}.")
