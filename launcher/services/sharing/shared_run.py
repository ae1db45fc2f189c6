"""Everything that a shared page may show of a run, brought together: its events, its bill, its samples."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture, picture_of
from launcher.errors import LauncherError
from launcher.hub.results_repo import exactly
from launcher.services.common.workbench import Workbench
from launcher.services.following.attached import delivered_events
from launcher.services.following.delivered_files import list_results, results_folder
from launcher.services.following.receipts import Receipt, receipt
from launcher.services.live.journal import Journal
from launcher.services.sharing.choice import Choice, chosen_samples
from pod_image.contract.bodies import CheckpointWritten, Sample
from pod_image.contract.events import Event
from pod_image.contract.media import media_type
from pod_image.contract.paths import safe_path


@dataclass(frozen=True)
class SharedRun:
    """A run at a moment. `samples` have their content; `trouble` says why there are none."""

    run: Run
    picture: RunPicture
    receipt: Receipt
    at: datetime
    samples: tuple[tuple[Sample, bytes], ...] = ()
    reference: tuple[Sample, bytes] | None = None
    samples_made: int = 0
    trouble: str = ""
    home: Path = field(default_factory=Path.home)


async def gather(bench: Workbench, run: Run, choice: Choice) -> SharedRun:
    """What this computer and the results repo know. Without the repo the page has what is here."""
    events, trouble = await _events(bench, run)
    picture = picture_of(events)
    best = _best(events)
    made = [one.body for one in picture.samples]
    sizes, unlisted = await _sizes(bench, run)
    sizes = {**_sizes_here(bench, run, made), **sizes}
    chosen = chosen_samples([one for one in made if _can_be_shown(one)], best, sizes)
    references = [one for one in made if one.kind == "reference" and one.path in sizes]
    wanted = [*chosen, *(references[:1] if choice.with_reference else [])]
    contents, missing = await _contents(bench, run, [one.path for one in wanted])
    with_content = tuple((one, contents[one.path]) for one in wanted if one.path in contents)
    return SharedRun(
        run=run,
        picture=picture,
        receipt=receipt(bench.runs, run),
        at=bench.clock.now(),
        samples=tuple(pair for pair in with_content if pair[0].kind != "reference"),
        reference=next((pair for pair in with_content if pair[0].kind == "reference"), None),
        samples_made=sum(one.kind != "reference" for one in made),
        trouble=missing or unlisted or trouble,
    )


async def _events(bench: Workbench, run: Run) -> tuple[list[Event], str]:
    """Those kept here and those delivered, some of them twice; and why the repo's could not be read."""
    journal = Journal(bench.config.data_folder / "events")
    kept = await asyncio.to_thread(lambda: list(journal.read(run)))
    try:
        return [*kept, *await delivered_events(bench, run)], ""
    except LauncherError as error:
        return kept, str(error.message)


async def _sizes(bench: Workbench, run: Run) -> tuple[dict[str, int], str]:
    """Bytes of what is in the repo, by path below the run's folder; and why it could not be listed."""
    try:
        listed = await list_results(bench, run)
    except LauncherError as error:
        return {}, str(error.message)
    return {file.path.removeprefix(f"{run.run_id}/"): file.size_bytes for file in listed}, ""


def _best(events: Iterable[Event]) -> CheckpointWritten | None:
    said = [one.body for one in events if isinstance(one.body, CheckpointWritten)]
    return next((one for one in reversed(said) if one.is_best), None)


def _can_be_shown(sample: Sample) -> bool:
    return safe_path(sample.path) == sample.path and bool(media_type(sample.path))


def _folder(bench: Workbench, run: Run) -> Path:
    return results_folder(bench, run) / run.run_id


def _sizes_here(bench: Workbench, run: Run, samples: Sequence[Sample]) -> dict[str, int]:
    folder = _folder(bench, run)
    found = {}
    for one in samples:
        with suppress(OSError):
            if _can_be_shown(one) and (folder / one.path).is_file():
                found[one.path] = (folder / one.path).stat().st_size
    return found


async def _contents(
    bench: Workbench, run: Run, paths: Sequence[str]
) -> tuple[dict[str, bytes], str]:
    """By path; what is not here yet is brought here. Also why some could not be had."""
    folder, trouble = _folder(bench, run), ""
    absent = [path for path in paths if not (folder / path).is_file()]
    if absent:
        try:
            into = results_folder(bench, run)
            await bench.results(run.results_repo).download(run.run_id, into, exactly(*absent))
        except LauncherError as error:
            trouble = str(error.message)
    found: dict[str, bytes] = {}
    for path in paths:
        with suppress(OSError):
            if (folder / path).resolve().is_relative_to(folder.resolve()):
                found[path] = (folder / path).read_bytes()
    return found, trouble
