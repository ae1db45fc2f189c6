"""What a run that is continued was trained with, beside what it is to go on with: told before anything is rented.

A run without a checkpoint begins anew on its pod, so nothing can contradict it.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from launcher.domain.plan import Composed, DatasetSummary, Origin
from launcher.recipes import recipe_of, recipe_of_run
from launcher.recipes.base import Learnt
from launcher.services.common.workbench import Workbench
from launcher.services.planning.dataset_names import joined_name
from pod_image.contract.datasets import AT, chosen_datasets
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import NextStep, Said, Sentence, Step, setting
from pod_image.contract.older_settings import taken_over, under_todays_names
from pod_image.contract.record import RunRecord
from pod_image.contract.settings import SETTINGS, RunSettings

_CHOSEN = {
    Origin.YOU: "you chose {value}",
    Origin.PRESET: "the preset says {value}",
    Origin.DEFAULT: "now it would be {value}, the default",
}


@dataclass(frozen=True)
class Earlier:
    """The run so far: what its pod wrote of it, and what its results tell."""

    record: RunRecord
    learnt: Learnt

    @property
    def values(self) -> dict[str, Any]:
        """As they were written, under today's names."""
        said = {"recipe": self.record.recipe, **self.record.settings, **self.learnt.values}
        return under_todays_names(said)

    @property
    def settings(self) -> RunSettings:
        """As this release has them; what it cannot take, or what was no setting then, is at its default."""
        return RunSettings.model_validate(taken_over(self.values, of_another_release=True).values)


async def record_so_far(bench: Workbench, settings: RunSettings) -> RunRecord | None:
    """Of the run that is continued, as its last pod left it. Raises HubError."""
    return await bench.results(settings.results).record(settings.run_id)


def settings_so_far(record: RunRecord) -> RunSettings:
    return Earlier(record, Learnt()).settings


async def earlier_life(
    bench: Workbench, settings: RunSettings, record: RunRecord
) -> Earlier | None:
    """None where there is nothing to go on from. Raises HubError."""
    if record.checkpoint is None:
        return None
    recipe = recipe_of_run(json.dumps({"recipe": record.recipe}))
    upload, repo = bench.hub.upload, settings.results
    return Earlier(record, await bench.hub.run(recipe.learnt, upload, repo, settings.run_id))


def findings_on_resume(
    composed: Composed, earlier: Earlier, dataset: DatasetSummary | None, forced: Collection[str]
) -> tuple[Finding, ...]:
    """An error for each contradiction, named with both values; a warning where the dataset has changed since."""
    record, settings, before = earlier.record, composed.settings, earlier.settings
    found = [*_settled(composed, earlier), *_speakers(earlier, dataset)]
    found += _other_dataset(record.run_id, settings, before, forced)
    if any(finding.severity is Severity.ERROR for finding in found):
        return tuple(found)
    commits = (record.dataset_commit, *record.more_dataset_commits)
    is_same = dataset is not None and dataset.commits == commits
    left = recipe_of(settings).why_nothing_is_left(
        settings,
        dataset if is_same else None,
        before,
        record.checkpoint.step if record.checkpoint else 0,
    )
    if not found and not is_same and dataset is not None:
        found += _changed(record, dataset)
    return (*((left,) if left else ()), *found)


def _settled(composed: Composed, earlier: Earlier) -> list[Finding]:
    """Values are compared as what they stand for; one that differs by another setting alone is told with that."""
    before, run_id = earlier.settings, earlier.record.run_id
    now, then = composed.settings.applicable(), {**before.applicable(), **earlier.values}
    means_now = {**now, **recipe_of(composed.settings).spelt_out(composed.settings)}
    means_then = {**then, **recipe_of(before).spelt_out(before)}
    return [
        _contradiction(composed, run_id, name, means_now[name], means_then[name])
        for name in now
        if SETTINGS[name].knob.is_settled
        and name in then
        and now[name] != then[name]
        and means_now[name] != means_then[name]
    ]


def _contradiction(composed: Composed, run_id: str, name: str, now: Any, then: Any) -> Finding:
    label = _label(name)
    chosen = _CHOSEN[composed.origins.get(name, Origin.DEFAULT)].format(value=now)
    return Finding(
        Severity.ERROR,
        "resume",
        f"{run_id} was trained with {label} {then}; {chosen}. Its checkpoint works only with {then}.",
        _way(Sentence(setting(name, then))),
    )


