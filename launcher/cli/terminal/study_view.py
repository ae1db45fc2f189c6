"""A study on a terminal: its money, its trials, the best of them beside each other, and which setting mattered."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.cli.terminal.layout import pairs, paragraph, table, usd
from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.search_space import plain_value
from launcher.domain.studies.study import Study, Trial
from pod_image.contract.figures import counted

BESIDE_EACH_OTHER = 5
_BAR = 30


def study_text(address: StudyAddress, study: Study, importances: Mapping[str, float]) -> str:
    asked = study.asked
    parts = [
        str(address),
        pairs(
            [
                ("objective", f"{asked.objective.direction} {asked.objective.name}"),
                ("runs", settings_text(study)),
                ("search", ", ".join(f"{each.name}={each.text}" for each in asked.space)),
                ("by", f"{asked.sampler}, pruner {asked.pruner}, {asked.at_most} at a time"),
                ("budget", money_text(study)),
                *([("stopped", study.stopped)] if study.stopped else []),
            ]
        ),
    ]
    if study.trials:
        parts += ["", trials_table(study)]
    if study.ranked:
        parts += ["", best_text(address, study)]
    if importances:
        parts += ["", importances_text(importances)]
    return "\n".join(parts)


def settings_text(study: Study) -> str:
    """What all runs of it do: such as "preset finetune-medium, dataset_repo=me/clips"."""
    preset = [f"preset {study.asked.preset}"] if study.asked.preset else []
    given = [
        f"{name}={' '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in study.asked.given.items()
        if value not in ("", [])
    ]
    return ", ".join([*preset, *given])


def money_text(study: Study) -> str:
    """Such as "[####++....] 4.10 USD spent, 2.00 set aside for 1 trial, 3.90 of 10 left"."""
    budget = study.asked.budget_usd
    spent, reserved = study.spent_usd, study.reserved_usd
    full = min(_BAR, round(_BAR * spent / budget))
    half = min(_BAR - full, round(_BAR * reserved / budget))
    bar = "#" * full + "+" * half + "." * (_BAR - full - half)
    lives = (
        f", {usd(reserved)} set aside for {counted(len(study.live), 'trial')}" if reserved else ""
    )
    return (
        f"[{bar}] {usd(spent)} spent{lives}, {usd(max(0.0, study.left_usd))} of {usd(budget)} left"
    )


def trials_table(study: Study) -> str:
    names = [each.name for each in study.asked.space]
    best = study.best
    reached = study.objective.column(trial.value for trial in study.trials)
    rows = [
        (
            trial.run_id or f"trial {trial.number + 1}",
            f"{trial.state}{' *' if best is not None and trial.number == best.number else ''}",
            value or "-",
            usd(trial.committed_usd),
            *(_value(trial, name) for name in names),
            "" if trial.is_measured else trial.reason,
        )
        for trial, value in zip(study.trials, reached, strict=True)
    ]
    head = ("RUN", "STATE", study.objective.name.upper(), "COST", *(name.upper() for name in names))
    return table((*head, "WHY"), rows, right=(2, 3))


def best_text(address: StudyAddress, study: Study) -> str:
    """The best ones beside each other: where each reached its value, and what there is to hear."""
    ranked = study.ranked[:BESIDE_EACH_OTHER]
    reached = study.objective.column(trial.value for trial in ranked)
    rows = [
        (
            trial.run_id,
            value,
            "-" if trial.step is None else f"{trial.step:,}",
            trial.sample or "-",
        )
        for trial, value in zip(ranked, reached, strict=True)
    ]
    best = ranked[0]
    return "\n".join(
        [
            f"The best of {counted(len(study.ranked), 'complete trial')}:",
            table(("RUN", study.objective.name.upper(), "STEP", "SAMPLE"), rows, right=(1, 2)),
            paragraph(
                f"Download the best one: launcher results {address.repo}/{best.run_id} --download"
            ),
        ]
    )


def importances_text(importances: Mapping[str, float]) -> str:
    rows = [
        (name, f"{100 * share:.0f} %", "#" * round(_BAR * share))
        for name, share in importances.items()
    ]
    return "Which setting mattered, by Optuna:\n" + table(
        ("SETTING", "SHARE", ""), rows, right=(1,)
    )


def _value(trial: Trial, name: str) -> str:
    return plain_value(trial.params[name]) if name in trial.params else "-"
