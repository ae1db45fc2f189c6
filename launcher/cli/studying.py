"""What `launcher study run` does: read the study, ask, then run it and say what happens."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

import typer

from launcher.cli.documents.studies import news_document, run_document
from launcher.cli.following import end_on_signals
from launcher.cli.notifying import with_addresses
from launcher.cli.session import PLACE_ALONE, find, run, with_secrets
from launcher.cli.terminal.layout import usd
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.study_view import study_text
from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.stop_rule import most_more_usd, why_over
from launcher.domain.studies.study import Study
from launcher.errors import Interrupted, InvalidRequest
from launcher.services.common.workbench import Workbench
from launcher.services.studies.creating import some_values
from launcher.services.studies.keeping import find_study, known_studies, read_before
from launcher.services.studies.news import StudyNews
from launcher.services.studies.running import StudyEnd, run_study
from launcher.services.studies.sampling import importances, need_optuna
from launcher.services.studies.trial_plan import composed_trial
from launcher.stores.secrets import HUB_KEYS, Keys
from pod_image.contract.figures import counted


def run_and_tell(
    key: str, output: Output, *, is_agreed: bool, notify: list[str], is_silent: bool
) -> None:
    """Run the study once the person has agreed to what is left of its budget, and say how it ended.

    Raises InvalidRequest where nobody can be asked, Interrupted when the person leaves, typer.Exit on "no".
    """
    need_optuna()
    if not is_agreed and not sys.stdin.isatty():
        raise InvalidRequest(
            "Nothing was rented, because there is no terminal to ask for confirmation.",
            hint="Add --yes to run it without being asked; launcher study show says what it does.",
        )
    keys = with_addresses(find((*PLACE_ALONE, *HUB_KEYS)), notify, is_off=is_silent)
    end_on_signals()
    ended = run(keys, lambda bench: _run(bench, keys, key, output, is_agreed))
    if ended is None:
        output.talk("Nothing was rented.")
        raise typer.Exit(1)
    address, end = ended
    shares = importances(end.study)
    output.answer(
        run_document(address, end.study, end.why, shares),
        lambda: f"{end.why}\n\n{study_text(address, end.study, shares)}",
        quiet=end.study.best.run_id if end.study.best else "",
    )


async def _run(
    bench: Workbench, keys: Keys, key: str, output: Output, is_agreed: bool
) -> tuple[StudyAddress, StudyEnd] | None:
    """None when the person said no."""
    address = known_studies(bench).found(key)
    study = (await find_study(bench, address)).study
    keys = with_secrets(
        keys, composed_trial(study.asked, some_values(study), "").settings, is_needed=True
    )
    output.talk(study_text(address, study, {}))
    if not is_agreed:
        question = money_question(study, bench.clock.now())
        if not typer.confirm(question, default=False, err=True):
            return None

    def report(news: StudyNews) -> None:
        text = in_terminal(news.text)
        if output.as_json:
            output.event(news_document(text, news.study, news.trial))
        else:
            output.talk(f"{bench.clock.now():%H:%M}  {text}")

    try:
        return address, await run_study(bench, keys, address, report, study.asked)
    except asyncio.CancelledError as exc:
        now = (
            read_before(known_studies(bench), address) or study
        )  # nobody is asked while one leaves
        raise left(address, now) from exc


def left(address: StudyAddress, study: Study) -> Interrupted:
    """Nobody runs it any more; what lives goes on, and what that can cost is set aside."""
    lives = (
        f"{counted(len(study.live), 'run goes', 'runs go')} on without this computer and may cost "
        f"{usd(study.reserved_usd)} more."
        if study.live
        else "None of its runs continues."
    )
    return Interrupted(
        f"{address} no longer runs. {lives}",
        hint=f"Go on: launcher study run {address}. End it: launcher study stop {address}",
    )


def money_question(study: Study, now: datetime) -> str:
    """What is agreed to, and that no further trial starts, where that is so."""
    why = why_over(study, now)
    over = f"{why} No further trial starts. " if why else ""
    return (
        f"\n{over}Run it for {usd(most_more_usd(study, why))} more at most, "
        f"{usd(study.asked.budget_usd)} in all?"
    )