def _label(name: str) -> str:
    label = SETTINGS[name].knob.label
    return label if label.split()[0].islower() else label[:1].lower() + label[1:]


def _way(to_keep: Said) -> Said:
    return Sentence(
        "To continue it: ", to_keep, ". To start a new run, leave ", NextStep.CONTINUE_RUN,
        " out and take another ", setting("run_id"), ".",
    )  # fmt: skip


def _speakers(earlier: Earlier, dataset: DatasetSummary | None) -> list[Finding]:
    """A speaker is known by its place: the names of the dataset in another order would swap voices."""
    then, now = earlier.learnt.speakers, dataset.speaker_names if dataset else ()
    if not then or not now or now[: len(then)] == then:
        return []
    run_id = earlier.record.run_id
    return [
        Finding(
            Severity.ERROR,
            "resume",
            f"{run_id} was trained with the speakers {', '.join(then)}, in this order; the dataset now has "
            f"{', '.join(now)}. Each would be trained on another speaker's recordings.",
            _way("put them first in the table, in their old order"),
        )
    ]


def _other_dataset(
    run_id: str, settings: RunSettings, before: RunSettings, forced: Collection[str]
) -> list[Finding]:
    """Another dataset, folder or table can be meant, such as more of the same voice: it is asked about, and may be
    let pass."""
    then, now = _clips_of(before), _clips_of(settings)
    if then == now:
        return []
    from pod_image.dataset import Code

    code = Code.RESUME_DATASET
    differ = [name for name in then if then[name] != now[name]]
    to_keep: list[str | Step] = []
    for name in differ:
        asked: list[str | Step] = ["leave ", setting(name), " empty"]
        if then[name]:
            asked = [setting(name, then[name])]
        to_keep += [", ", *asked] if to_keep else asked
    return [
        Finding(
            Severity.WARNING if code in forced else code.severity,
            code,
            f"{run_id} was trained on {_said(before, settings)}; you chose {_said(settings, before)}.",
            _way(Sentence(*to_keep)),
        )
    ]


def _clips_of(settings: RunSettings) -> dict[str, str]:
    """What decides which clips a run learns from, but for their revision; by the setting that says it."""
    return {
        "dataset_repo": ",".join(_without_revisions(settings)),
        "dataset_folder": settings.dataset_folder,
        "table": ",".join(sorted(settings.table)),
    }


def _without_revisions(settings: RunSettings) -> list[str]:
    """The first without its folder, which is a setting of its own."""
    return [
        f"{each.repo}/{each.inside}" if number and each.inside else each.repo
        for number, each in enumerate(chosen_datasets(settings))
    ]


def _said(settings: RunSettings, beside: RunSettings) -> str:
    """The datasets of one of the two, with folder and tables where these differ from the other's."""
    datasets = _without_revisions(settings)
    words = joined_name(datasets) if datasets else "no dataset"
    if settings.dataset_folder != beside.dataset_folder:
        words += (
            f" (folder {settings.dataset_folder})" if settings.dataset_folder else " (all folders)"
        )
    if set(settings.table) != set(beside.table):
        tables = ", ".join(sorted(settings.table))
        words += f" with the table {tables}" if tables else " with the tables that agree"
    return words


def _changed(record: RunRecord, dataset: DatasetSummary) -> list[Finding]:
    """Of several the first that changed is named."""
    commits = (record.dataset_commit, *record.more_dataset_commits)
    names = [part.name for part in dataset.parts] or [dataset.repo]
    different = [
        (name, then, now)
        for name, then, now in zip(names, commits, dataset.commits, strict=False)
        if then and then != now
    ]
    if not different:
        return []
    (name, then, now), *_ = different
    to_keep = (
        Sentence(setting("more_datasets"), f" may name {name.partition(AT)[0]}{AT}{then}")
        if name != names[0]
        else Sentence(setting("dataset_revision", then))
    )
    return [
        Finding(
            Severity.WARNING,
            "dataset_changed",
            f"{name} has changed since {record.run_id} was trained on it (commit {then[:8]}, now {now[:8]}); it "
            "continues with the current clips.",
            Sentence("To keep the original clips: ", to_keep, "."),
        )
    ]
