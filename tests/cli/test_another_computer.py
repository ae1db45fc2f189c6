"""Two homes are two computers: a run that one of them began is followed, steered and ended from the other."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from launcher.emulator.hub.core import HubCore
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.hub import (
    Repo,
    ensure_results_repo,
    leave_tag,
    publish,
    read_bytes,
    resolve_commit,
)
from tests.cli.conftest import COMMAND_RUN, Said, Shell
from tests.kit.clouds import RESULTS_REPO

TRUE = ("--", "true")
ADDRESS = f"{RESULTS_REPO}/run-01"
WAYS = ("run-01", ADDRESS, f"run-01@{RESULTS_REPO}", f"hf://{RESULTS_REPO}/run-01", "")


def began(shell: Shell) -> str:
    """A run at work, begun on one computer; the person sits at another one now. Returns its pod."""
    shell.harness.script.ends_after = None
    said = shell("deploy", *COMMAND_RUN, "--yes", "--detach", "--json", *TRUE)
    pod_id = str(said.json["pod_id"])
    shell.move_to("second")
    return pod_id


def ended(shell: Shell) -> Said:
    """A run that was followed to its end on one computer; the person sits at another one now. What was seen there."""
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    seen = shell("watch", "run-01", "--json")
    assert seen.code == 0, seen.text
    shell.move_to("second")
    return seen


@pytest.mark.parametrize("word", ["run-01", ADDRESS, "POD"])
def test_a_run_that_goes_on_is_seen_from_another_computer(shell: Shell, word: str) -> None:
    pod_id = began(shell)
    key = pod_id if word == "POD" else word
    shown = shell("show", key, "--json")
    assert (shown.code, shown.json["run_id"], shown.json["pod_id"]) == (0, "run-01", pod_id)
    assert shown.json["settings"]["argv"] == ["true"]
    assert '"event":"armed"' in shell("logs", key, "--json").out
    assert shell("results", key).code == 0
    listed = shell("runs", "--json").json["runs"]
    assert [run["pod_id"] for run in listed] == [pod_id]


@pytest.mark.parametrize("word", ["run-01", ADDRESS, "POD"])
def test_a_run_that_goes_on_is_ended_from_another_computer(shell: Shell, word: str) -> None:
    pod_id = began(shell)
    key = pod_id if word == "POD" else word
    stopped = shell("stop", key, "--no-wait", "--json")
    assert (stopped.code, stopped.json["way"]) == (0, "exec")
    watched = shell("watch", key)
    assert (watched.code, "stopped" in watched.text.casefold()) == (0, True)
    assert shell.harness.live() == []
    assert shell.harness.secret_names() == []


def test_every_instruction_reaches_the_pod_from_another_computer(shell: Shell) -> None:
    began(shell)
    for words in (("save", ADDRESS), ("sample", "Hello.", "--run", ADDRESS), ("stop", ADDRESS)):
        assert shell(*words, "--no-wait", "--json").json["way"] == "exec"


def test_a_pod_is_released_at_once_from_another_computer(shell: Shell) -> None:
    pod_id = began(shell)
    said = shell("abort", ADDRESS, "--yes")
    assert (said.code, f"Pod {pod_id} is released" in said.text) == (0, True)
    assert shell.harness.live() == []


def test_a_run_that_is_over_is_told_as_the_computer_that_followed_it_tells_it(shell: Shell) -> None:
    seen = ended(shell)
    shell.move_to("home")
    first = {words: shell(*words) for words in SAME}
    shell.move_to("second")
    for words, said in first.items():
        again = shell(*(ADDRESS if word == "run-01" else word for word in words))
        assert (again.code, again.out) == (said.code, said.out), words
    assert shell("watch", ADDRESS, "--json").out == seen.out


SAME = (
    ("watch", "run-01"),
    ("logs", "run-01"),
    ("logs", "run-01", "--json"),
    ("results", "run-01"),
    ("results", "run-01", "--json"),
)
"""What both computers say alike to the letter."""


def test_the_receipt_is_the_same_but_for_what_only_the_first_computer_knew(shell: Shell) -> None:
    ended(shell)
    shell.move_to("home")
    first = shell("show", "run-01", "--json").json
    shell.move_to("second")
    again = shell("show", ADDRESS, "--json").json
    for shown in (first, again):
        shown["settings"] = as_planned(shown["settings"])
    differ = {name for name in first if first[name] != again[name]}
    assert differ <= ONLY_HERE, {name: (first[name], again[name]) for name in differ - ONLY_HERE}
    known = {name: at for name, at in first["time_line"].items() if name not in WATCHED_MOMENTS}
    assert again["time_line"] == known


WATCHED_MOMENTS = ("planned", "image_pull", "container", "gone")
"""When this computer planned, and what its own looks saw: nobody else was told."""
ONLY_HERE = {"planned_at", "planned_usd", "worst_case_usd", "time_line", "machine", "pod_id"}
"""What the plan expected, when it was made, and what of the pod was seen from outside."""


def test_attach_takes_over_every_run_of_a_repo(shell: Shell) -> None:
    ended(shell)
    assert shell("runs", "--json").json["runs"] == []
    said = shell("attach", RESULTS_REPO, "--json")
    assert [(run["run_id"], run["end_reason"]) for run in said.json["runs"]] == [
        ("run-01", "finished")
    ]
    assert [run["run_id"] for run in shell("runs", "--json").json["runs"]] == ["run-01"]
    assert shell("show", "run-01", "--json").json["seconds"] > 0
    assert ADDRESS in shell("attach", ADDRESS).out
    assert [run["run_id"] for run in shell("cost", "--json").json["runs"]] == ["run-01"]


def test_runs_with_refresh_find_what_goes_on_and_what_the_repos_of_it_hold(shell: Shell) -> None:
    ended(shell)
    shell.move_to("home")
    shell.harness.script.stopping = False
    began(shell)
    said = shell("runs", "--refresh", "--json")
    assert sorted((run["run_id"], run["end_reason"]) for run in said.json["runs"]) == [
        ("run-01", "finished"),
        ("run-02", None),
    ]


def test_without_the_runpod_key_a_public_repo_tells_all_and_nothing_is_asked_for(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(shell)
    publish_repo(shell.harness.core)
    for name in ("RUNPOD_API_KEY", "HF_DATASET_TOKEN", "HF_UPLOAD_TOKEN"):
        monkeypatch.delenv(name)
    for words in (("show",), ("watch",), ("logs",), ("results",), ("attach",)):
        said = shell(*words, ADDRESS)
        assert said.code == 0, (words, said.text)


def publish_repo(core: HubCore) -> None:
    core.store.repos["model", RESULTS_REPO].is_private = False


def test_a_run_is_stopped_by_its_repo_alone_where_no_key_shows_its_pod(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    began(shell)
    shell.harness.script.ends_after = 1.0
    told(shell)
    monkeypatch.delenv("RUNPOD_API_KEY")
    said = shell("stop", ADDRESS, "--no-wait", "--json")
    assert (said.code, said.json["way"]) == (0, "file")
    left = read_bytes(shell.harness.hub, Repo(RESULTS_REPO, "model"), "run-01/_control/0001.json")
    assert left is not None
    assert json.loads(left)["command"] == "stop"
    assert json.loads(left)["nonce"] == json.loads(told(shell))["nonce"]


def told(shell: Shell) -> bytes:
    """The run's record in its repo, put there as by an upload in the middle."""
    found = read_bytes(shell.harness.hub, Repo(RESULTS_REPO, "model"), "run-01/run.json")
    if found is not None:
        return found
    (pod,) = shell.world.live_pods()
    document = RunDocument.from_json(pod.env[RUN_VARIABLE])
    shell.harness.script.says_ended = False
    shell.harness.script.records_end = False
    record = shell.harness.script.record(document)
    publish(shell.harness.hub, Repo(RESULTS_REPO, "model"), {"run-01/run.json": record}, "results")
    return record


