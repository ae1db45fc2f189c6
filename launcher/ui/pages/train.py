"""Train: what, how much, where, limits; the price beside it; check, confirm, rent."""

from __future__ import annotations

from collections.abc import Awaitable

from nicegui import background_tasks, context, ui

from launcher.domain.plan import DatasetSummary, Plan, Severity
from launcher.domain.run import Run
from launcher.errors import InvalidRequest, LauncherError
from launcher.forms.run_file import parse_run_file
from launcher.presets import Preset, all_presets, find_preset, save_preset
from launcher.services.compose import compose, missing
from launcher.services.plan import make_plan
from launcher.toml_text import to_toml
from launcher.ui.confirm import ConfirmDialog
from launcher.ui.drafts import Draft
from launcher.ui.form import Choice, SettingsForm
from launcher.ui.frame import Shell, page, show_error
from launcher.ui.gpu_table import GpuTable
from launcher.ui.parts.dialog import Dialog
from launcher.ui.parts.elements import (
    Button,
    Text,
    Tone,
    badge,
    box,
    button,
    button_link,
    card,
    details,
    facts,
    heading,
    hint,
    notice,
    para,
    say,
    waiting,
)
from launcher.ui.parts.inputs import Field
from launcher.ui.preset_cards import PresetCards
from launcher.ui.pricing import Quote, quote
from launcher.ui.site import Site
from launcher.ui.wording import for_page
from launcher.ui.words import about, dollars, per_hour, roughly

REDRAW_SECONDS = 0.3
UNCHECKED = "Press “Check everything” first; it rents nothing."


def register(site: Site) -> None:
    page(
        site,
        "/train",
        "Train a voice",
        _build,
        lead="A preset and two names are enough. Nothing is rented before you have seen the price and "
        "said yes.",
    )


async def _build(
    shell: Shell, preset: str = "", dataset: str = "", again: str = "", resume: str = ""
) -> None:
    choice = _choice(shell, preset, dataset, again, resume)
    _TrainPage(shell, choice).draw()


def _choice(shell: Shell, preset: str, dataset: str, again: str, resume: str) -> Choice:
    """The tab's draft, or what the address asks for: a preset, a data set, a run to repeat."""
    site = shell.site
    draft = site.drafts.of(shell.tab)
    if again:
        earlier = site.history.by_nonce(again)
        if earlier is not None:
            draft = _draft_of(earlier, resume=bool(resume))
            site.drafts.replace(shell.tab, draft)
    if preset:
        draft.preset = preset
    if dataset:
        draft.given["dataset_repo"] = dataset
    if not draft.preset and not draft.touched:
        draft.preset = site.preferences.last_preset
    for name in ("dataset_repo", "results_repo"):
        last = getattr(site.preferences, f"last_{name}")
        if last and not draft.touched:
            draft.given.setdefault(name, last)
    return Choice(draft, _preset(site, draft.preset))


def _draft_of(run: Run, *, resume: bool) -> Draft:
    import json

    given = {
        name: value for name, value in json.loads(run.settings_json).items() if name != "run_id"
    }
    if resume:
        given["run_id"] = run.run_id
    return Draft(preset="", given=given, resume=resume, touched=True)


def _preset(site: Site, name: str) -> Preset | None:
    try:
        return find_preset(site.config, name) if name else None
    except InvalidRequest:
        return None


