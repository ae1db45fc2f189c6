"""From settings to a plan that can be confirmed: prices, faults, what is let pass, and a choice that is kept."""

from __future__ import annotations

import json

from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.ui.widgets.elements import Button, Text
from launcher.ui.widgets.inputs import Field
from tests.kit.page_verbs import click, enter, only, until, visit
from tests.kit.runs import run
from tests.ui.conftest import Ground


async def test_without_a_key_the_train_page_says_what_prices_need(person: User) -> None:
    await visit(person, "/train")
    await person.should_see("Prices need the RunPod key", retries=400)
    assert only(person, Button, "start").locked


async def test_the_price_follows_the_settings(holder: User, ground: Ground) -> None:
    ground.push_clips()
    await visit(holder, "/train?preset=finetune-medium&dataset=demo/clips")
    await until(lambda: "about" in only(holder, Text, "price").text)
    before = only(holder, Text, "price").text
    enter(holder, "epochs", "9000")
    assert only(holder, Text, "price").text != before


async def test_a_value_out_of_range_is_said_at_its_field(holder: User) -> None:
    await visit(holder, "/train")
    enter(holder, "batch_size", "1000")
    assert "1 to 256" in only(holder, Field, "field-batch_size").error


async def test_the_check_names_what_is_missing(holder: User) -> None:
    await visit(holder, "/train")
    holder.find(marker="check").click()
    await holder.should_see("Missing: “Dataset repo”, “Results repo”.", retries=400)
    assert only(holder, Button, "start").locked


async def test_a_checked_plan_can_be_confirmed_and_a_change_locks_it_again(
    holder: User, ground: Ground
) -> None:
    ground.push_clips()
    await visit(holder, "/train?preset=quick-check&dataset=demo/clips")
    enter(holder, "results_repo", "demo/voice")
    holder.find(marker="check").click()
    await holder.should_see("Ready", retries=400)
    assert not only(holder, Button, "start").locked
    holder.find(marker="start").click()
    await holder.should_see("Keep this program running until the GPU is ready", retries=400)
    await holder.should_see(
        "not ready after 15 minutes is removed, and the next one is tried (2.75 GB"
    )
    page = json.dumps([one._to_dict() for one in holder._client.elements.values()], default=str)
    assert "<RunPod API key>" in page
    assert ground.world.api_key not in page
    enter(holder, "epochs", "12")
    assert only(holder, Button, "start").locked


async def test_further_datasets_are_looked_at_as_one_with_the_first(
    holder: User, ground: Ground
) -> None:
    ground.push_clips()
    ground.push_clips("demo/more", lines={"clips/absent.flac": "There is no such file."})
    await visit(holder, "/train?preset=quick-check&dataset=demo/clips")
    await holder.should_see("demo/clips: 12 clips", retries=400)
    enter(holder, "more_datasets", "demo/more")
    await holder.should_see("demo/clips and demo/more cannot be used for training", retries=400)
    await holder.should_see("demo/more: metadata.csv line 13")
    assert ground.site.drafts.of(holder.tab_id).given["more_datasets"] == ["demo/more"]


async def test_a_run_continued_with_another_dataset_and_language_is_stopped_by_the_check(
    holder: User, ground: Ground
) -> None:
    ground.push_clips()
    ground.push_run_record(language="de_DE", dataset_repo="demo/older")
    address = "/train?preset=quick-check&dataset=demo/clips"
    await visit(holder, address)
    enter(holder, "results_repo", "demo/voice")
    enter(holder, "run_id", "run-01")
    ground.site.drafts.of(holder.tab_id).resume = True
    holder.find(marker="check").click()
    await holder.should_see("run-01 was trained with language de_DE", retries=400)
    await holder.should_see("run-01 was trained on demo/older; you chose demo/clips")
    await holder.should_see("To continue it: “Language”: de_DE.")
    await holder.should_see(marker="pass-resume-dataset")
    assert only(holder, Button, "start").locked


async def test_what_one_knows_of_a_data_set_can_be_let_pass_and_minded_again(
    holder: User, ground: Ground
) -> None:
    ground.push_clips(lines={"clips/absent.flac": "There is no such file."})
    await visit(holder, "/train?preset=quick-check&dataset=demo/clips")
    enter(holder, "results_repo", "demo/voice")
    holder.find(marker="check").click()
    await holder.should_see("Ignore", retries=400)
    assert only(holder, Button, "start").locked
    click(holder, "Ignore")
    await holder.should_see("Ready", retries=400)
    holder.find(marker="start").click()
    await holder.should_see("Ignored in the dataset: file-absent", retries=400)
    click(holder, "Do not ignore")
    await until(lambda: only(holder, Button, "start").locked)
    draft = ground.site.drafts.of(holder.tab_id)
    assert draft.let_pass == set()


async def test_what_was_let_pass_is_let_pass_for_that_data_set_alone(
    holder: User, ground: Ground
) -> None:
    await visit(holder, "/train?preset=quick-check&dataset=demo/clips")
    ground.site.drafts.of(holder.tab_id).let_pass.add("file-absent")
    enter(holder, "batch_size", "4")
    assert ground.site.drafts.of(holder.tab_id).let_pass == {"file-absent"}
    enter(holder, "dataset_repo", "demo/others")
    assert ground.site.drafts.of(holder.tab_id).let_pass == set()


async def test_text_and_form_are_one_choice(holder: User, ground: Ground) -> None:
    await visit(holder, "/train?preset=quick-check")
    enter(holder, "batch_size", "4")
    assert "batch_size = 4" in str(only(holder, Field, "field-toml").value)
    enter(holder, "toml", 'preset = "quick-check"\n[settings]\nbatch_size = 6\n')
    click(holder, "Apply this text")
    await holder.should_see("Applied")
    assert only(holder, Field, "field-batch_size").value == "6"
    enter(holder, "toml", "[settings]\nbatch_sice = 6\n")
    click(holder, "Apply this text")
    await holder.should_see("There is no setting 'batch_sice'")


async def test_a_choice_can_be_kept_as_a_preset(holder: User, ground: Ground) -> None:
    await visit(holder, "/train?preset=quick-check")
    enter(holder, "batch_size", "4")
    enter(holder, "preset-name", "my-small-one")
    click(holder, "Save")
    assert (ground.site.config.presets_folder / "my-small-one.toml").is_file()


async def test_train_again_takes_over_the_settings_of_a_run(holder: User, ground: Ground) -> None:
    settings = {
        "recipe": "piper",
        "batch_size": 5,
        "dataset_repo": "demo/clips",
        "run_id": "run-07",
    }
    ground.site.history.add(run(settings_json=json.dumps(settings), state=RunState.ENDED))
    await visit(holder, f"/train?again={run().nonce}")
    assert only(holder, Field, "field-batch_size").value == "5"
    assert only(holder, Field, "field-run_id").value == ""


async def test_a_run_can_be_tried_again_in_smaller_batches(holder: User, ground: Ground) -> None:
    settings = {"recipe": "piper", "batch_size": 32, "run_id": "run-07"}
    ground.site.history.add(run(settings_json=json.dumps(settings), state=RunState.ENDED))
    await visit(holder, f"/train?again={run().nonce}&smaller=1")
    assert only(holder, Field, "field-batch_size").value == "16"
