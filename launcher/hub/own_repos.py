"""The repos that a token may see or write to, asked for by a few calls: whose it is, then account by account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pod_image.hub import Account, Hub, HubError, HubUnavailable, whoami

if TYPE_CHECKING:
    from huggingface_hub import HfApi

RepoKind = Literal["dataset", "model"]
MOST_ACCOUNTS = 4
"""Accounts whose repos are asked for, the token's own first: each is a call."""
MOST_OF_ONE = 300
"""Repos of one account, the newest: one page of the Hub's has a thousand."""


@dataclass(frozen=True)
class SeenRepo:
    """`changed_at` is None where the Hub did not say."""

    id: str
    is_private: bool
    changed_at: datetime | None = None


@dataclass(frozen=True)
class OwnRepos:
    """Newest first. `left_out` are accounts that were not asked for, `cut` those with more repos than were."""

    account: Account
    repos: tuple[SeenRepo, ...] = ()
    left_out: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """Accounts whose repos the token may not list."""

    @property
    def lists_single_repos_alone(self) -> bool:
        """Whether the token is for repos that were named when it was made, and for no account."""
        return self.account.token_kind == "fineGrained" and not self.account.readable_accounts


def readable_datasets(hub: Hub) -> OwnRepos:
    """Datasets of the token's account and its organisations. Blocks; raises HubError."""
    account = whoami(hub)
    whose = (account.name, *account.orgs)
    if account.token_kind == "fineGrained":
        whose = _in_order(whose, account.readable_accounts)
    return _asked(hub, "dataset", account, whose, account.readable_repos("dataset"))


def writable_repos(hub: Hub, kind: RepoKind) -> OwnRepos:
    """Repos of the kind that the token may write to. Blocks; raises HubError."""
    account = whoami(hub)
    whose = _in_order((account.name, *account.orgs), account.writable_namespaces)
    return _asked(hub, kind, account, whose, account.writable_repos(kind))


def _in_order(known: Sequence[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """The allowed ones, as the account has them first."""
    allowed = tuple(allowed)
    return tuple(dict.fromkeys([*(each for each in known if each in allowed), *allowed]))


def _asked(
    hub: Hub, kind: RepoKind, account: Account, whose: Sequence[str], single: Iterable[str]
) -> OwnRepos:
    found = {name: SeenRepo(name, is_private=False) for name in single}
    cut, refused = [], []
    for name in whose[:MOST_ACCOUNTS]:
        try:
            seen = _of_account(hub, kind, name)
        except HubUnavailable:
            raise
        except HubError:
            refused.append(name)
            continue
        found |= {each.id: each for each in seen[:MOST_OF_ONE]}
        if len(seen) > MOST_OF_ONE:
            cut.append(name)
    repos = sorted(found.values(), key=_age)
    return OwnRepos(account, tuple(repos), tuple(whose[MOST_ACCOUNTS:]), tuple(cut), tuple(refused))


def _age(repo: SeenRepo) -> tuple[float, str]:
    return -repo.changed_at.timestamp() if repo.changed_at else 0.0, repo.id


def _of_account(hub: Hub, kind: RepoKind, name: str) -> list[SeenRepo]:
    """One more than are shown, so that it is known whether there are more."""

    def look(api: HfApi) -> list[Any]:
        listing: Any = api.list_datasets if kind == "dataset" else api.list_models
        rows = listing(
            author=name,
            sort="last_modified",
            limit=MOST_OF_ONE + 1,
            expand=["private", "lastModified"],
        )
        return list(rows)

    rows = hub.ask(f"listing the {kind}s of {name}", look)
    return [SeenRepo(str(row.id), bool(row.private), row.last_modified) for row in rows]
