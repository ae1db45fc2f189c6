"""Name, notes and tags of a run on their way: at once here, in the repo for every computer, and few commits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.domain.labels import LabelName, Labels
from launcher.domain.run import Run, RunState
from launcher.domain.run_address import RunAddress
from launcher.hub.access import HubAccess
from launcher.services.common.workbench import Workbench
from launcher.services.following.look_around import attach, look_around
from launcher.services.labelling import (
    WHILE_IT_GOES_ON,
    Sending,
    is_due,
    label,
    send_all,
    send_labels,
)
from pod_image.hub import Repo, publish, read_bytes
from tests.kit.clouds import RESULTS_REPO
from tests.kit.repo_runs import ADDRESS, AT, put, record
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness, at_once

NAME, NOTES, TAGS = LabelName.NAME, LabelName.NOTES, LabelName.TAGS
OVER = {"state": "ended", "end_reason": "finished", "ended_at": AT + timedelta(minutes=5)}


async def known(bench: Workbench, harness: LauncherHarness, **changes: object) -> Run:
    """The run that this computer knows from its repo."""
    put(harness.hub, record(**changes))
    return (await attach(bench, ADDRESS))[0]


def in_repo(harness: LauncherHarness) -> Labels | None:
    return Labels.from_json(
        read_bytes(harness.hub, Repo(RESULTS_REPO, "model"), "run-01/labels.json")
    )


def commits(harness: LauncherHarness) -> int:
    return len(harness.core.store.repos["model", RESULTS_REPO].commits)


@in_virtual_time
async def test_what_a_run_is_called_here_is_read_by_another_computer(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = label(harness.bench, await known(harness.bench, harness, **OVER), {NAME: "calm"})
    assert run.title == "calm"
    assert (await send_labels(harness.bench, run)).sending is Sending.THERE
    other = harness.second_home()
    (found,) = await attach(other, RunAddress(RESULTS_REPO))
    assert (found.title, other.runs.get("run-01").title) == ("calm", "calm")
    (found,) = await attach(other, ADDRESS)
    assert found.title == "calm"


@in_virtual_time
async def test_two_computers_that_type_at_one_time_keep_every_word_and_are_told(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await known(harness.bench, harness, **OVER)
    other = harness.second_home()
    theirs = (await attach(other, ADDRESS))[0]
    label(harness.bench, run, {NAME: "mine", NOTES: "Louder."})
    harness.loop.jump(5)
    label(other, theirs, {NAME: "theirs", TAGS: "keeper"})
    await send_labels(other, theirs)
    sent = await send_labels(harness.bench, run)
    assert [each.text for each in sent.overruled] == ["mine"]
    labels = in_repo(harness)
    assert labels is not None
    assert (labels.name, labels.notes, labels.tags) == ("theirs", "Louder.", ("keeper",))
    assert [each.text for each in labels.earlier] == ["mine"]
    assert harness.bench.runs.get("run-01").labels == labels


@in_virtual_time
async def test_a_run_that_goes_on_spends_few_commits_on_its_name(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await known(harness.bench, harness)
    before, letters = commits(harness), "abcdefghij"
    for letter in letters:
        label(harness.bench, run, {NAME: letter})
        await send_labels(harness.bench, run)
        harness.loop.jump(60)
    assert commits(harness) == before + 1
    assert (await send_labels(harness.bench, run)).sending is Sending.LATER
    harness.loop.jump(WHILE_IT_GOES_ON.total_seconds())
    assert await send_all(harness.bench) == ()
    assert commits(harness) == before + 2
    found = in_repo(harness)
    assert found is not None
    assert (found.name, len(found.earlier)) == ("j", 9)


@in_virtual_time
async def test_once_the_run_is_over_its_name_is_written_at_once(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await known(harness.bench, harness)
    for name in ("one", "two"):
        label(harness.bench, run, {NAME: name})
        await send_labels(harness.bench, run)
        harness.loop.jump(70)
    put(harness.hub, record(**OVER))
    assert (await look_around(harness.bench)).troubles == ()
    found = in_repo(harness)
    assert found is not None
    assert found.name == "two"
    assert harness.bench.runs.labels.unsent() == []


@in_virtual_time
async def test_a_run_that_has_delivered_nothing_gets_no_folder_for_its_name_alone(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await known(harness.bench, harness, **OVER)
    bare = replace(run, run_id="run-02", nonce="bbbbbbbbbb", is_from_repo=False)
    harness.bench.runs.add(bare)
    label(harness.bench, bare, {NAME: "did not start"})
    assert (await send_labels(harness.bench, bare)).sending is Sending.NOTHING_DELIVERED
    assert await harness.bench.results(RESULTS_REPO).run_ids() == ["run-01"]
    assert harness.bench.runs.labels.is_unsent(RESULTS_REPO, "run-02")


@in_virtual_time
async def test_without_a_token_it_stays_here_until_there_is_one(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = label(harness.bench, await known(harness.bench, harness, **OVER), {NAME: "calm"})
    without = HubAccess(harness.hub_of(None), harness.hub_of(None), run_blocking=at_once)
    keyless = replace(harness.bench, hub=without)
    assert (await send_labels(keyless, run)).sending is Sending.NO_TOKEN
    assert in_repo(harness) is None
    assert (await send_labels(harness.bench, run)).sending is Sending.THERE


@in_virtual_time
async def test_a_file_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = label(harness.bench, await known(harness.bench, harness, **OVER), {NAME: "calm"})
    theirs: dict[str, Path | bytes] = {"run-01/labels.json": b"cat\ndog\n"}
    publish(harness.hub, Repo(RESULTS_REPO, "model"), theirs, "a model's labels")
    assert (await send_labels(harness.bench, run)).sending is Sending.UNREADABLE
    (trouble,) = await send_all(harness.bench)
    assert "delete that file" in str(trouble)
    assert (await attach(harness.bench, ADDRESS))[0].title == "calm"


@in_virtual_time
async def test_a_hub_that_does_not_answer_costs_no_word(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = label(harness.bench, await known(harness.bench, harness, **OVER), {NAME: "calm"})
    harness.core.store.repos.pop(("model", RESULTS_REPO))
    (trouble,) = await send_all(harness.bench)
    assert "stay on this computer" in str(trouble)
    assert harness.bench.runs.labels.is_unsent(run.results_repo, run.run_id)


@pytest.mark.parametrize(
    ("state", "minutes", "due"),
    [
        (RunState.RUNNING, 14, False),
        (RunState.RUNNING, 15, True),
        (RunState.ENDED, 0.5, False),
        (RunState.ENDED, 1, True),
        (RunState.RUNNING, -5, True),  # a clock that was set back keeps nobody waiting
    ],
)
def test_when_the_next_commit_may_be_spent(state: RunState, minutes: float, due: bool) -> None:
    run = Run("run-01", RESULTS_REPO, 1, "abcdefghij", state, AT)
    assert is_due(run, AT, AT + timedelta(minutes=minutes)) is due
