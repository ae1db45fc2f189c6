"""A study by its results repo: `me/voice/tune`, or by its name where this computer knows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.domain.studies.study import is_study_name
from launcher.errors import InvalidRequest


@dataclass(frozen=True, order=True)
class StudyAddress:
    repo: str
    name: str

    def __str__(self) -> str:
        return f"{self.repo}/{self.name}"


def study_address(typed: str) -> StudyAddress | None:
    """What was named; None for a text without a repo. `OWNER/NAME/studies/tune` is taken as well."""
    parts = [part for part in typed.strip().strip("/").split("/") if part]
    if len(parts) == 4 and parts[2] == "studies":
        del parts[2]
    if len(parts) != 3 or not is_study_name(parts[2]):
        return None
    return StudyAddress("/".join(parts[:2]), parts[2])


def checked_name(name: str) -> str:
    """Raises InvalidRequest for what cannot name a study."""
    if not is_study_name(name):
        raise InvalidRequest(
            f"A study cannot be called {name!r}.",
            hint="Use up to 25 lower-case letters, digits and hyphens, such as calm-voice.",
        )
    return name
