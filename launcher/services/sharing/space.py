"""A shared page in a static Space of the Hub: private unless it was agreed that everyone may see it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from launcher.errors import InvalidRequest
from launcher.hub.static_space import INDEX, SpaceState, StaticSpace
from launcher.services.common.workbench import Workbench
from launcher.services.sharing.making import Made, is_ours
from pod_image.contract.next_steps import NextStep, Sentence


@dataclass(frozen=True)
class InSpace:
    """Where the page is now."""

    repo: str
    address: str
    is_public: bool
    is_new: bool


async def look_at_space(
    bench: Workbench, repo: str, *, is_public: bool, replaces: bool
) -> SpaceState:
    """What stands there. Raises InvalidRequest for what is not to be overwritten or shown to everyone unasked."""
    state = await StaticSpace(bench.hub, repo).look()
    if state.exists and state.is_public and not is_public:
        raise InvalidRequest(
            f"The Space {repo} is public: everyone could see the page.",
            hint="Choose another Space, make this one private in its settings, or agree that everyone can see it.",
        )
    is_foreign = state.exists and not (state.is_untouched or is_ours(state.index))
    if is_foreign and not replaces:
        raise InvalidRequest(
            f"The Space {repo} already contains something else.",
            hint=Sentence("Choose another Space, or replace its page with ", NextStep.CONFIRM, "."),
        )
    return state


async def put_into_space(
    bench: Workbench, made: Made, repo: str, state: SpaceState, *, title: str, is_public: bool
) -> InSpace:
    """Raises HubError; NotConfigured where the token may not write there or make the Space."""
    space = StaticSpace(bench.hub, repo)
    files = {INDEX: made.content}
    if not state.exists or state.is_untouched:
        files["README.md"] = _card(title or made.run.run_id)
    await space.put(files, state, is_public=is_public)
    return InSpace(repo, space.address, is_public, not state.exists)


def _card(title: str) -> bytes:
    words = json.dumps(" ".join(title.split()), ensure_ascii=False)
    head = f"title: {words}\nsdk: static\napp_file: {INDEX}\npinned: false\n"
    return f"---\n{head}---\n\nA run of Pod Launcher, as one page.\n".encode()
