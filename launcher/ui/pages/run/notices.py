"""What has to be said of a run beside its figures: what is wrong, what it means for money, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from launcher.domain.delivery import known_delivery
from launcher.domain.run import Run, RunState
from launcher.domain.run_view import RunView
from launcher.recipes import smaller_try_of_run
from launcher.recipes.base import SmallerTry
from launcher.services.common.places import place_of_run
from launcher.ui.next_steps import on_page
from launcher.ui.text import time_of_day
from launcher.ui.widgets.elements import (
    Text,
    Tone,
    attributes,
    box,
    button_link,
    link,
    notice,
    para,
    say,
)
from launcher.ui.widgets.voice_link import voice_link
from pod_image.contract.figures import dollars
from pod_image.contract.outcomes import EndReason
from pod_image.contract.plain import plain_line
from pod_image.contract.results_address import results_kind

STAGE_SHOWN = 200
USUAL_START = timedelta(minutes=10)
_BAD_ENDS = (
    EndReason.FAILED,
    EndReason.TRAINER_DIED,
    EndReason.BOOT_FAILED,
    EndReason.LOST,
)
_OUT_OF_MEMORY = ("out of memory", "outofmemory")


@dataclass(frozen=True)
class Standing:
    """All that the notices of a run depend on; drawn anew only when it changes."""

    run: Run
    problem: str = ""
    """Why the end of its pod is not confirmed, or empty."""
    stage: str = ""
    """What its launch, under way in this program, said last."""
    error: str = ""
    trouble: str = ""
    """Why following it fails now."""
    has_key: bool = False
    is_watched: bool = False
    restarts: int = 0
    heard_at: datetime | None = None

    @property
    def key(self) -> tuple[object, ...]:
        run = self.run
        heard = None if self.is_watched else self.heard_at
        return (
            run.state, run.end_reason, run.detail, run.not_delivered, run.armed_at, run.pod_id, self.problem,
            self.stage[:STAGE_SHOWN], self.error, self.trouble, self.has_key, self.is_watched,
            self.restarts, heard,
        )  # fmt: skip


def draw_notices(standing: Standing) -> None:
    """What is to be said while it goes on, and of a pod that may be left; how it ended is drawn by `draw_end`."""
    if standing.problem:
        _alarm(standing)
    if standing.run.state is RunState.ENDED:
        return
    _under_way(standing)
    if standing.restarts:
        say("note", "The machine was restarted", "It continues from the newest checkpoint.")


def _alarm(standing: Standing) -> None:
    how = "Press “Cancel run” above."
    if not standing.has_key:
        how = f"Enter the {place_of_run(standing.run).title} key, and press “Cancel run” above."
    with (
        notice(
            "bad",
            f"This may still cost money: {standing.problem}.",
            f"{how} If that fails, open {place_of_run(standing.run).title}'s console and terminate the pod by hand.",
            alert=True,
        ),
        box("div", "row"),
    ):
        if not standing.has_key:
            button_link("Enter the key", "/keys", symbol="key", primary=True)
        _console_link(standing.run)


def _console_link(run: Run) -> None:
    place = place_of_run(run)
    link(f"Open {place.title}'s console", place.console, new_tab=True)


def _under_way(standing: Standing) -> None:
    run = standing.run
    if standing.error:
        say("bad", "The launch failed", standing.error, alert=True)
    elif standing.stage:
        say(
            "note",
            standing.stage,
            "Keep this program running until the GPU is ready; it watches over the launch. You may close this tab.",
        )
    elif run.is_from_repo:
        _by_its_repo(standing)
    elif standing.trouble:
        _no_contact(standing)
    elif run.pod_id and not standing.is_watched and not standing.has_key and not standing.problem:
        _without_key(standing)


def _by_its_repo(standing: Standing) -> None:
    say(
        "warning" if standing.trouble else "note",
        f"Followed through its {results_kind(standing.run.results_repo)}",
        standing.trouble
        or (
            "You see what it has delivered, updated every 30 seconds. The run ends by itself. Only a computer "
            "with the account's key can follow or remove its pod."
        ),
    )


def _no_contact(standing: Standing) -> None:
    with notice(
        "warning",
        "No contact with the GPU",
        f"{standing.trouble} It may still be running and cost money; its caps hold without this program. Trying "
        "again.",
    ):
        _console_link(standing.run)


def _without_key(standing: Standing) -> None:
    run = standing.run
    if run.armed_at is None:
        title = "Nothing is watching this launch"
        text = (
            "The GPU was rented by an earlier session of this program and has not reported itself ready. "
            f"Enter the {place_of_run(run).title} key, so that it is followed, or removed if it never gets ready."
        )
    else:
        heard = f", of {time_of_day(standing.heard_at)}" if standing.heard_at else ""
        title = f"These are the last known figures{heard}"
        text = (
            f"The run continues and ends by itself, at {dollars(run.most_usd)} or {run.max_hours:g} "
            f"hours at the latest. Enter the {place_of_run(run).title} key to see it live."
        )
    with notice("note", title, text):
        button_link("Enter the key", "/keys", symbol="key", primary=True)


def draw_end(run: Run, view: RunView, said: Sequence[str] = ()) -> None:
    """How a run ended, what of it was kept, and what to do next; without what was `said` above it."""
    reason = run.end_reason
    title = run.end_sentence or "The run is over."
    ended = view.picture.ended
    hint = on_page(ended.what_to_do) if ended is not None else ""
    detail = "" if run.detail == title else run.detail
    found = known_delivery(run.not_delivered, _last_word(view), run.results_repo)
    # What was said above goes by the repo's own listing, and the pod's last word by its attempt alone.
    is_said = found is None or found.sentence in said or (bool(said) and found.is_nothing)
    delivered = "" if found is None or is_said else found.sentence
    tone = "bad" if run.not_delivered else _tone(reason)
    with notice(tone, title, " ".join(part for part in (detail, hint, delivered) if part)):
        _quote(reason, view)
        if run.not_delivered:
            with box("div", "row"):
                button_link("What arrived", f"/runs/{run.nonce}?tab=files", symbol="download")
        if reason in _BAD_ENDS:
            _next_tries(run, view)
        elif reason is not None and reason.delivers:
            with box("div", "row"):
                voice_link(run)


def _quote(reason: EndReason | None, view: RunView) -> None:
    """The last output of its programs, if it did not end well."""
    if (
        view.picture.ended is None
        or not view.picture.ended.last_lines
        or (reason and reason.is_success)
    ):
        return
    para("Last output:")
    text = Text("pre", "\n".join(map(plain_line, view.picture.ended.last_lines)), "log")
    attributes(text, tabindex="0", role="region", aria_label="Last output of the run")


def _last_word(view: RunView) -> dict[str, Any] | None:
    ended = view.picture.ended
    return ended.model_dump(mode="json") if ended is not None else None


def _tone(reason: EndReason | None) -> Tone:
    if reason in _BAD_ENDS:
        return "bad"
    return "good" if reason is not None and reason.is_success else "warning"


def _next_tries(run: Run, view: RunView) -> None:
    smaller = smaller_try(run, view)
    if smaller:
        para(smaller.why)
    with box("div", "row"):
        if smaller:
            again = f"/train?again={run.nonce}&smaller=1"
            button_link(smaller.button, again, primary=True, symbol="train")
        button_link("Train again with these settings", f"/train?again={run.nonce}")
        button_link("Open the log", f"/runs/{run.nonce}?tab=log")


def smaller_try(run: Run, view: RunView) -> SmallerTry | None:
    """How to do it with less memory, if the run ended for want of it."""
    said: Iterable[str] = (
        run.detail,
        view.picture.ended.detail if view.picture.ended is not None else "",
        *(entry.text for entry in list(view.log)[-50:]),
    )
    ran_out = any(word in text.casefold() for text in said for word in _OUT_OF_MEMORY)
    return smaller_try_of_run(run.settings_json) if ran_out else None


def start_text(waited: timedelta) -> str:
    """While a GPU is being prepared: how long it has been, and what is usual."""
    if waited > USUAL_START:
        return "The GPU is starting; this takes longer than usual. It is removed if it does not become ready."
    return "The GPU is starting, which usually takes two to ten minutes."
