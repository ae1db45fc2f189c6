"""The results repo: made private when it is absent and the token may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pod_image.hub.in_folder import as_of_the_hub
from pod_image.hub.refusals import HubConflict, NoRight, RepoMissing
from pod_image.hub.repos import Repo, check_access
from pod_image.hub.session import Hub

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def ensure_results_repo(hub: Hub, repo_id: str) -> bool:
    """See to it that the repo is there and writable. True when it was made now, private.

    Raises NoRight when the token may neither write to it nor create it, and other HubErrors.
    """
    repo = Repo(repo_id, "model")
    if repo.is_folder:
        with as_of_the_hub():
            return hub.open_folder(repo_id).ensure()
    try:
        check_access(hub, repo, write=True)
        return False
    except RepoMissing:
        pass
    try:
        # May be repeated: `exist_ok` makes a second creation a look at the first.
        hub.ask(f"creating {repo}", lambda api: _create(api, repo))
    except (RepoMissing, NoRight, HubConflict) as exc:
        raise NoRight(
            f"The results repo {repo_id} does not exist, and this token may not create it.",
            hint=f"Create {repo_id} (private) on the Hub yourself, or use a token that may.",
        ) from exc
    check_access(hub, repo, write=True)
    return True


def _create(api: HfApi, repo: Repo) -> None:
    api.create_repo(repo.id, repo_type=repo.kind, private=True, exist_ok=True)
