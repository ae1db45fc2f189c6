"""What a page says holds: no tick, figure or success that is not so."""

from __future__ import annotations

import json
from datetime import timedelta

from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.presets import find_preset
from launcher.services.planning.compose import compose
from launcher.ui.widgets.elements import Button, Text
from launcher.ui.widgets.inputs import Field
from pod_image.contract.figures import dollars
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.dataset_files import write
from tests.kit.page_verbs import enter, only, until, visit
from tests.kit.runs import event, run
from tests.ui.conftest import Ground
from tests.ui.conftest import place as put_run


async def test_nothing_is_said_of_forgotten_gpus_before_there_is_a_key(
    person: User, ground: Ground
) -> None:
    ground.hold_keys("another-tab")
    await ground.site.sessions.of("another-tab")
    await until(lambda: ground.site.sweeps.version == 1)
    await visit(person, "/keys")
    await person.should_see("Not checked yet.")
    await person.should_not_see("No forgotten GPU")
    look = only(person, Button, "look-for-forgotten")
    assert look.props["title"] == "Enter the RunPod key first."
    ground.hold_keys(person.tab_id)
    await person.should_see("No forgotten GPU", retries=30)
    assert not look.locked


async def test_a_run_that_never_had_a_gpu_is_not_said_to_have_released_one(
    person: User, ground: Ground
) -> None:
    ground.site.history.add(
        run(state=RunState.ENDED, end_reason=EndReason.BOOT_FAILED, pod_id="", created_at=None)
    )
    await visit(person, f"/runs/{run().nonce}")
    await person.should_see("There was never a GPU.")
    await person.should_see("The run ended before it had a GPU.")
    await person.should_not_see("was released")


async def test_a_dataset_without_clips_is_not_said_to_be_transcribed(
    person: User, ground: Ground
) -> None:
    write(ground.site.config.datasets_folder / "anna", {"metadata.csv": ""})
    await visit(person, "/datasets")
    await person.should_see("no clips yet")
    await person.should_not_see("all clips transcribed")


async def test_a_run_past_its_deadline_is_promised_no_end_and_no_highest_price(
    person: User, ground: Ground
) -> None:
    late = NOW - timedelta(minutes=10)
    put_run(ground, deadline=late, created_at=NOW - timedelta(hours=9), max_hours=8.0)
    await visit(person, "/")
    await person.should_see("we could not confirm that it was removed")
    await person.should_see("so far")
    await person.should_not_see("ends by itself, costs")
    await visit(person, "/runs")
    with person:
        cells = "".join(one.content for one in ElementFilter(kind=ui.html))
    assert "Past its deadline, and we could not confirm that it was removed." in cells
    assert "still exists" not in cells


async def test_a_receipt_names_the_maximum_that_the_page_names(
    person: User, ground: Ground
) -> None:
    ended = {"state": RunState.ENDED, "end_reason": EndReason.FINISHED, "ended_at": NOW}
    one = put_run(ground, **ended, created_at=NOW - timedelta(hours=1), cost_usd=0.5)
    most = dollars(one.most_usd)
    await visit(person, f"/runs/{one.nonce}")
    await person.should_see(f"of {most} at most")
    assert facts_of(person)["Maximum cost"] == most


async def test_what_a_run_cost_is_the_same_figure_on_every_page(
    person: User, ground: Ground
) -> None:
    ended = {"state": RunState.ENDED, "end_reason": EndReason.FINISHED, "ended_at": NOW}
    one = put_run(ground, **ended, cost_usd=0.74, billed_usd=0.75, planned_at=NOW)
    await visit(person, f"/runs/{one.nonce}")
    assert facts_of(person)["It cost"] == "$0.75"
    await visit(person, "/")
    await person.should_see("$0.75")
    await person.should_not_see("$0.74")
    await visit(person, "/runs")
    assert facts_of(person)["In all"] == facts_of(person)["This month"] == "$0.75, 1 run"
    await person.should_not_see("$0.74")


async def test_the_end_of_another_day_is_told_with_its_date(person: User, ground: Ground) -> None:
    ended = {"state": RunState.ENDED, "end_reason": EndReason.FINISHED}
    one = put_run(ground, **ended, ended_at=NOW - timedelta(days=5))
    await visit(person, f"/runs/{one.nonce}")
    day = (NOW - timedelta(days=5)).astimezone()
    await person.should_see(f"GPU removed on {day.day} {day:%B %Y} at {day:%H:%M}.")


async def test_what_a_lost_run_cost_is_said_to_be_reckoned(person: User, ground: Ground) -> None:
    ended = {"state": RunState.ENDED, "end_reason": EndReason.LOST, "ended_at": NOW}
    one = put_run(ground, **ended, cost_usd=0.5)
    await visit(person, f"/runs/{one.nonce}")
    assert facts_of(person)["Estimated cost"] == "$0.50"
    ground.site.history.update(one, billed_usd=0.4)
    await visit(person, f"/runs/{one.nonce}")
    assert facts_of(person)["It cost"] == "$0.40"


def facts_of(user: User) -> dict[str, str]:
    with user:
        parts = [one for one in ElementFilter(kind=Text) if one.tag in ("dt", "dd")]
    names, values = ([one.text for one in parts if one.tag == tag] for tag in ("dt", "dd"))
    return dict(zip(names, values, strict=True))


async def test_two_curves_end_where_their_words_say(person: User, ground: Ground) -> None:
    for nonce, size in (("first00000", 8), ("second0000", 16)):
        one = run(nonce=nonce, run_id=f"run-{size}")
        ground.site.history.add(one)
        view = ground.site.live.view(one)
        for number, loss in enumerate((4.0, 2.0), 1):
            view.take(event("step", number, step=10 * number, losses={"mel": loss * size}))
    ground.site.prefer(curve_smoothing=0.5)
    await visit(person, "/compare?a=first00000&b=second0000")
    # Half of the newest and half of what was before, by its share: 2 2/3 of the size, and not 2.
    await person.should_see("run-8: 21.33 at step 20; run-16: 42.67 at step 20")


async def test_a_run_repeated_keeps_its_preset_and_nobody_is_said_to_have_changed_it(
    person: User, ground: Ground
) -> None:
    preset = find_preset(ground.site.config, "quick-check")
    given = {"dataset_repo": "me/clips", "results_repo": "me/voice", "disk_gb": 60}
    settings = compose(preset, given).settings
    text = json.dumps(settings.applicable())
    ground.site.history.add(run(settings_json=text, preset=preset.name, state=RunState.ENDED))
    await visit(person, f"/train?again={run().nonce}")
    draft = ground.site.drafts.of(person.tab_id)
    assert draft.preset == "quick-check"
    assert draft.given == given
    assert only(person, Field, "field-disk_gb")._props["origin"] == "as in run-01"
    assert only(person, Field, "field-seed")._props.get("origin") in (None, "", "from the preset")
    await person.should_not_see("changed by you")
    enter(person, "disk_gb", "70")
    assert only(person, Field, "field-disk_gb")._props["origin"] == "changed by you"


async def test_a_run_without_a_preset_is_repeated_with_the_same_settings(
    person: User, ground: Ground
) -> None:
    given = {"dataset_repo": "me/clips", "results_repo": "me/voice", "seed": 7}
    settings = compose(None, given).settings
    ground.site.history.add(
        run(settings_json=json.dumps(settings.applicable()), state=RunState.ENDED)
    )
    await visit(person, f"/train?again={run().nonce}")
    assert ground.site.drafts.of(person.tab_id).given.items() >= given.items()
    assert ground.site.drafts.of(person.tab_id).preset == ""
    await person.should_not_see("changed by you")
