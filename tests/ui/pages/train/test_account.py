"""What the check of the Train page says of the account: a balance that is short leads to where credit is added."""

from __future__ import annotations

from nicegui.testing import User

from tests.kit.page_verbs import click, enter, hrefs, visit
from tests.ui.conftest import Ground


async def test_a_balance_that_is_short_has_a_link_to_top_up(holder: User, ground: Ground) -> None:
    ground.world.account.balance_usd = 0.1
    await visit(holder, "/train")
    holder.find(marker="train-command").trigger("change")
    for name, value in {"argv": "train", "results_repo": "demo/voice"}.items():
        enter(holder, name, value)
    await holder.should_see("RTX A4000, $0.25/h", retries=400)
    click(holder, "Check everything")
    await holder.should_see("The RunPod account has $0.10", retries=400)
    await holder.should_see("add credit")
    assert "https://console.runpod.io/user/billing" in hrefs(holder)
    assert not ground.world.pods
