"""The repos that a run fetches beside its dataset: whether they can be read, how large they are, at which commit.

Blocking. Settings that name one hold its commit afterwards: that is what the pod is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from launcher.domain.hub_address import KIND_NAMES
from launcher.domain.plan import PlannedInput
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.hub_inputs import HubInput, hub_input, usual_folder
from pod_image.contract.knobs import Setting
from pod_image.contract.next_steps import NextStep, Said, Sentence, setting
from pod_image.contract.paths import safe_path
from pod_image.contract.settings import SETTINGS, RunSettings
from pod_image.hub import (
    Cause,
    Gated,
    Hub,
    HubError,
    HubRefused,
    HubUnavailable,
    NotInRepo,
    NotToBeAsked,
    Repo,
    RepoMissing,
    check_access,
    kind_there,
    list_files,
    resolve_commit,
)


@dataclass(frozen=True)
class InputsLook:
    """The settings with every input at its commit, as far as it could be asked; what each is, and what was found."""

    settings: RunSettings
    inputs: tuple[PlannedInput, ...] = ()
    findings: tuple[Finding, ...] = ()


def hub_settings(settings: RunSettings) -> dict[str, tuple[str, ...]]:
    """What each setting says that names repos and has any, in order of declaration."""
    return {
        each.name: _addresses(settings, each)
        for each in _naming(settings)
        if _addresses(settings, each)
    }


def look_at_inputs(hub: Hub, settings: RunSettings, before: RunSettings | None) -> InputsLook:
    """Ask the Hub for each. `before` are the settings of the run that is continued: it keeps their commits.

    Never raises HubError.
    """
    named = hub_settings(settings)
    if not named:
        return InputsLook(settings)
    shared = _shared_folders([word for words in named.values() for word in words])
    if shared:
        return InputsLook(settings, findings=shared)
    look = _Look(hub.brief(), settings.run_id, before)
    pinned = {
        name: [look.at_one(name, hub_input(word), _wanted_of(settings, name)) for word in words]
        for name, words in named.items()
    }
    changes: dict[str, Any] = {
        name: tuple(map(str, found)) if SETTINGS[name].is_list else str(found[0])
        for name, found in pinned.items()
    }
    return InputsLook(settings.model_copy(update=changes), tuple(look.inputs), tuple(look.findings))


@dataclass
class _Look:
    hub: Hub
    run_id: str
    before: RunSettings | None
    inputs: list[PlannedInput] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def at_one(self, name: str, asked: HubInput, path: str = "") -> HubInput:
        """The same at its commit, or as well as it is known. `path`: which of its files is fetched."""
        then = self._commit_before(name, asked)
        wanted = asked.revision or then
        repo = Repo(asked.repo, asked.kind)
        try:
            check_access(self.hub, repo)
            commit = resolve_commit(self.hub, repo, wanted or None)
            listed = list_files(self.hub, repo, commit)
        except HubError as exc:
            self.findings.append(self._refusal(exc, asked, repo, wanted))
            if isinstance(exc, HubUnavailable):
                self.hub = self.hub.hasty()  # waited once: the others are asked once
            return asked.at(wanted)
        rows = [row for row in listed if row.path.startswith(path)]
        unsafe = next((row.path for row in rows if safe_path(row.path) != row.path), "")
        if not rows or unsafe:
            absent = path if listed else ""
            self.findings.append(_unusable(asked, unsafe, absent))
        size_bytes = sum(row.size_bytes for row in rows)
        self.inputs.append(PlannedInput(asked.name, commit, size_bytes, len(rows), asked.folder))
        self._tell_change(name, asked, repo, then, commit)
        return asked.at(commit)

    def _commit_before(self, name: str, asked: HubInput) -> str:
        """The commit at which the run that is continued had this repo; empty where it did not, or nobody knows."""
        if self.before is None:
            return ""
        then = [hub_input(word) for word in _addresses(self.before, SETTINGS[name])]
        return next((each.revision for each in then if each.name == asked.name), "")

    def _tell_change(self, name: str, asked: HubInput, repo: Repo, then: str, commit: str) -> None:
        """Another one of a setting that what was learnt holds for is an error, and told with the other settings."""
        if self.before is None or (then != commit and SETTINGS[name].knob.is_settled):
            return
        run_id = self.run_id
        if not then:
            self._say(
                Severity.WARNING,
                "input_changed",
                f"{run_id} did not use {asked.name} before; it continues with it.",
            )
        elif then != commit:
            self._say(
                Severity.WARNING,
                "input_changed",
                f"{run_id} started with {asked.name} at commit {then[:8]}; it continues with commit {commit[:8]}.",
                Sentence("To keep the original: ", setting(name, asked.at(then))),
            )
        elif not asked.revision and (newest := self._newest(repo)) not in ("", commit):
            self._say(
                Severity.NOTE,
                "input_kept",
                f"{asked.name} has changed since {run_id} started (commit {commit[:8]}, now {newest[:8]}); it "
                "continues with the original.",
                Sentence("To use the newest: ", setting(name, asked.at(newest))),
            )

    def _newest(self, repo: Repo) -> str:
        try:
            return resolve_commit(self.hub, repo)
        except HubError:
            return ""

    def _say(self, severity: Severity, code: str, message: str, hint: Said = "") -> None:
        self.findings.append(Finding(severity, code, message, hint))

    def _refusal(self, exc: HubError, asked: HubInput, repo: Repo, wanted: str) -> Finding:
        """Why it cannot be had, and what to do about it."""
        message, hint = f"The {repo.kind} {repo.id} cannot be read: {exc.message}", exc.hint
        match exc:
            case NotToBeAsked():
                return Finding(Severity.ERROR, Cause.ENVIRONMENT, exc.message, hint)
            case HubUnavailable():
                return Finding(Severity.ERROR, Cause.NETWORK, message, hint)
            case HubRefused():
                return Finding(Severity.ERROR, Cause.TOKEN_REFUSED, message, hint)
            case RepoMissing():
                return self._missing(asked, repo, message)
            case NotInRepo():
                return Finding(
                    Severity.ERROR,
                    "no_such_revision",
                    f"{repo.id} has no branch, tag or commit {wanted}.",
                    f"See {repo.page(self.hub.endpoint)}/commits for the existing ones.",
                )
            case Gated():
                page = repo.page(self.hub.endpoint)
                return Finding(
                    Severity.ERROR,
                    Cause.NO_RIGHT,
                    f"{repo.id} is gated, and the account of the dataset token has no access.",
                    f"Open {page} with that account and accept its terms, or request access there. A "
                    "fine-grained token must also be allowed to read gated repos.",
                )
        return Finding(Severity.ERROR, Cause.NO_RIGHT, message, hint)

    def _missing(self, asked: HubInput, repo: Repo, message: str) -> Finding:
        there = kind_there(self.hub, repo)
        if there is None:
            hint: Said = Sentence(
                "Check the name. A private repo seems not to exist if the token cannot read it: ",
                NextStep.ENTER_KEY.of("hf-dataset"),
                ".",
            )
            return Finding(Severity.ERROR, Cause.NO_SUCH_REPO, message, hint)
        hint = _AS.get(there, "").format(name=repo.id)
        wanted = KIND_NAMES[repo.kind]
        return Finding(
            Severity.ERROR, Cause.NO_SUCH_REPO, f"{repo.id} is {there}, not {wanted}.", hint
        )


_AS = {
    KIND_NAMES["dataset"]: "Write a dataset with datasets/ in front: datasets/{name}.",
    KIND_NAMES["model"]: "Write a model without datasets/ in front: {name}.",
    KIND_NAMES["space"]: "A Space is a program and cannot be downloaded.",
}


def _unusable(asked: HubInput, unsafe: str, absent: str) -> Finding:
    if absent and not unsafe:
        return Finding(
            Severity.ERROR,
            "input_empty",
            f"{asked.name} has no {absent}.",
            "Copy the path of the file from the page of the repo.",
        )
    if not unsafe:
        return Finding(
            Severity.ERROR,
            "input_empty",
            f"{asked.name} has no files.",
            "Choose another repo or revision.",
        )
    return Finding(
        Severity.ERROR,
        "input_unsafe",
        f"{asked.name} has a file whose name cannot be used everywhere: {unsafe!r}.",
        "Rename it on the Hub, or use a copy of the repo without it.",
    )


def _naming(settings: RunSettings) -> Iterator[Setting]:
    values = settings.model_dump(mode="json")
    return (each for each in SETTINGS.values() if each.knob.is_hub_address and each.applies(values))


def _wanted_of(settings: RunSettings, name: str) -> str:
    """Which file of such a repo is fetched; empty where all are."""
    of_which = SETTINGS[name].knob.of_which
    return str(getattr(settings, of_which)) if of_which else ""


def _addresses(settings: RunSettings, named: Setting) -> tuple[str, ...]:
    value = getattr(settings, named.name)
    return tuple(value) if named.is_list else ((value,) if value else ())


def _shared_folders(words: Sequence[str]) -> tuple[Finding, ...]:
    """An error for each two that would lie in one folder, or one inside the other."""
    places = [
        (found, found.folder or usual_folder(number))
        for number, found in enumerate(map(hub_input, words))
    ]
    return tuple(
        Finding(
            Severity.ERROR,
            "inputs_share_folder",
            f"{one.name} and {other.name} would both be put into {min(place, its, key=len)}.",
            f"Choose another folder for one of them: {other.name}:models/second.",
        )
        for (one, place), (other, its) in combinations(places, 2)
        if _is_inside(place, its) or _is_inside(its, place)
    )


def _is_inside(place: str, other: str) -> bool:
    return f"{place}/".startswith(f"{other}/")
