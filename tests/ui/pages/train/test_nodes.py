"""A run on several nodes, which a page cannot stay with: its check says so, and not only its start."""

from __future__ import annotations

from nicegui.testing import User

from launcher.ui.widgets.elements import Button
from tests.kit.page_verbs import enter, only, visit
from tests.ui.conftest import Ground


async def test_the_check_says_that_several_nodes_are_started_in_a_terminal(
    holder: User, ground: Ground
) -> None:
    ground.push_clips()
    await visit(holder, "/train?preset=quick-check&dataset=demo/clips")
    enter(holder, "results_repo", "demo/voice")
    enter(holder, "nodes", "2")
    holder.find(marker="check").click()
    await holder.should_see("A run on several nodes cannot be left to itself", retries=400)
    await holder.should_see("Start it in a terminal and stay with it")
    assert only(holder, Button, "start").locked
    enter(holder, "nodes", "1")
    holder.find(marker="check").click()
    await holder.should_see("Ready", retries=400)
    assert not only(holder, Button, "start").locked
    assert not ground.world.pods
