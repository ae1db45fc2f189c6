"""While the form is open, what runs are called gets into their repos by itself."""

from __future__ import annotations

from datetime import timedelta

from nicegui.testing import User

from launcher.domain.labels import LabelName
from launcher.domain.run import RunState
from launcher.ui.state.label_courier import LabelCourier
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.page_verbs import visit
from tests.kit.repo_runs import record
from tests.ui.conftest import Ground, place


async def test_a_name_that_was_typed_without_a_token_is_brought_once_there_is_one(
    person: User, ground: Ground
) -> None:
    one = place(
        ground, results_repo="demo/voice", state=RunState.ENDED, end_reason=EndReason.FINISHED
    )
    told = record(nonce=one.nonce).to_json().encode()
    ground.push_results({"run-01/run.json": told}, "demo/voice")
    labels = ground.site.history.labels
    labels.change("demo/voice", "run-01", {LabelName.NAME: "calm"}, NOW - timedelta(days=1))
    courier = LabelCourier(ground.site.sessions, ground.site.history)
    await courier.bring()
    assert labels.is_unsent("demo/voice", "run-01")
    ground.hold_keys(person.tab_id)
    await visit(person, "/runs")
    await ground.site.sessions.of(person.tab_id)
    await courier.bring()
    assert not labels.is_unsent("demo/voice", "run-01")
