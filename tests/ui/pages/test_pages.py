"""What a person sees and can do on each page, by the simulated user above the emulators."""

from __future__ import annotations

from pathlib import Path

from nicegui.testing import User

from launcher.domain.run import RunState
from pod_image.contract.outcomes import EndReason
from tests.kit.page_verbs import click, enter, visit
from tests.kit.runs import run
from tests.ui.conftest import Ground, some_clips

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
