"""The pages of studies: which there are, and one with its money, its trials and its best."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nicegui.testing import User

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.kept import read_study, study_text, trials_text
from launcher.domain.studies.study import (
    Claim,
    PrunerName,
    SamplerName,
    Study,
    Trial,
    TrialState,
)
from launcher.stores.known_studies import KnownStudies
from launcher.ui.pages.studies.run_here import money_question
from launcher.ui.state.drafts import Draft
from launcher.ui.state.studies_here import RunningStudy
from launcher.ui.widgets.elements import Button, Text
from launcher.ui.widgets.plot import Plot
from pod_image.contract.paths import STUDIES_FOLDER
from pod_image.folder_store.folder import OwnFolder
from tests.kit.clocks import NOW
from tests.kit.clouds import RESULTS_REPO
from tests.kit.page_verbs import enter, hrefs, only, press, until, visit
from tests.kit.studies import ended_trial, study_of
from tests.ui.conftest import Ground

ADDRESS = StudyAddress("demo/voice", "tune")
LIVE = Trial(
    3,
    {"learning_rate": 2e-4, "batch_size": 32},
    TrialState.LIVE,
    run_id="tune-004",
    launches=1,
    claim=Claim("me", NOW, "runpod", "acct"),
    reserved_usd=2.5,
)
STUDY = study_of(
    ended_trial(0, 3.0),
    ended_trial(1, 1.5),
    ended_trial(2, None, state=TrialState.FAILED, reason="The training process died."),
    LIVE,
)


def push(ground: Ground, study: Study) -> None:
    folder = f"{STUDIES_FOLDER}/{study.name}"
    ground.push_results(
        {
            f"{folder}/study.json": study_text(study).encode(),
            f"{folder}/trials.jsonl": trials_text(study).encode(),
        },
        "demo/voice",
    )


async def test_a_study_shows_its_money_its_trials_and_its_best(
    person: User, ground: Ground
) -> None:
    push(ground, STUDY)
    await visit(person, "/studies")
    ground.hold_keys(person.tab_id)
    await visit(person, "/studies/demo/voice/tune")
    await person.should_see("$1.50 spent, $2.50 set aside for 1 trial, of $10.00", retries=100)
    await person.should_see("The training process died.")
    await person.should_see("tune-004")
    (plot,) = person.find(kind=Plot).elements
    best, each = plot.lines
    assert [point.value for point in best.points] == [3.0, 1.5]
    assert [point.step for point in each.points] == [1.0, 2.0]
    await person.should_see("Best trials")
    await person.should_see("Hear and compare them")
    shown = [each.text for each in person.find(kind=Text).elements]
    assert (shown.count("3.0"), shown.count("3")) == (2, 0), "as many decimals as beside 1.5"


async def test_a_study_in_a_folder_is_shown_without_a_key(
    person: User, ground: Ground, tmp_path: Path
) -> None:
    folder = OwnFolder(tmp_path / "voices")
    texts = {"study.json": study_text(STUDY), "trials.jsonl": trials_text(STUDY)}
    folder.put({f"{STUDIES_FOLDER}/tune/{name}": text.encode() for name, text in texts.items()}, "")
    await visit(person, "/studies")
    enter(person, "study-address", f"{folder.root}/tune")
    press(person, only(person, Button, "show-study"))
    await person.should_see("$1.50 spent, $2.50 set aside for 1 trial, of $10.00", retries=100)
    await person.should_see("Results folder")
    assert not [
        each for each in hrefs(person) if "tune-" in each
    ]  # this computer knows none of its runs


async def test_what_was_read_last_is_there_without_a_key_and_listed(
    person: User, ground: Ground
) -> None:
    known = KnownStudies(ground.site.config.data_folder)
    known.remember(ADDRESS)
    known.keep_copy(ADDRESS, study_text(STUDY), trials_text(STUDY))
    await visit(person, "/studies")
    await person.should_see("demo/voice/tune")
    await person.should_see("1.5")
    await visit(person, "/studies/demo/voice/tune")
    await person.should_see("tune-002")
    await person.should_see("As it was read last on this computer")
    # Nothing was refused: there is no token yet, and that is what is said.
    await person.should_see("Enter the Hugging Face token to see how the study goes now.")
    assert "/keys" in hrefs(person)


async def test_without_a_study_it_says_where_one_comes_from(person: User, ground: Ground) -> None:
    await visit(person, "/studies")
    await person.should_see("No study yet")
    await visit(person, "/studies/demo/voice/Not-A-Name")
    await person.should_see("No such study")


async def test_a_study_is_stopped_from_its_page(person: User, ground: Ground) -> None:
    push(ground, replace(STUDY, trials=(*STUDY.trials[:3], LIVE)))
    await visit(person, "/studies")
    ground.hold_keys(person.tab_id)
    await visit(person, "/studies/demo/voice/tune")
    press(person, only(person, Button, "stop-study"))
    press(person, only(person, Button, "stop-study-now"))
    await until(lambda: read_study(*files(ground)).stopped == "It was stopped by hand.")
    await person.should_see("runs in progress finish and deliver", retries=100)


GIVEN = {"recipe": "command", "argv": ["true"], "results_repo": RESULTS_REPO, "max_cost_usd": 1.0}


async def test_a_study_is_made_of_the_run_of_the_train_page_with_the_checks_of_the_command(
    holder: User, ground: Ground
) -> None:
    await visit(holder, "/studies")
    press(holder, only(holder, Button, "new-study"))
    make = only(holder, Button, "make-study")
    enter(holder, "study-name", "calm")
    enter(holder, "study-search", "checkpoint_minutes=1..100:log")
    enter(holder, "study-objective", "loss")
    press(holder, make)
    await holder.should_see("The study needs a budget.", retries=100)
    enter(holder, "study-budget", "nan")
    press(holder, make)
    await holder.should_see("Budget: enter a number.", retries=100)
    enter(holder, "study-budget", "-1")
    press(holder, make)
    await holder.should_see("Still missing on the Train page", retries=100)
    ground.site.drafts.replace(holder.tab_id, Draft(given=dict(GIVEN)))
    press(holder, make)
    await holder.should_see("The budget is in dollars", retries=100)
    enter(holder, "study-budget", "20")
    enter(holder, "study-at-most", "101")
    press(holder, make)
    await holder.should_see("Trials at a time: enter a number from 1 to 100.", retries=100)
    enter(holder, "study-at-most", "2")
    enter(holder, "study-trials", "3")
    enter(holder, "study-no-better", "0")
    press(holder, make)
    await holder.should_see("End without a better one: enter a number from 1", retries=100)
    enter(holder, "study-no-better", "4")
    enter(holder, "study-sampler", "random")
    enter(holder, "study-pruner", "none")
    enter(holder, "study-direction", "maximize")
    enter(holder, "study-report-every", "50")
    press(holder, make)
    known = KnownStudies(ground.site.config.data_folder)
    address = StudyAddress(RESULTS_REPO, "calm")
    await until(lambda: known.addresses() == [address])
    kept = known.copy(address)
    assert kept is not None
    asked = read_study(kept[0].encode(), kept[1].encode()).asked
    assert (asked.budget_usd, asked.at_most, asked.most_trials) == (20.0, 2, 3)
    assert (asked.sampler, asked.pruner) == (SamplerName.RANDOM, PrunerName.NONE)
    assert (asked.objective.direction, asked.patience, asked.every_steps) == ("maximize", 4, 50)
    assert ground.world.pods == {}
    await holder.should_see("spent, of $20.00", retries=100)


async def test_a_study_is_run_from_its_page_once_its_money_is_agreed_to(
    holder: User, ground: Ground
) -> None:
    push(ground, replace(STUDY, trials=STUDY.trials[:3]))
    await visit(holder, "/studies/demo/voice/tune")
    await holder.should_see("tune-002", retries=100)
    started: list[Study] = []
    ground.site.studies.start = lambda tab, session, address, agreed: started.append(agreed)  # type: ignore[method-assign]  # the work itself is tried beside the state
    press(holder, only(holder, Button, "run-study"))
    await holder.should_see("It may cost $8.50 more at most, $10.00 in all.", retries=100)
    assert started == []
    press(holder, only(holder, Button, "run-study-now"))
    await until(lambda: [each.name for each in started] == ["tune"])


def files(ground: Ground) -> tuple[bytes, bytes]:
    kept = KnownStudies(ground.site.config.data_folder).copy(ADDRESS)
    assert kept is not None
    return kept[0].encode(), kept[1].encode()


async def test_what_is_run_is_what_was_shown_when_it_was_agreed_to(
    holder: User, ground: Ground
) -> None:
    shown = study_of(
        ended_trial(0, 3.0), given={"results_repo": "demo/voice", "argv": ["sh", "-c", "id"]}
    )
    push(ground, shown)
    await visit(holder, "/studies/demo/voice/tune")
    await holder.should_see("tune-001", retries=100)
    started: list[Study] = []
    ground.site.studies.start = lambda tab, session, address, agreed: started.append(agreed)  # type: ignore[method-assign]  # the work itself is tried beside the state
    press(holder, only(holder, Button, "run-study"))
    await holder.should_see("sh -c id", retries=100)
    later = replace(shown, asked=replace(shown.asked, budget_usd=500.0))
    running = RunningStudy(later, version=1)
    ground.site.studies._running[ADDRESS] = running  # another look, while the question is open
    await holder.should_see("of $500.00", retries=200)
    press(holder, only(holder, Button, "run-study-now"))
    await until(lambda: [each.asked.budget_usd for each in started] == [10.0])


def test_of_a_study_that_is_over_no_money_is_asked_that_it_cannot_cost() -> None:
    stopped = study_of(ended_trial(0, 3.0), stopped="It was stopped by hand.")
    assert "$0.00 more" in money_question(stopped, stopped.stopped)
    assert "$9.50 more" in money_question(study_of(ended_trial(0, 3.0)), "")


async def test_news_of_a_study_leaves_the_question_whether_to_stop_it(
    person: User, ground: Ground
) -> None:
    push(ground, STUDY)
    await visit(person, "/studies")
    ground.hold_keys(person.tab_id)
    await visit(person, "/studies/demo/voice/tune")
    asked = only(person, Button, "stop-study")
    later = replace(STUDY, asked=replace(STUDY.asked, budget_usd=20.0))
    ground.site.studies._running[ADDRESS] = RunningStudy(later, version=1)
    await person.should_see("of $20.00", retries=200)
    assert only(person, Button, "stop-study") is asked
    assert not asked.is_deleted


async def test_a_study_that_was_stopped_gets_more_from_its_page_and_can_run_again(
    person: User, ground: Ground
) -> None:
    given = {"results_repo": "demo/voice", "dataset_repo": "demo/clips"}
    push(ground, study_of(ended_trial(0, 3.0), given=given, stopped="It was stopped by hand."))
    await visit(person, "/studies")
    ground.hold_keys(person.tab_id)
    await visit(person, "/studies/demo/voice/tune")
    await person.should_see("No further trial starts.", retries=100)
    press(person, only(person, Button, "add-to-study"))
    now = only(person, Button, "add-to-study-now")
    press(person, now)
    await person.should_see("There is nothing to add.", retries=100)
    enter(person, "add-budget", "much")
    press(person, now)
    await person.should_see("More budget: enter a number.", retries=100)
    enter(person, "add-budget", "2,5")
    enter(person, "add-values", "learning_rate=1e-4,batch_size=16")
    press(person, now)
    await person.should_see("The study has $12.50", retries=100)
    kept = read_study(*files(ground))
    assert (kept.stopped, kept.asked.budget_usd) == ("", 12.5)
    assert kept.trials[-1].params == {"learning_rate": 1e-4, "batch_size": 16}
    await person.should_not_see("No further trial starts.")
