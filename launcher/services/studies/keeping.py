"""A study in its results repo or folder: read, and changed by a version that follows the one it was read at, or not.

So two computers never both take the last of the money: whoever comes second reads again and decides anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.kept import (
    STUDY_BYTES,
    TRIALS_BYTES,
    read_study,
    study_text,
    trials_text,
)
from launcher.domain.studies.study import Study
from launcher.errors import HubError, InvalidRequest
from launcher.hub.kept_studies import KeptStudies
from launcher.services.common.workbench import Workbench
from launcher.stores.known_studies import KnownStudies
from pod_image.contract.results_address import results_kind

_TRIES = 12
_PAUSE_SECONDS = 2.0
Change = Callable[[Study], Study]


@dataclass(frozen=True)
class FoundStudy:
    """As it was at that commit."""

    study: Study
    commit: str


def known_studies(bench: Workbench) -> KnownStudies:
    return KnownStudies(bench.config.data_folder)


def kept_studies(bench: Workbench, repo: str) -> KeptStudies:
    return KeptStudies(bench.hub, repo)


def read_before(known: KnownStudies, address: StudyAddress) -> Study | None:
    """As this computer read it last; nobody is asked."""
    kept = known.copy(address)
    try:
        return read_study(kept[0].encode(), kept[1].encode()) if kept is not None else None
    except InvalidRequest:
        return None


async def find_study(bench: Workbench, address: StudyAddress) -> FoundStudy:
    """Raises InvalidRequest where the repo has no such study, HubError or NotConfigured where it cannot be read."""
    found = await _looked(bench, address)
    if found.study is None:
        names = await kept_studies(bench, address.repo).names()
        listed = f"It has: {', '.join(names[:20])}." if names else "It has no study yet."
        raise InvalidRequest(f"{address.repo} contains no study {address.name}.", hint=listed)
    return FoundStudy(found.study, found.commit)


async def begin_study(bench: Workbench, address: StudyAddress, study: Study) -> None:
    """Keep a new study. Raises InvalidRequest for a name that is taken."""
    await bench.results(address.repo).ensure()
    for _ in range(_TRIES):
        found = await _looked(bench, address)
        if found.study is not None:
            raise InvalidRequest(
                f"{address.repo} has a study {address.name} already.",
                hint="Choose another name, or continue with that one.",
            )
        if await _written(bench, address, study, f"Study {address.name}", found.commit):
            return
        await bench.clock.sleep(_PAUSE_SECONDS)
    raise _too_busy(address)


async def change_study(
    bench: Workbench, address: StudyAddress, change: Change, message: str
) -> Study:
    """Read it, change it, and commit that on top of what was read; again from the start where somebody came between.

    `change` may be called more than once, each time with the study as it is then; what it raises ends it. One that
    changes nothing makes no commit.
    """
    for _ in range(_TRIES):
        found = await find_study(bench, address)
        changed = change(found.study)
        if changed == found.study:
            return changed
        if await _written(bench, address, changed, message, found.commit):
            return changed
        await bench.clock.sleep(_PAUSE_SECONDS)
    raise _too_busy(address)


@dataclass(frozen=True)
class _Looked:
    study: Study | None
    commit: str


async def _looked(bench: Workbench, address: StudyAddress) -> _Looked:
    kept = await kept_studies(bench, address.repo).read(address.name, STUDY_BYTES, TRIALS_BYTES)
    if kept.study is None:
        return _Looked(None, kept.commit)
    study = read_study(kept.study, kept.trials)
    if study.name != address.name:
        raise InvalidRequest(f"The folder of {address} holds another study, {study.name}.")
    known_studies(bench).keep_copy(address, study_text(study), trials_text(study))
    return _Looked(study, kept.commit)


async def _written(
    bench: Workbench, address: StudyAddress, study: Study, message: str, commit: str
) -> bool:
    texts = study_text(study), trials_text(study)
    is_there = await kept_studies(bench, address.repo).write(
        address.name, *texts, message, on_top_of=commit
    )
    if is_there:
        known_studies(bench).keep_copy(address, *texts)
    return is_there


def _too_busy(address: StudyAddress) -> HubError:
    return HubError(
        f"The study {address} could not be written: others kept changing its {results_kind(address.repo)}.",
        hint="Try again in a moment.",
    )
