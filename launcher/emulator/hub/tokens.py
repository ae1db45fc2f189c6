"""Who may do what on the emulated Hub: accounts, the three kinds of token, fine-grained scopes."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class TokenKind(StrEnum):
    READ = "read"
    WRITE = "write"
    FINE_GRAINED = "fineGrained"


@dataclass(frozen=True)
class Scope:
    """Permissions of a fine-grained token on one entity (`user`, `org`, `model`, `dataset`)."""

    entity: str
    name: str
    permissions: tuple[str, ...]

    def covers(self, kind: str, repo_id: str) -> bool:
        """Compared without regard to case, as the Hub does."""
        if self.entity in {"user", "org"}:
            return repo_id.split("/")[0].lower() == self.name.lower()
        return self.entity == kind and repo_id.lower() == self.name.lower()


@dataclass
class Token:
    """One token: its label (shown in the request log, never its value), its owner and its rights."""

    label: str
    user: str
    kind: TokenKind = TokenKind.WRITE
    orgs: tuple[str, ...] = ()
    org_roles: Mapping[str, str] = field(default_factory=dict)
    """By organisation: admin, write, contributor or read; of one that is not named nothing is said."""
    scopes: tuple[Scope, ...] = ()
    may_read_gated: bool = True
    is_revoked: bool = field(default=False)

    def is_member_of(self, namespace: str) -> bool:
        return namespace.lower() in {self.user.lower(), *(org.lower() for org in self.orgs)}

    def may_read_private(self, kind: str, repo_id: str) -> bool:
        if not self.is_member_of(repo_id.split("/")[0]):
            return False
        wanted = {"repo.content.read", "repo.write"}
        return self.kind is not TokenKind.FINE_GRAINED or self._has_scope(kind, repo_id, wanted)

    def may_write(self, kind: str, repo_id: str) -> bool:
        if self.org_roles.get(repo_id.split("/")[0]) in ("read", "no_access"):
            return False
        if self.kind is TokenKind.FINE_GRAINED:
            return self._has_scope(kind, repo_id, {"repo.write"})
        return self.kind is TokenKind.WRITE and self.is_member_of(repo_id.split("/")[0])

    def may_create_in(self, namespace: str) -> bool:
        if self.org_roles.get(namespace) in ("read", "no_access"):
            return False
        if self.kind is not TokenKind.FINE_GRAINED:
            return self.kind is TokenKind.WRITE and self.is_member_of(namespace)
        return any(
            scope.entity in {"user", "org"}
            and scope.name.lower() == namespace.lower()
            and "repo.write" in scope.permissions
            for scope in self.scopes
        )

    def whoami(self) -> dict[str, Any]:
        """The answer of `/api/whoami-v2` for this token."""
        access: dict[str, Any] = {
            "displayName": self.label,
            "role": self.kind.value,
            "createdAt": "2026-01-01T00:00:00.000Z",
        }
        if self.kind is TokenKind.FINE_GRAINED:
            access["fineGrained"] = {
                "canReadGatedRepos": self.may_read_gated,
                "global": [],
                "scoped": [self._scope_row(scope) for scope in self.scopes],
            }
        return {
            "type": "user",
            "id": f"user-{self.user}",
            "name": self.user,
            "fullname": self.user,
            "isPro": False,
            "orgs": [self._org_row(org) for org in self.orgs],
            "auth": {"type": "access_token", "accessToken": access},
        }

    def _org_row(self, org: str) -> dict[str, Any]:
        role = {"roleInOrg": self.org_roles[org]} if org in self.org_roles else {}
        return {"type": "org", "id": f"org-{org}", "name": org, **role}

    def _has_scope(self, kind: str, repo_id: str, wanted: Iterable[str]) -> bool:
        return any(
            scope.covers(kind, repo_id) and set(wanted) & set(scope.permissions)
            for scope in self.scopes
        )

    @staticmethod
    def _scope_row(scope: Scope) -> dict[str, Any]:
        entity = {"_id": f"{scope.entity}-{scope.name}", "type": scope.entity, "name": scope.name}
        return {"entity": entity, "permissions": list(scope.permissions)}


def drawn_tokens() -> dict[str, Token]:
    """One token that reads, one that writes and one that manages jobs, new at each start: another program here cannot
    know them.

    Their names say what they are, so that a person who meets one in a listing knows that it opens nothing.
    """
    return {
        f"demo-hub-read-{secrets.token_hex(16)}": Token("read", "demo", TokenKind.READ),
        f"demo-hub-write-{secrets.token_hex(16)}": Token("write", "demo", TokenKind.WRITE),
        f"demo-hub-jobs-{secrets.token_hex(16)}": Token(
            "jobs",
            "demo",
            TokenKind.FINE_GRAINED,
            scopes=(Scope("user", "demo", ("job.write",)),),
        ),
    }