def test_what_a_repo_says_of_a_pod_never_ends_it(shell: Shell) -> None:
    """A stranger's record names our pod and its nonce; its run is over, and its deadline long past."""
    pod_id = began(shell)
    theirs = json.loads(told(shell)) | {
        "state": "ended",
        "end_reason": "finished",
        "deadline": "2026-01-01T00:00:00Z",
        "pod_id": pod_id,
    }
    ensure_results_repo(shell.harness.hub, "demo/theirs")
    copied = {"run-01/run.json": json.dumps(theirs).encode()}
    publish(shell.harness.hub, Repo("demo/theirs", "model"), copied, "copied")
    theirs_address = "demo/theirs/run-01"
    assert shell("attach", theirs_address).code == 0
    for words in (
        ("abort", theirs_address, "--yes"),
        ("stop", theirs_address, "--no-wait"),
        ("watch", theirs_address),
        ("show", theirs_address),
        ("runs", "--refresh"),
        ("reap",),
    ):
        shell(*words)
        assert shell.harness.live() == [pod_id], words
    assert not shell.harness.script.stopping
    control = "run-01/_control/0001.json"
    assert read_bytes(shell.harness.hub, Repo(RESULTS_REPO, "model"), control) is None
    assert "2 leftover" not in shell("reap").out


