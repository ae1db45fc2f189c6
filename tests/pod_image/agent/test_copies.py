"""Files of the work folder on request: they reach the results repo, and nothing leads out of the folder."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pod_image import control
from pod_image.agent.copies import MOST_FILES, NotCopied, choose
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import (
    TIMING,
    AgentHarness,
    put_numbered,
    training,
)

TOKEN = "hf_" + "aB3" * 12


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """What a run's command may have left there, for good or bad."""
    (tmp_path / "outside.txt").write_text("the agent's own")
    found = tmp_path / "prepared"
    (found / "out" / "deep").mkdir(parents=True)
    (found / "out" / "model.bin").write_bytes(b"m" * 1_000)
    (found / "out" / "deep" / "notes.txt").write_text("notes")
    (found / "out" / "here").symlink_to("model.bin")
    (found / "out" / "away").symlink_to(tmp_path)
    (found / "out" / ".netrc").write_text("machine a")
    (found / "out" / "says.txt").write_text(f"token is {TOKEN}")
    (found / "out" / "a:b").write_text("a stream, elsewhere")
    os.mkfifo(found / "out" / "pipe")
    return found


def test_a_folder_is_copied_without_links_files_of_keys_and_names_that_not_all_can_have(
    work: Path,
) -> None:
    chosen = choose(work, "out/")
    assert list(chosen.files.values()) == ["out/deep/notes.txt", "out/model.bin"]
    assert chosen.size_bytes == 1_005
    assert chosen.passed_over == "; left out: 3 links, 2 files of keys, 1 unusable name"


@pytest.mark.promise("secrets-training")
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../outside.txt", "must stay inside"),
        ("out/../../outside.txt", "must stay inside"),
        ("/etc/passwd", "must stay inside"),
        ("", "must stay inside"),
        (".", "must stay inside"),
        ("out/away/outside.txt", "is a link, or is reached through one"),
        ("out/here", "is a link, or is reached through one"),
        ("out/away", "is a link, or is reached through one"),
        ("out/.netrc", "that usually contains keys"),
        ("out/says.txt", "what looks like a key"),
        ("out/pipe", "neither a file nor a folder"),
        ("out/none", "does not exist"),
    ],
)
def test_what_leads_out_or_holds_keys_is_refused(work: Path, path: str, why: str) -> None:
    with pytest.raises(NotCopied, match=why):
        choose(work, path)


def test_a_folder_is_copied_where_the_work_itself_is_reached_by_a_link(
    work: Path, tmp_path: Path
) -> None:
    """As a home is, on a machine of one's own; what is below it is looked at as ever."""
    (tmp_path / "home").symlink_to(work)
    there = choose(tmp_path / "home", "out/")
    assert sorted(there.files.values()) == sorted(choose(work, "out/").files.values())


def test_more_files_than_a_commit_should_have_are_refused(work: Path) -> None:
    many = work / "many"
    many.mkdir()
    for number in range(MOST_FILES + 1):
        (many / str(number)).touch()
    with pytest.raises(NotCopied, match="more than 1,000 files; pack them"):
        choose(work, "many")


def copy(harness: AgentHarness, path: str, instruction_id: str = "my-copy") -> None:
    words = ["copy", "--id", instruction_id, "--text", path]
    assert control.main(words, folder=harness.disk) == 0


def details(harness: AgentHarness, instruction_id: str = "my-copy") -> list[tuple[str, str]]:
    return [
        (event["state"], event.get("detail", ""))
        for event in harness.events("command")
        if event["id"] == instruction_id
    ]


def put(harness: AgentHarness, below: str, text: str = "so far") -> None:
    path = harness.disk / "prepared" / below
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@in_virtual_time
async def test_a_copy_is_done_when_the_results_repo_has_it(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=200, checkpoint_steps=10**9))
    harness.rent()
    await harness.until("step", step=30)
    put(harness, "out/a.txt")
    copy(harness, "out/a.txt")
    await harness.until("command", id="my-copy", state="done")
    assert "run-01/copies/my-copy/out/a.txt" in harness.results()
    assert details(harness) == [("received", ""), ("done", "1 file, 6 bytes")]
    (upload,) = [
        event
        for event in harness.events("upload")
        if any("/copies/" in file["path"] for file in event["files"])
    ]
    await harness.until_gone()
    assert upload["seq"] < harness.events("step")[-1]["seq"], "training went on meanwhile"
    assert harness.ended["reason"] == "finished"


@in_virtual_time
async def test_a_refused_copy_costs_no_commit_and_says_why(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100, checkpoint_steps=10**9))
    harness.rent()
    await harness.until("step", step=30)
    uploads = len(harness.events("upload"))
    copy(harness, "out/none")
    await harness.until("command", id="my-copy", state="refused")
    assert details(harness)[-1][1] == "out/none does not exist in the run's work folder"
    assert len(harness.events("upload")) == uploads
    await harness.until_gone()


@in_virtual_time
async def test_a_copy_through_the_results_repo_works_where_there_is_no_exec(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=300, checkpoint_steps=10**9))
    harness.rent()
    await harness.until("step", step=30)
    put(harness, "out/a.txt")
    put_numbered(harness, 1, id="by-file", command="copy", text="out")
    await harness.until("command", id="by-file", state="done")
    assert "run-01/copies/by-file/out/a.txt" in harness.results()
    await harness.until_gone()


@in_virtual_time
async def test_a_copy_does_not_hold_up_a_stop_and_is_refused_once_the_run_ends(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=10_000, checkpoint_steps=10**9))
    harness.rent()
    await harness.until("step", step=30)
    put(harness, "out/a.txt")
    harness.core.faults.switch_on("down")
    for number in range(3):
        copy(harness, "out/a.txt", f"copy-{number}")
    assert control.main(["stop", "--id", "my-stop"], folder=harness.disk) == 0
    await harness.until("command", id="my-stop", state="done")
    copy(harness, "out/a.txt", "too-late")
    harness.core.faults.clear()
    await harness.until_gone()
    states = {name: details(harness, name)[-1] for name in ("copy-2", "too-late")}
    assert {state for state, _ in states.values()} == {"refused"}
    assert all("the run is ending" in detail for _, detail in states.values())


@in_virtual_time
async def test_copies_leave_the_commits_of_the_hour_to_checkpoints(tmp_path: Path) -> None:
    timing = replace(TIMING, commits_per_hour=5)
    harness = AgentHarness(tmp_path, training(steps=100, checkpoint_steps=10**9), timing=timing)
    harness.rent()
    await harness.until("step", step=30)
    put(harness, "out/a.txt")
    copy(harness, "out/a.txt", "first")
    copy(harness, "out/a.txt", "second")
    await harness.until("command", id="second", state="refused")
    assert details(harness, "first")[-1][0] == "done"
    assert "takes no more commits for" in details(harness, "second")[-1][1]
    await harness.until_gone()
    assert harness.ended["reason"] == "finished"


def test_a_copy_without_a_path_is_no_instruction(tmp_path: Path) -> None:
    assert control.main(["copy", "--id", "early", "--text", " "], folder=tmp_path) == 2
