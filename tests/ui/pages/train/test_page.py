"""The Train page and the history: every question mark leads somewhere, and a search opens what it finds."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.presets import find_preset
from launcher.ui.widgets.elements import Button, waiting
from launcher.ui.widgets.inputs import Field
from pod_image.contract.outcomes import EndReason
from pod_image.contract.settings import RECIPES, SETTINGS
from tests.kit.clocks import NOW
from tests.kit.dataset_files import wav, write
from tests.kit.page_verbs import click, enter, only, press, until, visit
from tests.kit.runs import run
from tests.ui.conftest import Ground


async def test_every_question_mark_leads_to_its_place_in_the_help(person: User) -> None:
    await visit(person, "/train")
    wanted: set[str] = set()
    for recipe in RECIPES:
        person.find(marker=f"train-{recipe}").trigger("change")
        with person:
            fields = ElementFilter(kind=Field, only_visible=False)
            wanted |= {str(one._props["help-href"]) for one in fields if "help-href" in one._props}
    assert len(wanted) >= len(SETTINGS) - 2
    pages = {urlsplit(href)._replace(fragment="").geturl() for href in wanted}
    found = set()
    for address in pages:
        await visit(person, address)
        with person:
            ids = [
                str(one.props["id"]) for one in ElementFilter(kind=ui.element) if "id" in one.props
            ]
        found |= {f"{address}#{one}" for one in ids}
    assert wanted <= found


async def test_a_search_opens_what_hides_the_setting(person: User) -> None:
    await visit(person, "/train?preset=finetune-medium")
    enter(person, "search", "seed")
    await person.should_see("1 found, marked with a frame")
    with person:
        (seed,) = ElementFilter(kind=Field, marker="field-seed", only_visible=False)
    assert seed.parent_slot is not None
    assert "search-hit" in seed.parent_slot.parent.classes
    folded = next(one for one in seed.ancestors() if one.tag == "details")
    assert "open" in folded.props
    enter(person, "search", "")
    assert "search-hit" not in seed.parent_slot.parent.classes


async def test_what_was_changed_is_counted_and_goes_back_to_the_preset(person: User) -> None:
    await visit(person, "/train?preset=quick-check")
    enter(person, "batch_size", "7")
    await person.should_see("1 changed")
    assert only(person, Field, "field-batch_size")._props["origin"] == "changed by you"
    click(person, "Back to the preset")
    await person.should_not_see("1 changed")


async def test_a_preset_saved_in_the_form_does_not_keep_the_commit_of_a_dataset(
    person: User, ground: Ground
) -> None:
    await visit(person, "/train?preset=quick-check&dataset=me/clips")
    enter(person, "dataset_revision", "a" * 40)
    enter(person, "epochs", "7")
    enter(person, "preset-name", "my-own")
    click(person, "Save")
    await person.should_see(marker="preset-my-own")
    values = find_preset(ground.site.config, "my-own").values
    assert values["epochs"] == 7
    assert not {"dataset_repo", "dataset_revision"} & set(values)


async def test_another_preset_trains_the_commit_that_was_pinned(
    person: User, ground: Ground
) -> None:
    await visit(person, "/train?preset=quick-check&dataset=me/clips")
    enter(person, "dataset_revision", "a" * 40)
    person.find(marker="choose-finetune-high").trigger("change")
    (draft,) = ground.site.drafts._drafts.values()
    assert draft.preset == "finetune-high"
    assert draft.given["dataset_revision"] == "a" * 40
    assert only(person, Field, "field-dataset_revision").value == "a" * 40


async def test_another_dataset_in_the_address_does_not_take_the_commit_of_the_one_before(
    person: User, ground: Ground
) -> None:
    await visit(person, "/train?preset=quick-check&dataset=me/clips")
    enter(person, "dataset_revision", "a" * 40)
    await visit(person, "/train?dataset=me/clips")
    (draft,) = ground.site.drafts._drafts.values()
    assert draft.given["dataset_revision"] == "a" * 40
    await visit(person, "/train?dataset=me/others")
    assert draft.given["dataset_repo"] == "me/others"
    assert "dataset_revision" not in draft.given


async def test_a_preset_of_ones_own_refuses_a_name_that_is_taken(
    person: User, ground: Ground
) -> None:
    await visit(person, "/train?preset=quick-check")
    enter(person, "preset-name", "quick-check")
    click(person, "Save")
    await person.should_see("is built in and cannot be saved over")
    enter(person, "preset-name", "my-own")
    click(person, "Save")
    await person.should_see(marker="preset-my-own")


# the history


async def test_the_month_is_added_up_and_a_record_is_deleted_after_a_question(
    person: User, ground: Ground
) -> None:
    ended = run(
        nonce="ended00000",
        run_id="run-09",
        state=RunState.ENDED,
        end_reason=EndReason.FINISHED,
        cost_usd=0.4,
        ended_at=NOW,
    )
    ground.site.history.add(ended)
    await visit(person, "/runs")
    await person.should_see("$0.40, 1 run")
    with person:
        buttons = list(ElementFilter(kind=Button))
    press(
        person, next(one for one in buttons if one.props.get("aria-label", "").startswith("Delete"))
    )
    await person.should_see("run-09 and its curves are deleted from this computer")
    assert ground.site.history.by_nonce("ended00000") is not None
    click(person, "Delete the record")
    await until(lambda: ground.site.history.by_nonce("ended00000") is None)


async def test_two_ticked_runs_can_be_compared_and_one_cannot(person: User, ground: Ground) -> None:
    for number in (1, 2):
        ground.site.history.add(
            run(nonce=f"run{number}000000", run_id=f"run-0{number}", settings_json=json.dumps({}))
        )
    await visit(person, "/runs")
    with person:
        compare = next(one for one in ElementFilter(kind=Button) if "Compare" in one.label.text)
    assert compare.locked
    for number in (1, 2):
        person.find(marker=f"pick-run{number}000000").trigger("change", True)
    assert not compare.locked
    person.find(marker="pick-run1000000").trigger("change", False)
    assert compare.locked


async def test_a_wait_that_goes_on_says_so(person: User) -> None:
    await visit(person, "/help")
    with person, only(person, ui.element, "page"):
        place = waiting("Asking RunPod for prices…", rows=1, still_seconds=0.01)
    await person.should_see("Asking RunPod for prices… Still waiting.", retries=400)
    place.delete()


async def test_the_list_of_data_sets_says_what_was_checked_and_changed(
    person: User, ground: Ground
) -> None:
    write(
        ground.site.config.datasets_folder / "anna",
        {"wavs/a.wav": wav(1.5), "metadata.csv": "wavs/a.wav|Hello there.\nwavs/b.wav|Absent.\n"},
    )
    await visit(person, "/datasets")
    await person.should_see("all clips transcribed")
    await visit(person, "/datasets/anna")
    press(person, only(person, Button, "check-dataset"))
    await person.should_see(marker="whole-report", retries=400)
    await visit(person, "/datasets")
    await person.should_see("checked, 1 error")
    await person.should_see("just now")


async def test_a_command_s_dataset_is_not_judged_as_a_voice_s(holder: User, ground: Ground) -> None:
    ground.push_clips(lines={"clips/absent.flac": "There is no such file."})
    await visit(holder, "/train?preset=quick-check&dataset=demo/clips")
    await holder.should_see("cannot be used for training yet", retries=400)
    holder.find(marker="train-command").trigger("change")
    await holder.should_see("at one commit, unchanged; their content is not checked")
    await holder.should_not_see("cannot be used for training yet")
    holder.find(marker="train-piper").trigger("change")
    await holder.should_see("cannot be used for training yet", retries=400)


async def test_what_is_trained_is_chosen_by_a_card_and_brings_its_own_settings_and_presets(
    person: User,
) -> None:
    await visit(person, "/train?preset=quick-check&dataset=me/clips")
    assert shown_fields(person) >= {"dataset_repo", "voice_name", "epochs"}
    person.find(marker="train-command").trigger("change")
    assert shown_fields(person) >= {"dataset_repo", "argv", "outputs"}
    assert not shown_fields(person) & {"voice_name", "epochs"}
    await person.should_not_see(marker="preset-quick-check")
    enter(person, "argv", "python\ntrain.py")
    person.find(marker="train-piper").trigger("change")
    assert shown_fields(person) >= {"voice_name", "epochs"}
    await person.should_see(marker="preset-quick-check")
    assert only(person, Field, "field-dataset_repo").value == "me/clips"


async def test_a_link_to_a_preset_shows_what_it_trains_whatever_the_tab_had_before(
    person: User,
) -> None:
    await visit(person, "/train?preset=quick-check")
    person.find(marker="train-command").trigger("change")
    await visit(person, "/train?preset=quick-check")
    assert shown_fields(person) >= {"voice_name", "epochs"}


def shown_fields(user: User) -> set[str]:
    """Names of the settings that have a field on the page, behind "More settings" or not."""
    with user:
        found = ElementFilter(kind=Field, only_visible=False)
        return {str(one._props["name"]) for one in found if one.visible}
