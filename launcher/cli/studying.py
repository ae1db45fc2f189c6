"""What `launcher study run` does: read the study, ask, then run it and say what happens."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

import typer

from launcher.cli.documents.studies import news_document, run_document
from launcher.cli.following import end_on_signals
from launcher.cli.notifying import with_addresses
from launcher.cli.session import PLACE_ALONE, find, find_for, run, with_secrets
from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.layout import usd
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.study_view import study_text
from launcher.config import read_config
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
from launcher.stores.known_studies import KnownStudies
from launcher.stores.secrets import HUB_KEYS, KeyName, Keys
from pod_image.contract.figures import counted
from pod_image.contract.results_address import is_folder


def run_and_tell(
    key: str, output: Output, *, is_agreed: bool, notify: list[str], is_silent: bool
) -> None:
    """Run the study once the person has agreed to what is left of its budget, and say how it ended.

    Raises InvalidRequest where nobody can be asked, Interrupted when the person leaves, typer.Exit on "no".
    """
    need_optuna()
    address = named_study(key)
    if not is_agreed and not sys.stdin.isatty():
        raise InvalidRequest(
            "Nothing was rented, because there is no terminal to ask for confirmation.",
            hint="Add --yes to run it without being asked; launcher study show says what it does.",
        )
    keys = with_addresses(keys_to_run(address), notify, is_off=is_silent)
    end_on_signals()
    end = run(keys, lambda bench: _run(bench, keys, address, output, is_agreed))
    if end is None:
        output.talk("Nothing was rented.")
        raise typer.Exit(1)
    shares = importances(end.study)
    output.answer(
        run_document(address, end.study, end.why, shares),
        lambda: (
            f"{end.why}{_way_on(address, end.study)}\n\n{study_text(address, end.study, shares)}"
        ),
        quiet=end.study.best.run_id if end.study.best else "",
    )


def _way_on(address: StudyAddress, study: Study) -> str:
    """How a study that somebody stopped can go on."""
    if not study.stopped:
        return ""
    return (
        f" To continue it, add to it: {command_line('study', 'add', str(address), '--trials', '1')}"
    )


def named_study(key: str) -> StudyAddress:
    """The study that was named, or the one used last. Raises InvalidRequest."""
    return KnownStudies(read_config().data_folder).found(key)


def keys_to_read(address: StudyAddress, *more: KeyName) -> Keys:
    """What reads the study and writes to it, and those. One in a folder is of a machine of one's own: it takes none."""
    if is_folder(address.repo):
        return find(optional=(*PLACE_ALONE, *HUB_KEYS[:1]))
    return find((*more, *HUB_KEYS))


def keys_to_run(address: StudyAddress) -> Keys:
    """Those of the place where its runs go, as far as this computer knows the study."""
    study = read_before(KnownStudies(read_config().data_folder), address)
    if study is None:
        return keys_to_read(address, *PLACE_ALONE)
    return find_for(composed_trial(study.asked, some_values(study), "").settings)


async def _run(
    bench: Workbench, keys: Keys, address: StudyAddress, output: Output, is_agreed: bool
) -> StudyEnd | None:
    """None when the person said no."""
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
        return await run_study(bench, keys, address, report, study.asked)
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
    again, end = (command_line("study", word, str(address)) for word in ("run", "stop"))
    return Interrupted(
        f"{address} no longer runs. {lives}",
        hint=f"Go on: {again}. End it: {end}",
    )


def money_question(study: Study, now: datetime) -> str:
    """What is agreed to, and that no further trial starts, where that is so."""
    why = why_over(study, now)
    over = f"{why} No further trial starts. " if why else ""
    return (
        f"\n{over}Run it for {usd(most_more_usd(study, why))} more at most, "
        f"{usd(study.asked.budget_usd)} in all?"
    )
