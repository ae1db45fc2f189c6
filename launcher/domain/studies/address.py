"""A study by its results repo or folder: `me/voice/tune`, `/voices/tune`; or by its name where it is known. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.domain.studies.study import is_study_name
from launcher.errors import InvalidRequest
from pod_image.contract.results_address import is_folder


@dataclass(frozen=True, order=True)
class StudyAddress:
    repo: str
    """Or the folder in its place."""
    name: str

    def __str__(self) -> str:
        # A folder called studies is said with the one of that name in it, since `study_address` takes one away.
        is_doubtful = is_folder(self.repo) and self.repo.endswith("/studies")
        return f"{self.repo}/studies/{self.name}" if is_doubtful else f"{self.repo}/{self.name}"


def study_address(typed: str) -> StudyAddress | None:
    """What was named; None for a text without a repo or folder. `OWNER/NAME/studies/tune` is taken as well."""
    if is_folder(typed.strip()):
        return _in_folder(typed.strip().rstrip("/"))
    parts = [part for part in typed.strip().strip("/").split("/") if part]
    if len(parts) == 4 and parts[2] == "studies":
        del parts[2]
    if len(parts) != 3 or not is_study_name(parts[2]):
        return None
    return StudyAddress("/".join(parts[:2]), parts[2])


def _in_folder(typed: str) -> StudyAddress | None:
    folder, _, name = typed.rpartition("/")
    folder = folder.removesuffix("/studies")
    return StudyAddress(folder, name) if is_folder(folder) and is_study_name(name) else None


def checked_name(name: str) -> str:
    """Raises InvalidRequest for what cannot name a study."""
    if not is_study_name(name):
        raise InvalidRequest(
            f"A study cannot be called {name!r}.",
            hint="Use up to 25 lower-case letters, digits and hyphens, such as calm-voice.",
        )
    return name
