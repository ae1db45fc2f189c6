"""Before money is spent: may this token read the dataset, may that one write the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any

from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import NextStep, Said, Sentence
from pod_image.contract.results_address import folder_in
from pod_image.hub.in_folder import as_of_the_hub
from pod_image.hub.other_kinds import kind_there, named_for_what_it_is
from pod_image.hub.refusals import (
    HubError,
    HubRefused,
    HubUnavailable,
    NoRight,
    NotToBeAsked,
    RepoMissing,
)
from pod_image.hub.repos import Repo, check_access, resolve_commit
from pod_image.hub.session import Hub


class Cause(StrEnum):
    """What a finding is about, for programs; people read its sentence."""

    TOKEN_REFUSED = "token_refused"
    NO_SUCH_REPO = "no_such_repo"
    NO_RIGHT = "no_right"
    MAY_NOT_CREATE = "may_not_create"
    NETWORK = "network"
    ENVIRONMENT = "environment"
    TOKEN_TOO_WIDE = "token_too_wide"
    NO_TOKEN = "no_token"
    TOO_WIDE = "too_wide"
    RESULTS_IN_DATASET = "results_in_dataset"
    NOT_EMPTY = "not_empty"


class ResultsState(StrEnum):
    WRITABLE = "writable"
    TO_BE_CREATED = "to_be_created"
    REFUSED = "refused"
    UNKNOWN = "unknown"


WRITE = "repo.write"
_READ_OR_WRITE = frozenset({"repo.content.read", WRITE})
_ACCOUNTS = frozenset({"user", "org"})
_READERS, _CONTRIBUTOR = ("read", "no_access"), "contributor"
"""Roles in an organisation, as the Hub calls them; with any other its members may write."""


@dataclass(frozen=True)
class TokenScope:
    """What a fine-grained token may do with one user, org, model or dataset."""

    kind: str
    name: str
    permissions: frozenset[str]

    def allows_any(self, wanted: frozenset[str]) -> bool:
        return bool(self.permissions & wanted)


@dataclass(frozen=True)
class Account:
    """Who a token belongs to and which kind it is: read, write or fineGrained, which alone has scopes."""

    name: str
    token_kind: str
    writable_namespaces: tuple[str, ...]
    orgs: tuple[str, ...] = ()
    read_only_orgs: tuple[str, ...] = ()
    """Organisations in which the account may change nothing, whatever its token may."""
    contributor_orgs: tuple[str, ...] = ()
    """Those in which it may make repos, and change those alone that it has made."""
    scopes: tuple[TokenScope, ...] = ()

    @property
    def readable_accounts(self) -> tuple[str, ...]:
        """Accounts that a fine-grained token may read as a whole."""
        return tuple(
            s.name for s in self.scopes if s.kind in _ACCOUNTS and s.allows_any(_READ_OR_WRITE)
        )

    def readable_repos(self, kind: str) -> tuple[str, ...]:
        """Single repos that a fine-grained token may read."""
        return tuple(s.name for s in self.scopes if s.kind == kind and s.allows_any(_READ_OR_WRITE))

    def writable_repos(self, kind: str) -> tuple[str, ...]:
        """Single repos that a fine-grained token may write to."""
        return tuple(
            s.name for s in self.scopes if s.kind == kind and s.allows_any(frozenset({WRITE}))
        )


@dataclass(frozen=True)
class Preflight:
    """Everything found out. A commit is None where its dataset cannot be read."""

    findings: tuple[Finding, ...]
    dataset_commits: tuple[str | None, ...]
    results: ResultsState
    upload_account: Account | None
    dataset_account: Account | None

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity is Severity.WARNING)


@dataclass
class _Notes:
    findings: list[Finding] = field(default_factory=list)

    def error(self, cause: Cause, message: Said, hint: Said) -> None:
        self._add(Severity.ERROR, cause, message, hint)

    def warning(self, cause: Cause, message: Said, hint: Said) -> None:
        self._add(Severity.WARNING, cause, message, hint)

    def too_wide(self, folder: str, why: str) -> None:
        self.error(
            Cause.TOO_WIDE,
            f"{folder} cannot be used: {why}.",
            "Make a folder that has nothing else in it, and give that.",
        )

    def trouble(self, exc: HubError, about: str) -> None:
        """A HubError as a finding about a dataset, a results repo or a token."""
        if isinstance(exc, NotToBeAsked):  # about none of them: said once
            self.error(Cause.ENVIRONMENT, exc.message, exc.hint)
            return
        cause = {HubRefused: Cause.TOKEN_REFUSED, RepoMissing: Cause.NO_SUCH_REPO}.get(type(exc))
        if isinstance(exc, HubUnavailable):
            cause = Cause.NETWORK
        self.error(cause or Cause.NO_RIGHT, f"{about}: {exc.message}", exc.hint)

    def _add(self, severity: Severity, cause: Cause, message: Said, hint: Said) -> None:
        finding = Finding(severity, cause, message, hint)
        if finding not in self.findings:
            self.findings.append(finding)


def preflight(
    dataset_hub: Hub,
    upload_hub: Hub,
    datasets: Sequence[tuple[str, str | None]],
    results: str,
) -> Preflight:
    """Ask the Hub what the two tokens may do. GETs only: nothing is left behind. Never raises HubError.

    `datasets` are repo names, each with a revision; they are pinned to the commits that these mean.
    """
    notes = _Notes()
    reader, writer = dataset_hub.brief(), upload_hub.brief()
    is_folder = Repo(results, "model").is_folder
    upload_account = None if is_folder else _account(writer, "upload token", notes)
    if any(finding.code in (Cause.NETWORK, Cause.ENVIRONMENT) for finding in notes.findings):
        # The first question has waited already: the others are asked once.
        reader, writer = reader.hasty(), writer.hasty()
    same = dataset_hub is upload_hub or _value(dataset_hub) == _value(upload_hub)
    dataset_account = upload_account if same else None
    on_hub = [repo for repo, _ in datasets if not Repo(repo, "dataset").is_folder]
    if on_hub if is_folder else not same:
        dataset_account = _account(reader, "dataset token", notes)
    commits = tuple(
        _dataset_commit(reader, Repo(repo, "dataset"), revision, notes)
        for repo, revision in datasets
    )
    state = _results_state(writer, Repo(results, "model"), upload_account, notes)
    for repo, _ in datasets:
        if _is_inside(results, repo):
            notes.error(
                Cause.RESULTS_IN_DATASET,
                f"The results folder {results} is in the dataset folder {repo}, to which no run writes.",
                "Give the results another folder, beside that of the dataset.",
            )
    if upload_account is not None:
        _lint(upload_account, results, notes)
    return Preflight(tuple(notes.findings), commits, state, upload_account, dataset_account)


def whoami(hub: Hub) -> Account:
    """Whose token this is. The endpoint is limited per address: ask seldom. Raises HubError."""
    if hub.token is None:
        raise HubRefused("There is no token to check.", hint="Give a Hugging Face token.")

    return _parsed(dict(hub.get_json("asking who the token belongs to", lambda: "/api/whoami-v2")))


def _parsed(answer: dict[str, Any]) -> Account:
    access = answer.get("auth", {}).get("accessToken", {})
    kind = str(access.get("role", "unknown"))
    name = str(answer.get("name", ""))
    orgs = tuple(str(org.get("name", "")) for org in answer.get("orgs", []))
    read_only = _with_role(answer, *_READERS)
    contributor = _with_role(answer, _CONTRIBUTOR)
    if kind == "fineGrained":
        scopes = _scopes(access.get("fineGrained", {}))
        writable = tuple(
            scope.name for scope in scopes if scope.kind in _ACCOUNTS and WRITE in scope.permissions
        )
    else:
        scopes, writable = (), (name, *orgs) if kind == "write" else ()
    writable = tuple(each for each in writable if each not in read_only)
    return Account(name, kind, writable, orgs, read_only, contributor, scopes)


def _with_role(answer: dict[str, Any], *roles: str) -> tuple[str, ...]:
    """Organisations in which the account has one of these roles. Where the Hub says none, nothing is concluded."""
    return tuple(
        str(org.get("name", ""))
        for org in answer.get("orgs", [])
        if str(org.get("roleInOrg") or "").casefold() in roles
    )


def _scopes(fine_grained: dict[str, Any]) -> tuple[TokenScope, ...]:
    return tuple(
        TokenScope(
            str(scope.get("entity", {}).get("type", "")),
            str(scope.get("entity", {}).get("name", "")),
            frozenset(map(str, scope.get("permissions", []))),
        )
        for scope in fine_grained.get("scoped", [])
    )


def _account(hub: Hub, which: str, notes: _Notes) -> Account | None:
    if hub.token is None:
        if which == "upload token":
            notes.error(
                Cause.NO_TOKEN,
                "There is no Hugging Face token that may write the results.",
                Sentence("Give one: ", NextStep.ENTER_KEY.of("hf-upload"), "."),
            )
        return None
    try:
        return whoami(hub)
    except HubUnavailable as exc:
        # The checks of the repos decide; who the token belongs to is only good to know.
        notes.warning(Cause.NETWORK, f"The {which} could not be looked up: {exc.message}", exc.hint)
    except HubError as exc:
        notes.trouble(exc, f"The {which} is refused")
    return None


def _dataset_commit(hub: Hub, dataset: Repo, revision: str | None, notes: _Notes) -> str | None:
    try:
        if dataset.is_folder:
            with as_of_the_hub():
                why = hub.open_dataset(dataset.id).too_wide()
            if why:
                notes.too_wide(f"The dataset folder {dataset.id}", why)
                return None
        else:
            check_access(hub, dataset)
        return resolve_commit(hub, dataset, revision)
    except RepoMissing as exc:
        if dataset.is_folder:
            notes.trouble(exc, f"The dataset {dataset.id} cannot be read")
            return None
        said = named_for_what_it_is(hub, dataset, exc)
        notes.trouble(said, f"The dataset {dataset.id} cannot be read")
        return None
    except HubError as exc:
        notes.trouble(exc, f"The dataset {dataset.id} cannot be read")
        return None


def _results_state(hub: Hub, results: Repo, account: Account | None, notes: _Notes) -> ResultsState:
    if results.is_folder:
        return _folder_state(hub, results, notes)
    if hub.token is None:
        return ResultsState.REFUSED
    about = f"The results repo {results.id} cannot be written"
    try:
        check_access(hub, results, write=True)
        return ResultsState.WRITABLE
    except RepoMissing:
        if there := kind_there(hub, results):
            notes.warning(
                Cause.NO_SUCH_REPO,
                f"{results.id} is {there}: the results go into a model repo of the same name, beside it.",
                "Name another repo for the results, if that is not what you mean.",
            )
        return _creatable(results, account, notes)
    except HubUnavailable as exc:
        notes.trouble(exc, about)
        return ResultsState.UNKNOWN
    except NoRight as exc:
        notes.error(
            Cause.NO_RIGHT,
            f"{about}: {exc.message}",
            f"Use a token with write access to {results.id}.",
        )
    except HubError as exc:
        notes.trouble(exc, about)
    return ResultsState.REFUSED


def _folder_state(hub: Hub, results: Repo, notes: _Notes) -> ResultsState:
    try:
        with as_of_the_hub():
            folder = hub.open_folder(results.id)
            if why := folder.too_wide():
                notes.too_wide(f"The results folder {results.id}", why)
                return ResultsState.REFUSED
            if folder.has_others():
                notes.warning(
                    Cause.NOT_EMPTY,
                    f"The results folder {results.id} has files that no run has delivered: a run in a container can "
                    "read and change them.",
                    f"Give the results a folder of their own, such as {results.id}/voices.",
                )
            if folder.may_be_written():
                return ResultsState.WRITABLE if folder.is_there() else ResultsState.TO_BE_CREATED
    except HubError as exc:
        notes.trouble(exc, f"The results folder {results.id} cannot be used")
        return ResultsState.REFUSED
    notes.error(
        Cause.NO_RIGHT,
        f"The results folder {results.id} cannot be written to.",
        "Choose a folder that you may write to.",
    )
    return ResultsState.REFUSED


def _is_inside(results: str, dataset: str) -> bool:
    """Whether both are folders of one machine, and the first is the second or below it."""
    one, other = folder_in(results), folder_in(dataset)
    if one is None or other is None or one.host != other.host:
        return False
    return PurePosixPath(normpath(one.path)).is_relative_to(normpath(other.path))


def _creatable(results: Repo, account: Account | None, notes: _Notes) -> ResultsState:
    """An absent repo is fine if the token could make it: the scopes alone can answer that."""
    namespace = results.id.split("/")[0].lower()
    if account is None:
        return ResultsState.UNKNOWN
    if namespace in {name.lower() for name in account.writable_namespaces}:
        return ResultsState.TO_BE_CREATED
    notes.error(
        Cause.MAY_NOT_CREATE,
        f"The results repo {results.id} does not exist, and this token may not create it.",
        f"Create {results.id} (private) on the Hub yourself, or use a token that may write to"
        f" {results.id.split('/')[0]}.",
    )
    return ResultsState.REFUSED


def _lint(account: Account, results: str, notes: _Notes) -> None:
    if not account.writable_namespaces:
        return
    whose = ", ".join(account.writable_namespaces)
    notes.warning(
        Cause.TOKEN_TOO_WIDE,
        f"This token can write to all repos of {whose}; the pod needs only {results}.",
        "Make a fine-grained token with write access to this one repo (create the repo first).",
    )


def _value(hub: Hub) -> str | None:
    return hub.token.get_secret_value() if hub.token else None