@pytest.mark.parametrize("how", ["deleted", "corrupt", "locked"])
def test_a_run_that_is_followed_comes_back_whatever_becomes_of_the_history(
    shell: Shell, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.stores.sqlite_file.BUSY_SECONDS", 0.05)
    shell.harness.script.ends_after = None
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    before = shell("show", "run-01", "--json").json
    shell.harness.bench.runs.close()
    for each in shell.history.parent.glob(f"{shell.history.name}*"):
        if how != "locked":
            each.unlink()
    if how == "corrupt":
        shell.history.write_bytes(b"\x00garbage" * 1_000)
    shell.harness.script.ends_after = 100.0
    if how == "locked":
        with closing(sqlite3.connect(shell.history)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            followed(shell, before)
        return
    followed(shell, before)


def as_planned(settings: Any) -> dict[str, Any]:
    """Without what the pod was told in numbers where the plan left it open."""
    return {name: settings[name] for name in settings if name not in ("boot_minutes", "disk_gb")}


def followed(shell: Shell, before: dict[str, object]) -> None:
    again = shell("show", "run-01", "--json")
    assert again.code == 0, again.text
    for name in (
        "run_id",
        "results_repo",
        "attempt",
        "pod_id",
        "created_at",
        "deadline",
    ):
        assert again.json[name] == before[name], name
    assert as_planned(again.json["settings"]) == as_planned(before["settings"])
    watched = shell("watch", "run-01", "--json")
    assert watched.code == 0, watched.text
    told_seqs = [json.loads(line)["seq"] for line in watched.out.splitlines()]
    assert told_seqs == list(range(1, len(told_seqs) + 1))
    assert '"reason":"finished"' in watched.out.splitlines()[-1]
    assert shell("results", ADDRESS, "--json").json["files"]


def test_a_home_that_is_thrown_away_costs_only_what_it_alone_knew(shell: Shell) -> None:
    ended(shell)
    shell.move_to("home")
    shell.harness.bench.runs.close()
    shutil.rmtree(shell.home)
    said = shell("show", ADDRESS, "--json")
    assert (said.code, said.json["end_reason"]) == (0, "finished")
    assert [run["run_id"] for run in shell("runs", "--json").json["runs"]] == ["run-01"]


def test_nobody_is_asked_about_a_pod_that_the_account_does_not_show(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(shell)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: pytest.fail("the person was asked"))
    said = shell("abort", ADDRESS)
    assert said.code == 2
    assert "is over, and no pod of it is known" in said.text


def test_show_tells_by_the_repo_alone_how_a_run_learnt(shell: Shell) -> None:
    ended(shell)
    (curve,) = shell("show", ADDRESS, "--json").json["curves"]
    assert curve["name"] == "mel"
    assert curve["points"][0] == [1, 1.0]
    assert len(curve["points"]) > 1
    (row,) = [line for line in shell("show", ADDRESS).out.splitlines() if "mel" in line]
    assert f"at step {curve['points'][-1][0]:.0f}" in row


@pytest.mark.parametrize("key", ["run-01", ADDRESS])
def test_show_reads_once_what_a_run_has_told(shell: Shell, key: str) -> None:
    ended(shell)
    if key != ADDRESS:
        shell.move_to("home")
    shell.harness.core.log.clear()
    assert shell("show", key, "--json").json["curves"]
    assert len(shell.harness.core.seen("GET", r"/run-01/events\.jsonl$")) == 1


def test_a_run_id_of_two_repos_is_asked_about_as_it_is_typed_next(shell: Shell) -> None:
    ended(shell)
    ensure_results_repo(shell.harness.hub, "demo/others")
    record = {"run-01/run.json": told(shell)}
    publish(shell.harness.hub, Repo("demo/others", "model"), record, "copied")
    assert shell("attach", RESULTS_REPO).code == 0
    assert shell("attach", "demo/others").code == 0
    said = shell("show", "run-01")
    assert said.code == 2
    names = said.err.partition("Choose one of: ")[2].split("\n")[0].split(", ")
    assert names == ["demo/others/run-01", ADDRESS]
    for name in names:
        assert shell("show", name).code == 0


def test_a_version_is_told_at_the_end_and_brought_by_its_tag(shell: Shell) -> None:
    ended(shell)
    assert "Kept as" not in shell("watch", ADDRESS).out
    repo = Repo(RESULTS_REPO, "model")
    leave_tag(shell.harness.hub, repo, resolve_commit(shell.harness.hub, repo), ["run-01"])
    publish(shell.harness.hub, repo, {"run-01/voice/voice.onnx": b"another"}, "later")
    told = f"Kept as run-01, even if the run is continued: launcher results {ADDRESS} --revision run-01 --download"
    assert told in shell("watch", ADDRESS).out
    listed = shell("results", ADDRESS, "--json").json
    assert (listed["versions"], listed["revision"]) == (["run-01"], None)
    folders = {}
    for words in (
        (ADDRESS, "--revision", "run-01"),
        (f"{RESULTS_REPO}@run-01/run-01",),
        (ADDRESS,),
    ):
        got = shell("results", *words, "--download", "--json").json
        (voice,) = (Path(file) for file in got["files"] if file.endswith("voice.onnx"))
        folders[words] = (voice.read_bytes(), got["folder"])
    old, same, new = folders.values()
    assert (old[0], new[0]) == (b"a voice", b"another")
    only = shell("results", ADDRESS, "--only", "voice/voice.onnx").out
    assert only == f"1 file, 7 bytes, downloaded to {new[1]}\n"
    assert old == same
    assert old[1] != new[1]
    assert (
        "has no folder run-01 at"
        in shell("results", ADDRESS, "--revision", first_commit(shell)).out
    )


def first_commit(shell: Shell) -> str:
    return next(iter(shell.harness.core.store.repos["model", RESULTS_REPO].commits))
