"""Repos to choose from, as the token that will be used sees them; a token without that right says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from launcher.errors import LauncherError
from launcher.hub.own_repos import (
    MOST_OF_ONE,
    OwnRepos,
    RepoKind,
    SeenRepo,
    readable_datasets,
    writable_repos,
)
from launcher.services.choosing.option import Listing, Option, shown_words
from launcher.services.common.workbench import Workbench
from pod_image.contract.figures import counted
from pod_image.contract.hub_inputs import REPO
from pod_image.contract.next_steps import NextStep, Said, Sentence
from pod_image.hub import Account

LONGEST_NAME = 96
TYPE_IT = "Any other repo can be typed, as owner/name."
_OR_TYPE = "A repo can also be typed, as owner/name."


async def datasets_to_choose(bench: Workbench) -> Listing:
    """What the token that reads datasets may see. Never raises for the Hub."""
    hub = bench.hub.in_a_hurry()
    if hub.dataset.token is None:
        return _without_token("reads the dataset", "hf-dataset")
    try:
        own = await hub.run(readable_datasets, hub.dataset)
    except LauncherError as error:
        return _no_list(error)
    now = bench.clock.now()
    notes = [*_notes(own)]
    if not own.repos:
        notes.insert(0, f"{shown_words(own.account.name)} has no dataset that this token can see.")
    return Listing(tuple(_option(each, now) for each in _named(own.repos)), tuple(notes))


async def results_to_choose(bench: Workbench, suggested: str) -> Listing:
    """Where the token that writes the results may put them; `suggested` is a name for a new repo."""
    return await _to_write(bench, suggested, "model", "Created when the run starts.")


async def places_for_dataset(bench: Workbench, suggested: str) -> Listing:
    """Where the token that writes may put a dataset; `suggested` is a name for a new repo."""
    return await _to_write(bench, suggested, "dataset", "Created when the dataset is sent.")


async def _to_write(bench: Workbench, suggested: str, kind: RepoKind, made: str) -> Listing:
    hub = bench.hub.in_a_hurry()
    if hub.upload.token is None:
        return _without_token("writes the results", "hf-upload")
    try:
        own = await hub.run(writable_repos, hub.upload, kind)
    except LauncherError as error:
        return _no_list(error)
    now = bench.clock.now()
    options = [_option(each, now) for each in _named(own.repos)]
    makes = tuple(each for each in own.account.writable_namespaces if REPO.fullmatch(f"{each}/x"))
    there = {each.value.casefold() for each in options}
    for number, account in enumerate(makes[:1]):
        name = f"{account}/{suggested}"
        if name.casefold() not in there:
            options.insert(number, new_repo(name, made))
    notes = [*_notes(own), *_roles(own.account)]
    if not options and not makes:
        notes.insert(0, f"This token may write to no {kind} repo, so an upload would be refused.")
    elif not makes:
        notes.append("This token cannot make repos: choose one that exists.")
    return Listing(tuple(options), tuple(notes), makes=makes)


def new_repo(name: str, made: str = "Created when the run starts.") -> Option:
    return Option(name, f"New private repo {name}", made, marks=("new",))


def suggested_name(dataset: str) -> str:
    """A name for the results of a training on that dataset."""
    name = re.sub(r"[^\w.-]+", "-", dataset.rpartition("/")[2], flags=re.ASCII).strip("-.")
    return f"{name[: LONGEST_NAME - 40]}-results" if name else "results"


def _named(repos: tuple[SeenRepo, ...]) -> Iterator[SeenRepo]:
    """Those whose names are as the Hub has them: others cannot be a value of the setting."""
    return (each for each in repos if REPO.fullmatch(each.id) and len(each.id) <= LONGEST_NAME)


def _option(repo: SeenRepo, now: datetime) -> Option:
    marks = ("private",) if repo.is_private else ()
    return Option(repo.id, repo.id, _changed(repo.changed_at, now), marks)


def _changed(at: datetime | None, now: datetime) -> str:
    if at is None:
        return ""
    days = (now - at).days
    return "changed today" if days < 1 else f"changed {at.day} {at:%B %Y}"


def _notes(own: OwnRepos) -> Iterator[Said]:
    if own.lists_single_repos_alone:
        yield "This token covers single repos and cannot list others."
    for name in own.refused:
        yield f"This token may not list the repos of {shown_words(name)}."
    for name in own.cut:
        yield f"Of {shown_words(name)} only the newest {MOST_OF_ONE} are listed. {TYPE_IT}"
    if own.left_out:
        yield f"The repos of {counted(len(own.left_out), 'more account')} were not asked for. {TYPE_IT}"


def _roles(account: Account) -> Iterator[Said]:
    """Of organisations in which the account may not write, or not everywhere, whatever its token may."""
    for name in account.read_only_orgs:
        yield f"{shown_words(name)} is left out: your role there is read-only."
    for name in account.contributor_orgs:
        yield f"In {shown_words(name)} you may write only to repos that you have made yourself."


def _without_token(does: str, key: str) -> Listing:
    return Listing(
        problem=f"There is no Hugging Face token that {does} yet, so its repos cannot be listed.",
        what_to_do=Sentence("Give one: ", NextStep.ENTER_KEY.of(key), f". {_OR_TYPE}"),
    )


def _no_list(error: LauncherError) -> Listing:
    said = Sentence("Your repos could not be listed: ", error.message)
    return Listing(problem=said, what_to_do=Sentence(error.hint, f" {_OR_TYPE}"))
