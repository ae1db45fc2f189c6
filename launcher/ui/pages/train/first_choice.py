"""What the Train page opens with: the tab's draft, or what the address asks for."""

from __future__ import annotations

from typing import Any

from launcher.domain.run import Run
from launcher.errors import InvalidRequest
from launcher.forms.scopes import belonging_to, beside_any_preset
from launcher.presets import Preset, find_preset
from launcher.recipes import smaller_try_of_run
from launcher.services.planning.again import settings_again
from launcher.services.planning.compose import compose_so_far
from launcher.ui.frame import Shell
from launcher.ui.next_steps import on_page
from launcher.ui.pages.train.form import Choice, what_is_left_of
from launcher.ui.state.drafts import Draft
from launcher.ui.state.site import Site


def first_choice(
    shell: Shell, *, preset: str, dataset: str, again: str, resume: str, smaller: str
) -> Choice:
    """`again` is the nonce of a run to repeat, `resume` goes on with it, `smaller` needs less memory."""
    site = shell.site
    draft = site.drafts.of(shell.tab)
    if again:
        earlier = site.history.by_nonce(again)
        if earlier is not None:
            before = draft
            draft = draft_of(site, earlier, resume=bool(resume), smaller=bool(smaller))
            if before.touched:
                draft.set_aside = what_is_left_of(before.set_aside | before.given, draft.given)
            site.drafts.replace(shell.tab, draft)
    if preset and preset != draft.preset:
        # As its card does: what the tab had of another preset, or of another recipe, is not this one's.
        before_it = draft.given
        draft.preset, draft.given = preset, beside_any_preset(draft.given)
        draft.set_aside |= what_is_left_of(before_it, draft.given)
    if dataset:
        if draft.given.get("dataset_repo") != dataset:
            draft.let_pass.clear()
            for name in belonging_to("dataset_repo"):
                draft.given.pop(name, None)
        draft.given["dataset_repo"] = dataset
    if not draft.preset and not draft.touched:
        draft.preset = site.preferences.last_preset
    if not draft.touched:
        draft.given = {**site.preferences.last_used, **draft.given}
        draft.taken, draft.taken_from = site.preferences.last_used, "as last time"
    return Choice(draft, _preset(site, draft))


def draft_of(site: Site, run: Run, *, resume: bool = False, smaller: bool = False) -> Draft:
    """The settings of an earlier run as a draft: its preset, and what differs from that; its run id only to continue
    it.
    """
    more: dict[str, Any] = {"run_id": run.run_id} if resume else {}
    less = smaller_try_of_run(run.settings_json) if smaller else None
    if less is not None:
        more |= less.given
    again = settings_again(site.config, run, more)
    return Draft(
        preset=again.preset.name if again.preset else "",
        given=again.given,
        resume=resume,
        touched=True,
        notes=again.notes,
        taken=dict(again.given),
        taken_from=f"as in {run.run_id}",
    )


def _preset(site: Site, draft: Draft) -> Preset | None:
    """The draft's preset; none, and a note, when it cannot be used, such as one that a newer release wrote."""
    if not draft.preset:
        return None
    try:
        preset = find_preset(site.config, draft.preset)
        compose_so_far(preset, {})
    except InvalidRequest as error:
        draft.preset = ""
        draft.notes = (*draft.notes, f"{error.message} {on_page(error.hint)}")
        return None
    return preset
