"""What a person sees and can do on each page, by the simulated user above the emulators."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.services.live.journal import Journal
from launcher.stores.runs import RecordKind
from launcher.stores.secrets import KeyName
from launcher.ui.widgets.elements import Button, Text
from launcher.ui.widgets.inputs import Field, Player
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.clouds import TOKENS
from tests.kit.page_verbs import click, enter, hrefs, only, press, until, use_key, visit
from tests.kit.runs import event, run
from tests.ui.conftest import Ground, some_clips

CANARY = "rpa_canaryvalue0000"


# home


async def test_a_newcomer_is_told_the_four_steps(person: User) -> None:
    await visit(person, "/")
    for title in (
        "Enter your keys",
        "Prepare a dataset",
        "Choose the settings",
        "Train your first",
    ):
        await person.should_see(title)
    await person.should_see("We run no server")


async def test_home_shows_what_runs_and_what_was_done(person: User, ground: Ground) -> None:
    ground.site.history.add(run(nonce="running000"))
    ground.site.history.add(
        run(
            nonce="ended00000",
            run_id="run-00",
            state=RunState.ENDED,
            end_reason=EndReason.FINISHED,
            cost_usd=0.4,
        )
    )
    await visit(person, "/")
    await person.should_see("Running now")
    await person.should_see("Recent runs")
    await person.should_see("$0.40")
    await person.should_not_see("Your first voice")


# keys


async def test_a_key_is_checked_and_held_for_its_tab_alone(person: User, ground: Ground) -> None:
    await visit(person, "/keys")
    await person.should_see("No keys")
    use_key(person, KeyName.RUNPOD, ground.world.api_key)
    await person.should_see("Works. Balance $25.00.", retries=400)
    await person.should_see("1 of 3 keys")
    assert ground.site.vault.get("another tab", "runpod") is None


async def test_a_balance_that_is_used_up_has_a_link_to_the_page_where_credit_is_added(
    person: User, ground: Ground
) -> None:
    ground.world.account.balance_usd = 0.0
    await visit(person, "/keys")
    use_key(person, KeyName.RUNPOD, ground.world.api_key)
    await person.should_see("Works. Balance $0.00.", retries=400)
    assert "https://console.runpod.io/user/billing" in hrefs(person)


async def test_a_refused_key_is_told_apart_and_dropped(person: User, ground: Ground) -> None:
    await visit(person, "/keys")
    use_key(person, KeyName.RUNPOD, CANARY)
    await person.should_see("Refused", retries=400)
    assert ground.site.vault.held(person.tab_id) == {}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (KeyName.RUNPOD, "hf_something", "looks like a Hugging Face token"),
        (KeyName.HF_UPLOAD, "rpa_something", "looks like a RunPod key"),
        (KeyName.RUNPOD, "two words", "It contains a space or a line break"),
        (KeyName.RUNPOD, "short", "too short"),
    ],
)
async def test_what_is_no_key_by_its_looks_is_not_sent(
    person: User, ground: Ground, name: KeyName, value: str, words: str
) -> None:
    await visit(person, "/keys")
    use_key(person, name, value)
    await person.should_see(words)
    assert ground.world.requests == []


async def test_a_token_that_may_too_much_is_said(person: User, ground: Ground) -> None:
    await visit(person, "/keys")
    use_key(person, KeyName.HF_UPLOAD, TOKENS["write"])
    await person.should_see("with more rights than needed", retries=400)
    assert ground.site.vault.get(person.tab_id, "hf-upload") is not None


async def test_a_read_token_cannot_write_results(person: User, ground: Ground) -> None:
    await visit(person, "/keys")
    use_key(person, KeyName.HF_UPLOAD, TOKENS["read"])
    await person.should_see("can read but not write", retries=400)
    assert ground.site.vault.get(person.tab_id, "hf-upload") is None


async def test_a_service_that_does_not_answer_says_nothing_about_the_key(
    person: User, ground: Ground
) -> None:
    ground.world.faults.switch_on("server-errors")
    await visit(person, "/keys")
    use_key(person, KeyName.RUNPOD, ground.world.api_key)
    await person.should_see("Could not be checked", retries=400)
    assert ground.site.vault.get(person.tab_id, "runpod") is not None


async def test_a_key_can_be_forgotten(holder: User, ground: Ground) -> None:
    await visit(holder, "/keys")
    await holder.should_see("In memory", retries=400)
    buttons = holder.find(kind=Button).elements
    press(
        holder,
        next(one for one in buttons if "Forget the RunPod" in one.props.get("aria-label", "")),
    )
    await until(lambda: "runpod" not in ground.site.vault.held(holder.tab_id))


async def test_keys_in_the_environment_are_named_and_used_after_a_click(
    person: User, ground: Ground
) -> None:
    ground.site.environment = {"RUNPOD_API_KEY": ground.world.api_key}
    await visit(person, "/keys")
    await person.should_see("Found in environment variables")
    assert ground.site.vault.held(person.tab_id) == {}
    click(person, "Use these")
    await person.should_see("Balance $25.00", retries=400)


async def test_no_element_ever_holds_a_typed_key(person: User, ground: Ground) -> None:
    await visit(person, "/keys")
    for name, value in ground.values.items():
        use_key(person, name, value)
    await person.should_see("3 of 3 keys", retries=400)
    page = json.dumps([one._to_dict() for one in person._client.elements.values()], default=str)
    for value in ground.values.values():
        assert value not in page


# train


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


# a run


@pytest.fixture
def watched(ground: Ground) -> Ground:
    """A run with half its life behind it, as its events tell."""
    one = run()
    ground.site.history.add(one)
    view = ground.site.live.view(one)
    view.take(event("armed", 1, works=True))
    view.take(event("phase", 2, phase="train", state="started"))
    view.take(event("step", 3, step=40, total_steps=100, losses={"mel": 2.5}, seconds_left=120.0))
    view.take(event("sample", 4, step=40, path="samples/step-40/01.wav", text="Hello there."))
    ground.site.live.refresh()
    return ground


async def test_the_strip_is_on_every_page_while_a_gpu_may_cost_money(
    person: User, watched: Ground
) -> None:
    for path in ("/", "/keys", "/datasets", "/train", "/runs", "/voice", "/help"):
        await visit(person, path)
        await person.should_see("about $0.24 so far")
        await person.should_see("Cancel run")


async def test_without_a_key_a_run_shows_its_last_known_figures(
    person: User, watched: Ground
) -> None:
    await visit(person, f"/runs/{run().nonce}")
    await person.should_see("These are the last known figures")
    await person.should_see("step 40 of 100")
    assert only(person, Button, "do-save").locked


async def test_a_run_that_is_over_shows_its_receipt(person: User, watched: Ground) -> None:
    watched.site.history.update(
        run(), state=RunState.ENDED, end_reason=EndReason.FINISHED, ended_at=NOW, cost_usd=0.31
    )
    await visit(person, f"/runs/{run().nonce}")
    await person.should_see("The run finished.")
    await person.should_see("Receipt")
    await person.should_see("Metered by the GPU")
    await person.should_not_see("GPU idle")


async def test_the_receipt_says_how_long_no_gpu_was_busy(person: User, watched: Ground) -> None:
    idle = {"watched_seconds": 300.0, "idle_seconds": 63.0, "phases": []}
    watched.site.history.keep(run(), RecordKind.ENDED, {"reason": "finished", "gpu_idle": idle})
    watched.site.history.update(
        run(), state=RunState.ENDED, end_reason=EndReason.FINISHED, ended_at=NOW, cost_usd=0.31
    )
    await visit(person, f"/runs/{run().nonce}")
    await person.should_see("GPU idle")
    await person.should_see("21 % of 5 min")


async def test_a_pod_past_its_deadline_is_shown_in_red(person: User, watched: Ground) -> None:
    watched.site.history.update(run(), deadline=NOW - timedelta(minutes=10))
    watched.site.live.refresh()
    await visit(person, f"/runs/{run().nonce}")
    await person.should_see("This may still cost money")
    await person.should_see("Open RunPod's console")


@pytest.mark.parametrize(
    ("tab", "words"),
    [
        ("samples", "uploading"),
        ("now", "The machine reports how busy it is once it has started."),
        ("log", "No log lines here yet."),
        ("settings", "Train again with these settings"),
        ("overview", "Sound (mel): 2.5 at step 40"),
        ("nonsense", "Sound (mel): 2.5 at step 40"),
    ],
)
async def test_each_part_of_a_run_can_be_opened_by_its_address(
    person: User, watched: Ground, tab: str, words: str
) -> None:
    await visit(person, f"/runs/{run().nonce}?tab={tab}")
    await person.should_see(words, retries=400)


async def test_a_runs_past_is_read_back_whichever_page_came_first(
    person: User, ground: Ground
) -> None:
    one = run()
    ground.site.history.add(one)
    Journal(ground.site.config.data_folder / "events").write(
        one, event("step", 1, step=77, losses={"mel": 2.5})
    )
    ground.site.live.refresh()
    await visit(person, "/")
    await person.should_see("Step 77")
    await visit(person, f"/runs/{one.nonce}")
    await person.should_see("Sound (mel): 2.5 at step 77")


async def test_an_unknown_run_is_said(person: User) -> None:
    await visit(person, "/runs/nothing000")
    await person.should_see("This run does not exist")


# history


async def test_the_history_filters_and_deletes(person: User, ground: Ground) -> None:
    ended = run(
        nonce="ended00000", run_id="run-09", state=RunState.ENDED, end_reason=EndReason.LOST
    )
    ground.site.history.add(ended)
    ground.site.history.add(run())
    await visit(person, "/runs")
    await person.should_see("2 runs")
    enter(person, "runs-search", "run-09")
    await person.should_see("1 run")
    ground.site.live.forget(ended)
    assert ground.site.history.by_nonce("ended00000") is None


async def test_two_runs_are_compared(person: User, ground: Ground) -> None:
    for nonce, size in (("first00000", 8), ("second0000", 16)):
        one = run(nonce=nonce, run_id=f"run-{size}", settings_json=json.dumps({"batch_size": size}))
        ground.site.history.add(one)
        view = ground.site.live.view(one)
        view.take(event("step", 1, step=10, losses={"mel": 2.0 / size}))
    await visit(person, "/compare?a=first00000&b=second0000")
    await person.should_see("run-8: 0.25 at step 10; run-16: 0.125 at step 10")
    await person.should_see("Batch size")


async def test_ten_runs_are_compared_by_their_settings_scores_and_samples(
    person: User, ground: Ground
) -> None:
    for n in range(10):
        settings = json.dumps({"batch_size": 8 + n // 9, "epochs": 7})
        one = run(
            nonce=f"many00000{n}", run_id=f"run-{n}", settings_json=settings, cost_usd=0.1 * n
        )
        ground.site.history.add(one)
        view = ground.site.live.view(one)
        scores = {"mel_cepstral_distance_db": 9.0 - n}
        view.take(event("step", 1, step=10, losses={"mel": 2.0 + n}))
        view.take(
            event("checkpoint", 2, step=10, path="a", size_bytes=1, scores=scores, is_best=True)
        )
        view.take(event("sample", 3, step=10, path=f"samples/{n}.wav", text="Hello there."))
    chosen = ",".join(["me/voice/run-0", *(f"many00000{n}" for n in range(1, 10))])
    await visit(person, f"/compare?runs={chosen}&across=time")
    await person.should_see("run-0: 2 at step 10; run-1: 3 at step 10")
    await person.should_see("Distance from the recordings: 0 dB at step 10")
    await person.should_see("1 setting alike")
    assert len(person.find(Player).elements) == 10


async def test_comparing_nothing_says_how(person: User) -> None:
    await visit(person, "/compare")
    await person.should_see("Choose two runs")


# datasets, voice, help


async def test_data_sets_begin_with_a_name(person: User) -> None:
    await visit(person, "/datasets")
    await person.should_see("Start your first dataset")
    enter(person, "dataset-name", "../evil")
    person.find(marker="make").click()
    await person.should_see("cannot be the name of a dataset")


async def test_a_folder_of_this_computer_becomes_a_data_set(
    person: User, ground: Ground, tmp_path: Path
) -> None:
    await visit(person, "/datasets/anna")
    enter(person, "local-folder", str(some_clips(tmp_path / "recordings", 3)))
    click(person, "Use these recordings")
    await person.should_see("3 clips added", retries=400)
    await person.should_see("2 · Transcripts")
    person.find(marker="check-dataset").click()
    await person.should_see(marker="whole-report", retries=400)
    shown = await ground.answer("/reports/anna")
    assert shown.status_code == 200
    assert "<svg" in shown.text
    assert (await ground.answer("/reports/never-checked")).status_code == 404
    person.find(marker="push").click()
    await person.should_see("First confirm that you are allowed to use the recordings")


async def test_a_folder_that_is_not_there_is_said(person: User) -> None:
    await visit(person, "/datasets/anna")
    enter(person, "local-folder", "/nonexistent/recordings")
    click(person, "Use these recordings")
    await person.should_see("The folder /nonexistent/recordings does not exist.", retries=400)


async def test_without_a_voice_the_page_says_what_to_do(person: User) -> None:
    await visit(person, "/voice")
    await person.should_see("No voice yet")


async def test_help_is_there_and_searched(person: User) -> None:
    await visit(person, "/help?topic=money")
    await person.should_see("What stops the cost")
    enter(person, "help-search", "keyring")
    await person.should_see("Where keys are kept")
    await visit(person, "/help?topic=settings")
    await person.should_see("Batch size")


async def test_the_theme_is_kept(person: User, ground: Ground) -> None:
    await visit(person, "/")
    person.find(marker="theme").trigger("change", "dark")
    assert 'theme = "dark"' in ground.site.config.preferences_path.read_text("utf-8")