class _TrainPage:
    """Holds the parts of the page together: every change goes through `_changed`."""

    def __init__(self, shell: Shell, choice: Choice) -> None:
        self.shell, self.choice = shell, choice
        self.site = shell.site
        self.form = SettingsForm(choice, self._changed)
        self.plan: Plan | None = None
        self._redraw: ui.timer | None = None
        self._dataset_asked = ("", "")
        self._dataset: DatasetSummary | None = None
        self._history: list[Run] = []

    def draw(self) -> None:
        self._history = self.site.history.runs()
        with box("div", "with-side"):
            with box("div", "stack"):
                self._what()
                self._how_much()
                self._where()
                self._limits()
                self._as_text()
            with box("div", "side"):
                self._side()
        self.form.refresh()
        self._changed(is_first=True)

    # blocks

    def _what(self) -> None:
        preferences = self.site.preferences
        with card("1 · What"):
            hint("Which recordings, and where the finished voice goes.")
            self.form.draw(
                "What",
                fold=("recipe", "quality", "base_checkpoint"),  # a preset's business
                suggestions={
                    "dataset_repo": [one for one in [preferences.last_dataset_repo] if one],
                    "results_repo": [one for one in [preferences.last_results_repo] if one],
                },
            )
            self._dataset_place = box("div", "stack-small")
            self._resume_switch()

    def _resume_switch(self) -> None:
        with details("Continue an earlier run", is_open=self.choice.draft.resume):
            Field(
                "resume",
                "Continue the run of this run id from its newest checkpoint",
                kind="switch",
                value=self.choice.draft.resume,
                on_commit=self._set_resume,
                hint="Needs the run id under More settings: what.",
            )

    def _set_resume(self, value: object) -> None:
        self.choice.draft.resume = bool(value)
        self._changed()

    def _how_much(self) -> None:
        with card("2 · How much"):
            with box("div", "row spread"):
                hint("A preset sets everything. Change single values below if you want to.")
                self._changed_badge = badge("", "live")
            self.presets = PresetCards(self.site, self.choice, self._preset_chosen)
            with details("Change single values", marker="more-values"):
                search = Field(
                    "search",
                    "Find a setting",
                    on_commit=self._search,
                    placeholder="batch, disk, seed…",
                )
                search.classes("wide")
                self._search_result = hint("")
                self.form.draw("How much")
            with box("div", "row"):
                button("Back to the preset", self._reset, kind="quiet", symbol="refresh")
                button("Save as my preset", self._ask_save, kind="quiet", symbol="save")
        self._save_dialog = self._make_save_dialog()

    def _where(self) -> None:
        with card("3 · Where"):
            hint(
                "The GPU you rent. The first line is chosen for you: the cheapest one that is large "
                "enough and free."
            )
            self.gpus = GpuTable(self.shell, self.choice, self._changed)
            self.form.draw("Where", leave_out=("gpu_types",))

    def _limits(self) -> None:
        with card("4 · Limits"):
            hint("Whichever is reached first ends the run. What was trained by then is kept.")
            self.form.draw("Limits")

    def _as_text(self) -> None:
        with details("Show as text (TOML)"):
            hint(
                "The same choice as a file for “launcher deploy --file”. Edit it and take it over."
            )
            self._toml = Field("toml", "Run file", kind="area", mono=True, rows=12, wait=600)
            self._toml_place = box("div")
            button("Take over this text", self._take_text)

    def _side(self) -> None:
        with card(classes="price-card"):
            heading(2, "Price")
            self._price = Text("p", "", "price").mark("price")
            self._price_words = box("div", "stack-small")
            self._check_button = button(
                "Check everything", self._check, symbol="check", kind="plain"
            ).mark("check")
            self._start = Button("Rent and start…", self._confirm, kind="primary").mark("start")
            self._start_why = hint("")
        self._checks = box("div", "stack-small", tabindex="-1").mark("checks")

    # changes

    def _changed(self, *, is_first: bool = False) -> None:
        self.plan = None
        self._checks.clear()
        composed = self.choice.composed
        settings = composed.settings
        self._draw_toml()
        changed = len(self.choice.changed) if self.choice.preset else 0
        self._changed_badge.text = f"{changed} changed" if changed else ""
        self._changed_badge.set_visibility(bool(changed))
        self._ask_dataset(settings.dataset_repo, settings.dataset_revision)
        prices = self.site.market.known_prices(settings.gpu_count)
        offers = prices.offers if prices else None
        self._show_price(quote(settings, self._dataset, offers, self._history))
        self._lock_start()
        if is_first:
            self._redraw_prices()
            self.gpus.ask(then=self._changed)
            return
        # The price is on its way before the long tables are drawn anew, once the person rests.
        if self._redraw is not None:
            self._redraw.cancel()
        with self.shell.content:
            self._redraw = ui.timer(REDRAW_SECONDS, self._redraw_prices, once=True)

    def _redraw_prices(self) -> None:
        settings = self.choice.composed.settings
        prices = self.site.market.known_prices(settings.gpu_count)
        offers = prices.offers if prices else None
        self.presets.refresh(self._dataset, offers, self._history)
        self.gpus.refresh(settings, self._dataset, self._history)

    def _lock_start(self) -> None:
        why = None if self.plan is not None and not self.plan.errors else UNCHECKED
        if self.plan is not None and self.plan.errors:
            why = "Something has to be put right first; see below."
        self._start.lock(why)
        self._check_button.classes(
            add="" if why is None else "btn-primary", remove="btn-primary" if why is None else ""
        )
        self._start_why.text = why or ""

    def _show_price(self, found: Quote) -> None:
        self._price_words.clear()
        if found.estimate is not None and found.offer is not None:
            cost = min(found.estimate.cost_usd, found.worst_case_usd)
            self._price.text = about(cost)
            pairs = [
                ("Time", "about " + roughly(min(found.estimate.hours, found.hours_until_capped))),
                ("GPU", f"{found.offer.gpu_name}, {per_hour(found.offer.price_per_hour_usd)}"),
                ("At the most", dollars(found.worst_case_usd)),
            ]
        else:
            self._price.text = f"at most {dollars(found.worst_case_usd)}"
            pairs = [("Time", "at most " + roughly(found.hours_until_capped))]
            if found.offer is not None:
                price = per_hour(found.offer.price_per_hour_usd)
                pairs.insert(0, ("GPU", f"{found.offer.gpu_name}, {price}"))
        with self._price_words:
            facts(pairs, "facts-list")
            self._price_remarks(found)

    def _price_remarks(self, found: Quote) -> None:
        if found.problem:
            say("warning", found.problem, for_page(found.hint))
        elif found.is_cut_short:
            say(
                "warning", "A limit ends this run before it is done", "What it has by then is kept."
            )
        elif found.estimate is None:
            needs = "a data set" if found.offer is not None else "the RunPod key"
            hint(f"For an estimate it takes {needs}.")
        else:
            hint(f"By the {found.estimate.basis}.")

    def _ask_dataset(self, repo: str, revision: str) -> None:
        """Look at the data set in the background, once for each name."""
        if (repo, revision) == self._dataset_asked:
            return
        self._dataset_asked = (repo, revision)
        known = self.site.market.known_dataset(repo, revision)
        self._dataset = known.summary if known else None
        self._dataset_place.clear()
        if repo:
            with self._dataset_place:
                waiting("Looking at the data set…", rows=0)
            self._start_task(self._look_at_dataset(repo, revision))

    async def _look_at_dataset(self, repo: str, revision: str) -> None:
        session = await self.shell.session()
        try:
            seen = await self.site.market.dataset(session.bench, repo, revision)
        except LauncherError as error:
            if (repo, revision) == self._dataset_asked:
                self._dataset_place.clear()
                with self._dataset_place:
                    say("warning", for_page(error.message), for_page(error.hint))
            return
        if (repo, revision) != self._dataset_asked:
            return
        self._dataset = seen.summary
        self._dataset_place.clear()
        with self._dataset_place:
            _show_dataset(
                seen.summary, [one for one in seen.remarks if one.severity is Severity.ERROR]
            )
        self._changed()

    def _preset_chosen(self) -> None:
        self.form.refresh()
        self._changed()
        self.shell.announce(f"Preset chosen. {self._price.text}")

    def _reset(self) -> None:
        for name in self.choice.changed:
            self.choice.reset(name)
        self.choice.errors.clear()
        self.form.refresh()
        self._changed()

    def _search(self, text: object) -> None:
        found = self.form.search(str(text or ""))
        self._search_result.text = f"{found} found, marked with a frame" if text else ""

    # text

    def _draw_toml(self) -> None:
        document: dict[str, object] = {}
        if self.choice.preset:
            document["preset"] = self.choice.preset.name
        document["settings"] = self.choice.draft.given
        self._toml.show(value=to_toml(document))

    def _take_text(self) -> None:
        self._toml_place.clear()
        try:
            file = parse_run_file(str(self._toml.value), "The text")
            preset = find_preset(self.site.config, file.preset) if file.preset else None
            compose(preset, file.values, check_required=False)
        except LauncherError as error:
            with self._toml_place:
                show_error(error)
            return
        self.choice.choose_preset(preset)
        self.choice.draft.given = dict(file.values)
        self.choice.draft.touched = True
        self.form.refresh()
        self._changed()
        with self._toml_place:
            say("good", "Taken over.")

    # own presets

    def _make_save_dialog(self) -> Dialog:
        dialog = Dialog("Save as my preset")
        with dialog.body:
            self._save_name = Field(
                "preset-name", "Name", hint="Small letters, digits and hyphens, such as my-voice."
            )
            self._save_place = box("div")
        with dialog.actions:
            button("Cancel", dialog.hide)
            button("Save", self._save, kind="primary")
        return dialog

    def _ask_save(self) -> None:
        self._save_place.clear()
        self._save_dialog.show()

    def _save(self) -> None:
        names = ("dataset_repo", "results_repo", "run_id")
        base = dict(self.choice.preset.values) if self.choice.preset else {}
        values = {**base, **self.choice.draft.given}
        kept = {key: value for key, value in values.items() if key not in names}
        name = str(self._save_name.value).strip()
        try:
            save_preset(self.site.config, name, kept)
        except LauncherError as error:
            self._save_place.clear()
            with self._save_place:
                show_error(error)
            return
        self._save_dialog.hide()
        self.presets.draw(all_presets(self.site.config))
        self._changed()
        self.shell.announce(f"Preset {name} saved.")

    # check and launch

    async def _check(self) -> None:
        self._check_button.lock("The check is under way.")
        self._checks.clear()
        with self._checks:
            waiting("Asking RunPod and Hugging Face…", rows=2)
        try:
            self.plan = await self._plan()
        except LauncherError as error:
            self._checks.clear()
            with self._checks:
                show_error(error)
                if not self.site.vault.held(self.shell.tab):
                    button_link("Enter keys", "/keys", primary=True, symbol="key")
            self.shell.announce(f"The check failed. {error.message}")
        else:
            self._checks.clear()
            with self._checks:
                _show_checks(self.plan)
            self.shell.announce(_check_sentence(self.plan))
        finally:
            self._check_button.lock(None)
            self._lock_start()

    async def _plan(self) -> Plan:
        if self.choice.errors:
            raise InvalidRequest("Some values cannot be taken.", hint="They are marked in red.")
        composed = self.choice.composed
        absent = missing(composed.settings)
        if absent:
            names = ", ".join(f"“{one.knob.label}”" for one in absent)
            raise InvalidRequest(f"Still missing: {names}.", hint="Fill it in under What.")
        session = await self.shell.session()
        return await make_plan(
            session.bench, composed, session.keys, resume=self.choice.draft.resume
        )

    async def _confirm(self) -> None:
        if self.plan is None or self.plan.errors:
            return
        session = await self.shell.session()
        with self.shell.content:
            ConfirmDialog(self.shell, session, self.plan).show()

    def _start_task(self, work: Awaitable[None]) -> None:
        background_tasks.create(work, context=context.client)


def _show_dataset(found: DatasetSummary, errors: list[object]) -> None:
    minutes = f", {found.minutes:.0f} minutes" if found.minutes else ""
    if errors:
        with notice("bad", f"{found.repo} cannot be trained on yet"):
            for one in errors:
                para(getattr(one, "message", ""))
        return
    say("good", f"{found.repo}: {found.clips:,} clips{minutes}")


def _check_sentence(plan: Plan) -> str:
    if plan.errors:
        return f"{len(plan.errors)} things have to be put right."
    return "Everything is ready. You can rent and start."


def _show_checks(plan: Plan) -> None:
    tones: dict[Severity, Tone] = {
        Severity.ERROR: "bad",
        Severity.WARNING: "warning",
        Severity.NOTE: "note",
    }
    order = list(Severity)
    if not plan.errors:
        say(
            "good",
            "Ready",
            f"{plan.offer.gpu_name} is free, the keys work, the data set is readable.",
        )
    for remark in sorted(plan.remarks, key=lambda one: order.index(one.severity)):
        with notice(tones[remark.severity], ""):
            para(for_page(remark.message))
            if remark.hint:
                hint(for_page(remark.hint))
