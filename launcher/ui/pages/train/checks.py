"""The check before anything is rented: its button, its list of results, and the button that rents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from launcher.domain.plan import Plan
from launcher.errors import InvalidRequest, LauncherError, MissingSetting
from launcher.services.common.run_secrets import named_secrets
from launcher.services.launching.unwatched import findings_on_leaving
from launcher.services.planning.compose import missing
from launcher.services.planning.dataset_names import can_be_let_pass
from launcher.services.planning.plan import make_plan
from launcher.services.planning.shown_plans import keep
from launcher.stores.secrets import keys_among
from launcher.ui.frame import Shell, show_error, what_to_do
from launcher.ui.next_steps import on_page
from launcher.ui.pages.train.confirm import ConfirmDialog
from launcher.ui.pages.train.form import Choice, SettingsForm
from launcher.ui.pages.train.local_files import at_fields
from launcher.ui.widgets.elements import (
    Button,
    Handler,
    Tone,
    box,
    button,
    button_link,
    details,
    hint,
    notice,
    para,
    say,
    waiting,
)
from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding, Severity
from pod_image.dataset import Code

UNCHECKED = "Press “Check everything” first. It rents nothing."
_TONES: dict[Severity, Tone] = {
    Severity.ERROR: "bad",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}


class _BadValues(InvalidRequest):
    """Values that were entered and cannot be taken; the person is led to the first."""

    def __init__(self, names: Sequence[str], label_of: Callable[[str], str]) -> None:
        listed = ", ".join(f"“{label_of(name)}”" for name in names)
        cannot = "This value is not valid" if len(names) == 1 else "These values are not valid"
        super().__init__(f"{cannot}: {listed}.", hint="The reason is shown below the field.")
        self.setting = names[0]


class Checks:
    """`plan` is what was checked, until something changes. The results go where `draw_results` was called."""

    def __init__(self, shell: Shell, choice: Choice, form: SettingsForm) -> None:
        self._shell, self._choice, self._form = shell, choice, form
        self.plan: Plan | None = None
        self._check_button = button("Check everything", self._check, symbol="check").mark("check")
        self._start = Button("Rent and start…", self._confirm, kind="primary").mark("start")
        self._why = hint("")

    def draw_results(self) -> None:
        self._results = box("div", "stack-small", tabindex="-1").mark("checks")

    def forget(self, *, is_other_dataset: bool) -> None:
        """Something was changed: what was checked no longer holds."""
        self.plan = None
        if is_other_dataset:
            self._choice.draft.let_pass.clear()
        self._results.clear()
        self._lock()

    def _lock(self) -> None:
        why = None if self.plan is not None and not self.plan.errors else UNCHECKED
        if self.plan is not None and self.plan.errors:
            why = "Some errors must be fixed first; see below."
        self._start.lock(why)
        self._check_button.classes(
            add="" if why is None else "btn-primary", remove="btn-primary" if why is None else ""
        )
        self._why.text = why or ""

    async def _check(self) -> None:
        self._check_button.lock("Checking…")
        self._results.clear()
        with self._results:
            waiting(f"Asking {self._shell.site.place.title} and Hugging Face…", rows=2)
        try:
            self.plan = await self._plan()
        except LauncherError as error:
            self._show_refusal(error)
        else:
            self._choice.found = at_fields(self.plan.findings)
            self._form.refresh()
            self._show(self.plan)
        finally:
            self._check_button.lock(None)
            self._lock()

    async def _plan(self) -> Plan:
        if self._choice.errors:
            raise _BadValues(list(self._choice.errors), self._form.label_of)
        composed = self._choice.composed
        absent = missing(composed.settings)
        if absent:
            names = ", ".join(f"“{one.knob.label}”" for one in absent)
            raise MissingSetting(f"Missing: {names}.", setting=absent[0].name)
        session = await self._shell.session()
        session.keys.need_named(named_secrets(composed.settings))
        draft = self._choice.draft
        plan = await make_plan(
            session.bench,
            composed,
            session.keys,
            resume=draft.resume,
            forced=sorted(draft.let_pass),
        )
        keep(session.bench, plan)  # where it cannot be, it is launched from this page all the same
        # A tab may be closed at any time: in a terminal the same plan may be started.
        return replace(plan, findings=(*plan.findings, *findings_on_leaving(plan.settings)))

    def _show_refusal(self, error: LauncherError) -> None:
        self._results.clear()
        with self._results:
            show_error(error)
            if not keys_among(self._shell.site.vault.held(self._shell.tab)):
                button_link("Enter keys", "/keys", primary=True, symbol="key")
        self._reveal()
        self._shell.announce(f"The check failed. {on_page(error.message)}")
        if isinstance(error, MissingSetting | _BadValues):
            self._form.reveal(error.setting)

    def _show(self, plan: Plan) -> None:
        self._results.clear()
        with self._results:
            _ready(plan)
            notes = [one for one in plan.findings if one.severity is Severity.NOTE]
            self._findings([one for one in in_order(plan.findings) if one not in notes])
            if notes:
                with details(f"{counted(len(notes), 'thing')} to know"), box("div", "stack-small"):
                    self._findings(notes)
        self._reveal()
        self._shell.announce(check_sentence(plan))

    def _reveal(self) -> None:
        """On a narrow screen the results stand below the settings."""
        self._results.run_method("scrollIntoView", {"block": "nearest"})

    def _findings(self, findings: list[Finding]) -> None:
        asked: set[str] = set()
        for finding in findings:
            with notice(_TONES[finding.severity], ""):
                para(on_page(finding.message))
                if finding.hint:
                    what_to_do(finding.hint)
                if finding.setting in self._form:
                    button("Show the setting", self._shower(finding.setting), kind="quiet")
                if finding.code not in asked:
                    asked.add(finding.code)
                    self._way_out(finding)

    def _way_out(self, finding: Finding) -> None:
        """An error of the dataset may be let pass, and that may be taken back: once for each code."""
        passed = self._choice.draft.let_pass
        if finding.code in passed:
            button("Do not ignore", self._passer(finding.code, is_passed=False), kind="quiet").mark(
                f"mind-{finding.code}"
            )
        elif finding.severity is Severity.ERROR and can_be_let_pass(finding.code):
            button("Ignore", self._passer(finding.code, is_passed=True)).mark(
                f"pass-{finding.code}"
            )
            if finding.code != Code.RESUME_DATASET:
                hint("The run then skips what it cannot use.")

    def _shower(self, name: str) -> Handler:
        return lambda: self._form.reveal(name)

    def _passer(self, code: str, *, is_passed: bool) -> Handler:
        async def go() -> None:
            passed = self._choice.draft.let_pass
            if is_passed:
                passed.add(code)
            else:
                passed.discard(code)
            await self._check()

        return go

    async def _confirm(self) -> None:
        if self.plan is None or self.plan.errors:
            return
        session = await self._shell.session()
        with self._shell.content:
            ConfirmDialog(self._shell, session, self.plan).show()


def in_order(findings: tuple[Finding, ...]) -> list[Finding]:
    """Errors first, then warnings and notes."""
    return sorted(findings, key=lambda one: one.severity.rank)


def check_sentence(plan: Plan) -> str:
    if plan.errors:
        number = len(plan.errors)
        return f"{counted(number, 'error')} must be fixed."
    return "Everything is ready. You can start."


def _ready(plan: Plan) -> None:
    if plan.errors:
        return
    say(
        "good",
        "Ready",
        f"{plan.offer.gpu_name} is available, the keys work, the dataset can be read.",
    )
