"""A static Space: a repo whose index.html the Hub shows as a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from launcher.errors import HubError, NotConfigured
from launcher.hub.access import HubAccess
from pod_image.hub import (
    NoRight,
    Repo,
    RepoMissing,
    list_files,
    publish,
    read_range,
    resolve_commit,
)

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Answer = TypeVar("Answer")

INDEX, STYLE = "index.html", "style.css"
_FRESH = frozenset({".gitattributes", "README.md", INDEX, STYLE})
_TEMPLATE = b"Welcome to your static Space!"
"""Stands in the page that the Hub puts into each new one."""
_INDEX_BYTES = 100_000


@dataclass(frozen=True)
class SpaceState:
    """What stands in it. `index` is the beginning of its page."""

    exists: bool
    is_public: bool = False
    paths: frozenset[str] = frozenset()
    index: bytes = b""

    @property
    def is_untouched(self) -> bool:
        """It has what the Hub puts into a new one, and nothing of anybody."""
        return self.paths <= _FRESH and (not self.index or _TEMPLATE in self.index)


@dataclass(frozen=True)
class StaticSpace:
    """A Space as the upload token sees it."""

    access: HubAccess
    repo_id: str

    @property
    def repo(self) -> Repo:
        return Repo(self.repo_id, "space")

    @property
    def address(self) -> str:
        return self.repo.page(self.access.upload.endpoint)

    async def look(self) -> SpaceState:
        """Raises HubError or NotConfigured."""
        hub = self.access.upload
        try:
            commit = await self.access.run(resolve_commit, hub, self.repo)
        except HubError as exc:
            if isinstance(exc.__cause__, RepoMissing):
                return SpaceState(exists=False)
            raise
        files = await self.access.run(list_files, hub, self.repo, commit)
        paths = frozenset(file.path for file in files)
        index = b""
        if INDEX in paths:
            index = await self.access.run(
                read_range, hub, self.repo, commit, INDEX, 0, _INDEX_BYTES
            )
        return SpaceState(True, await self._is_public(), paths, index)

    async def put(self, files: Mapping[str, bytes], state: SpaceState, *, is_public: bool) -> None:
        """The files in one commit, in a Space that is made where there is none. Its visibility is set before.

        Raises HubError; NotConfigured where the token may not.
        """
        try:
            if not state.exists:
                await self._ask("making", lambda api: self._make(api, is_public=is_public))
            elif is_public and not state.is_public:
                await self._ask(
                    "publishing",
                    lambda api: api.update_repo_settings(
                        self.repo_id, repo_type="space", private=False
                    ),
                )
            old = [STYLE] if state.is_untouched else []
            await self.access.run(
                publish,
                self.access.upload,
                self.repo,
                dict(files),
                "The page of a run",
                deletes=old,
            )
        except HubError as exc:
            if isinstance(exc.__cause__, NoRight | RepoMissing):
                raise NotConfigured(
                    f"The Hugging Face token is not allowed to create or change the Space {self.repo_id}.",
                    hint=(
                        "The token that writes results must be allowed to write to that owner's repos "
                        "(fine-grained: repo.write; otherwise a token of type Write)."
                    ),
                ) from exc
            raise

    def _make(self, api: HfApi, *, is_public: bool) -> None:
        api.create_repo(
            self.repo_id,
            repo_type="space",
            space_sdk="static",
            private=not is_public,
            exist_ok=True,
        )

    async def _is_public(self) -> bool:
        return not await self._ask("looking up", lambda api: api.space_info(self.repo_id).private)

    async def _ask(self, doing: str, action: Callable[[HfApi], Answer]) -> Answer:
        hub = self.access.upload
        return await self.access.run(hub.ask, f"{doing} the Space {self.repo_id}", action)
