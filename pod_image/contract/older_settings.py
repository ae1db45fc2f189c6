"""What was written with an earlier release, as settings of this one; `older_names` has the names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pod_image.contract.older_names import (
    RENAMED,
    RETIRED,
    recorded_settings,
    todays_name,
    under_todays_names,
)
from pod_image.contract.settings import SETTINGS, RunSettings

__all__ = [
    "RENAMED",
    "RETIRED",
    "TakenOver",
    "check_tables",
    "known_settings",
    "recorded_settings",
    "taken_over",
    "todays_name",
    "under_todays_names",
    "unusable",
]


@dataclass(frozen=True)
class TakenOver:
    """Values under today's names. `notes`: a sentence for each that is called otherwise now or was left out."""

    values: dict[str, Any]
    notes: tuple[str, ...] = ()


def taken_over(values: Mapping[str, Any], *, of_another_release: bool = False) -> TakenOver:
    """What was written under older names. A name that nobody knows stays, to be refused as a slip of the pen.

    `of_another_release`: a program wrote the values, and it was not this release. Then a name that nobody knows, and
    a value that cannot be taken, is left out and said: age alone refuses nothing.
    """
    found: dict[str, Any] = {}
    notes: list[str] = []
    for name, value in values.items():
        now = todays_name(name)
        if now != name and (now in values or now in found):
            notes.append(f"{name} is now called {now}, which is set too; {name} is ignored.")
        elif name in RETIRED:
            notes.append(f"{name} is no longer a setting and is ignored: {RETIRED[name]}.")
        elif of_another_release and now not in SETTINGS:
            notes.append(f"{name} is not a setting in this release and is ignored.")
        else:
            found[now] = value
            notes += [f"{name} is now called {now}."] if now != name else []
    for name in unusable(found) if of_another_release else ():
        del found[name]
        notes.append(f"{name} is ignored: this release does not accept its value.")
    return TakenOver(found, tuple(notes))


def unusable(values: Mapping[str, Any]) -> list[str]:
    """Names of settings whose values this release cannot take."""
    known = {name: value for name, value in values.items() if name in SETTINGS}
    try:
        RunSettings.model_validate(known)
    except ValidationError as exc:
        return list(dict.fromkeys(str(fault["loc"][0]) for fault in exc.errors()))
    return []


def known_settings(settings_json: str) -> RunSettings:
    """As `recorded_settings`, without what is no setting of this release. Raises ValueError for what it cannot take."""
    values = recorded_settings(settings_json)
    return RunSettings.model_validate({n: value for n, value in values.items() if n in SETTINGS})


def check_tables() -> None:
    """Raises TypeError for a line that contradicts the settings there are: such tables cannot be imported."""
    for name in (*RENAMED, *RETIRED):
        if name in SETTINGS:
            raise TypeError(f"{name} is a setting, and is said to be one of an earlier release")
    for name in RENAMED:
        if todays_name(name) not in SETTINGS:
            raise TypeError(f"{name} was renamed to {todays_name(name)}, which is no setting")


check_tables()
