"""The files of this computer that a run brings along, read and looked into for its plan. Blocking; sends nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from launcher.domain.brought import Brought, LocalFile
from launcher.recipes import recipe_of
from launcher.recipes.base import Recipe
from launcher.services.planning.brought.keys_in_files import key_in_file
from launcher.services.planning.brought.read import (
    ON_SECRET,
    TO_A_REPO,
    Entry,
    NotBrought,
    listed,
    read_entry,
    refuse_large,
)
from launcher.services.planning.brought.requirements import read_requirements
from pod_image.contract.brought import (
    CONFIGURATION,
    MOST_FILES,
    split_bring,
)
from pod_image.contract.figures import counted, size
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.knobs import GoesAs, Setting
from pod_image.contract.next_steps import Sentence
from pod_image.contract.paths import safe_path
from pod_image.contract.settings import SETTINGS, RunSettings

_OURS = ".venv"
"""The folder below the command's own that the pod makes for its packages."""
ON_KEYS = Sentence("Take it out of the file. ", ON_SECRET)
_MOST_KEYS_SAID = 5


@dataclass(frozen=True)
class Part:
    """What one setting brings. `place` is what the pod is told of it."""

    setting: Setting
    files: tuple[LocalFile, ...] = ()
    place: Any = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_configuration(self) -> bool:
        return self.setting.knob.goes_as == "configuration"


def look_at_brought(settings: RunSettings) -> tuple[Brought, tuple[Finding, ...]]:
    """What goes along, and what is to be said of it; nothing goes when a finding is an error."""
    values = settings.model_dump()
    parts = [
        part_of(setting, values[name])
        for name, setting in SETTINGS.items()
        if setting.knob.is_local and setting.applies(values) and values[name]
    ]
    findings = [found for part in parts for found in part.findings]
    files = [file for part in parts if not part.is_configuration for file in part.files]
    if not _has_error(findings):
        own = [part for part in parts if part.is_configuration]
        configured = configured_by(recipe_of(settings), settings, own)
        files += configured.files
        findings += configured.findings
    owners = {file.path: part.setting.name for part in parts for file in part.files}
    findings += [*_on_places(files), *(_on_amount(files) or _on_keys(files, owners))]
    if _has_error(findings):
        return Brought(), tuple(findings)
    brought = Brought(_once(files), {part.setting.name: part.place for part in parts})
    return brought, (*_said(brought, settings.results), *findings)


def _has_error(findings: Sequence[Finding]) -> bool:
    return any(found.severity is Severity.ERROR for found in findings)


def part_of(setting: Setting, value: Any) -> Part:
    read: list[Entry] = []
    findings: list[Finding] = []
    for text in value if setting.is_list else (value,):
        try:
            read.append(_entry(setting.knob.goes_as, text))
        except NotBrought as exc:
            findings.append(exc.finding)
    files = tuple(file for entry in read for file in entry.files)
    places = tuple(entry.place or "." for entry in read)
    findings += [found for entry in read for found in entry.findings]
    said = tuple(replace(found, setting=setting.name) for found in findings)
    return Part(setting, files, places if setting.is_list else "".join(places), said)


def _entry(goes_as: GoesAs, text: str) -> Entry:
    match goes_as:
        case "files":
            return read_entry(*split_bring(text))
        case "requirements":
            return read_requirements(text)
        case "configuration":
            path = Path(text).expanduser()
            name = path.name if path.is_file() else ""  # of a folder what is in it takes its place
            return read_entry(text, f"{CONFIGURATION}/{name}")


def configured_by(recipe: Recipe, settings: RunSettings, parts: Sequence[Part]) -> _Made:
    """What the recipe makes of the person's own configuration, or of the settings: files at their places."""
    start = f"{CONFIGURATION}/"
    given = {file.path.removeprefix(start): file for part in parts for file in part.files}
    contents = {name: file.content for name, file in given.items()}
    made = recipe.configuration(settings, contents)
    files = tuple(
        LocalFile(start + name, content, name in given and given[name].is_executable)
        for name, content in made.files.items()
    )
    return _Made(files, made.findings)


@dataclass(frozen=True)
class _Made:
    files: tuple[LocalFile, ...]
    findings: tuple[Finding, ...]


def _on_places(files: Sequence[LocalFile]) -> list[Finding]:
    """Each file has a place of its own below the command's folder, which is not the pod's."""
    there: dict[str, LocalFile] = {}
    for file in files:
        if safe_path(file.path) != file.path or file.path.partition("/")[0] == _OURS:
            return [_wrong_place(f"{file.path} cannot be used for your own files.")]
        if file.path in there and there[file.path].content != file.content:
            return [_wrong_place(f"Two different files would be at {file.path}.")]
        there[file.path] = file
    for path in there:
        above = path.rpartition("/")[0]
        while above:
            if above in there:
                return [_wrong_place(f"{above} would be a file and a folder.")]
            above = above.rpartition("/")[0]
    return []


def _wrong_place(message: str) -> Finding:
    hint = "Say where to put it, such as train.py:lib/train.py."
    return Finding(Severity.ERROR, "brought_place", message, hint, setting="bring")


def _on_keys(files: Sequence[LocalFile], owners: Mapping[str, str]) -> list[Finding]:
    found: list[Finding] = []
    for file in files:
        key = key_in_file(file.path, file.content)
        if key is not None and len(found) < _MOST_KEYS_SAID:
            where = f"{file.path} {key.where}".strip()
            message = f"{where} looks like it contains a key ({key.kind})."
            owner = owners.get(file.path, "")
            found.append(Finding(Severity.ERROR, "brought_key", message, ON_KEYS, setting=owner))
    return found


def _on_amount(files: Sequence[LocalFile]) -> list[Finding]:
    if len(files) > MOST_FILES:
        many = f"{counted(len(files), 'file')} would be sent; the limit is {MOST_FILES:,}."
        return [Finding(Severity.ERROR, "brought_many", many, TO_A_REPO)]
    try:
        refuse_large(sum(len(file.content) for file in files), "The run")
    except NotBrought as exc:
        return [exc.finding]
    return []


def _once(files: Sequence[LocalFile]) -> tuple[LocalFile, ...]:
    return tuple({file.path: file for file in files}.values())


def _said(brought: Brought, results_repo: str) -> list[Finding]:
    if not brought.files:
        return []
    names = [file.path for file in brought.listed.files]
    go = "is" if len(names) == 1 else "are"
    return [
        Finding(
            Severity.NOTE,
            "brought",
            f"{counted(len(names), 'file')} on this computer {go} sent: {listed(names)} "
            f"({size(brought.listed.size_bytes)}, sha256 {brought.sha256[:16]}…). They are stored in the "
            f"results repo {results_repo}; anyone who can read it can read them.",
        )
    ]
