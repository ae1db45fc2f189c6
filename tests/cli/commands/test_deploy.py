"""`launcher deploy` and the commands that look after a run, against the emulated cloud."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from launcher.domain.pod_ids import named_pod
from launcher.services.launching.launch import launch
from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.clouds import RESULTS_REPO
from tests.kit.plans import offer, plan

TRUE = ("--", "true")


def test_a_run_is_deployed_followed_and_its_end_is_said(shell: Shell) -> None:
    said = shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    assert said.code == 0
    assert "The run finished." in said.out
    assert "launcher results run-01" in said.out
    assert "armed: the pod can end itself" in said.err
    assert shell.rented == 1
    assert shell.harness.live() == []


def test_with_json_there_is_one_document_on_stdout_and_nothing_else(shell: Shell) -> None:
    said = shell("deploy", *COMMAND_RUN, "--yes", "--json", *TRUE)
    assert said.code == 0
    assert said.json["run_id"] == "run-01"
    assert said.json["end_reason"] == "finished"
    assert said.json["ended"]["reason"] == "finished"
    assert said.err == ""


def test_quiet_says_the_run_id_alone(shell: Shell) -> None:
    said = shell("deploy", *COMMAND_RUN, "--yes", "--quiet", *TRUE)
    assert (said.code, said.out, said.err) == (0, "run-01\n", "")


def test_without_a_terminal_and_without_yes_nothing_is_rented(shell: Shell) -> None:
    said = shell("deploy", *COMMAND_RUN, *TRUE)
    assert said.code == 2
    assert "--yes" in said.err
    assert shell.rented == 0


def test_a_run_that_ended_badly_has_an_exit_code_of_its_own(shell: Shell) -> None:
    shell.harness.script.reason = "failed"
    said = shell("deploy", *COMMAND_RUN, "--yes", "--json", *TRUE)
    assert said.code == 6
    assert said.json["end_reason"] == "failed"
    assert json.loads(said.err)["error"]["code"] == "run_failed"


def test_detach_returns_when_the_pod_needs_nobody_and_says_how_to_stop_it(shell: Shell) -> None:
    shell.harness.script.ends_after = None
    said = shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    assert said.code == 0
    assert "launcher stop run-01" in said.out
    assert "an hour" in said.out
    assert len(shell.harness.live()) == 1


def test_a_pod_that_cannot_end_itself_is_released_and_the_error_says_so(shell: Shell) -> None:
    shell.harness.script.can_release = False
    said = shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    assert said.code == 6
    assert "cannot end itself" in said.err
    assert shell.harness.live() == []


def test_a_file_and_set_and_options_make_one_run_and_the_option_wins(
    shell: Shell, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("run") / "run.toml"
    file.write_text(
        f'preset = "quick-check"\n[settings]\nrecipe = "command"\nargv = ["true"]\n'
        f'results_repo = "{RESULTS_REPO}"\nmax_hours = 2.0\ndisk_gb = 10\n'
    )
    said = shell(
        "deploy", "--file", str(file), "--set", "disk_gb=11", "--max-hours", "3", "--yes", "--json"
    )
    assert said.code == 0
    settings = shell("show", "run-01", "--json").json["settings"]
    assert (settings["max_hours"], settings["disk_gb"], settings["argv"]) == (3.0, 11, ["true"])
    assert settings["max_cost_usd"] == 0.5


def test_stop_ends_a_run_and_keeps_everything(shell: Shell) -> None:
    shell.harness.script.ends_after = None
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    said = shell("stop", "--json")
    assert said.code == 0
    assert said.json["command"] == "stop"
    assert shell("watch", "--quiet").code == 0
    ended = shell("show", "--json").json
    assert ended["end_reason"] == "stopped"
    assert ended["pace"]["data_wait_share"] == 0.0125
    assert "1.50 steps/s, 1.2% of it waiting for clips, GPU 91 %" in shell("show").text
    assert ended["gpu_idle"]["idle_seconds"] == 63.0
    assert "GPU idle 21 % of 5 min, under $0.01: boot 42 s, prepare 21 s" in shell("show").text
    assert shell.harness.live() == []


def test_abort_asks_first_and_releases_the_pod_at_once(shell: Shell) -> None:
    shell.harness.script.ends_after = None
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    assert shell("abort").code == 2
    assert len(shell.harness.live()) == 1
    said = shell("abort", "--yes", "--json")
    assert (said.code, said.json["end_reason"]) == (0, "aborted")
    assert shell.harness.live() == []


def test_watch_streams_each_event_as_one_line_of_json(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    said = shell("watch", "--json")
    events = [json.loads(line) for line in said.out.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["event"] == "ended"
    assert said.code == 0


def test_a_run_that_is_over_can_still_be_read(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    assert "train" in shell("logs", "run-01").out
    events = [json.loads(line) for line in shell("logs", "--json").out.splitlines()]
    assert events[-1]["event"] == "ended"
    assert [json.loads(line) for line in shell("watch", "--json").out.splitlines()] == events


def test_logs_of_a_live_pod_show_its_words_beside_its_events(shell: Shell) -> None:
    shell.harness.script.ends_after = None
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    said = shell("logs")
    assert "container is up" in said.out
    assert "armed: the pod can end itself" in said.out


def test_results_are_listed_and_brought_here(
    shell: Shell, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    listed = shell("results", "--json").json["files"]
    assert "run-01/voice/voice.onnx" in [file["path"] for file in listed]
    folder = tmp_path_factory.mktemp("results")
    said = shell("results", "run-01", "--to", str(folder), "--only", "voice/**", "--json")
    assert said.code == 0
    assert (folder / "run-01" / "voice" / "voice.onnx").read_bytes() == b"a voice"
    assert len(said.json["files"]) == 1


def test_runs_and_cost_tell_of_every_run(shell: Shell) -> None:
    assert "No runs yet" in shell("runs").out
    shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    assert [run["run_id"] for run in shell("runs", "--json").json["runs"]] == ["run-02", "run-01"]
    assert shell("runs", "--quiet").out == "run-02\nrun-01\n"
    cost = shell("cost", "--json").json
    assert len(cost["runs"]) == 2
    assert cost["metered_usd"] == pytest.approx(0.04)
    assert "run-02" in shell("cost").out


def test_a_run_that_nobody_watched_is_closed_by_whatever_looks_at_it(shell: Shell) -> None:
    """Each with a run of its own, two days after it finished."""
    looks = {
        "show": (0, "The run finished"),
        "logs": (0, "train"),
        "stop": (2, "it is ended. The run finished"),
        "abort": (0, "It had ended before. The run finished"),
    }
    for number, (command, (code, words)) in enumerate(looks.items(), start=1):
        run_id = f"run-{number:02}"
        shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
        shell.loop.run_until_complete(asyncio.sleep(2 * 86_400))
        assert shell("runs", "--json").json["runs"][0]["end_reason"] is None
        said = shell(command, run_id, *(["--yes"] if command == "abort" else []))
        assert said.code == code, said.text
        assert words in said.text
        closed = shell("runs", "--json").json["runs"][0]
        assert (closed["state"], closed["end_reason"]) == ("ended", "finished")
        assert closed["cost_usd"] == 0.02
        lasted = datetime.fromisoformat(closed["ended_at"]) - datetime.fromisoformat(
            closed["created_at"]
        )
        assert lasted < timedelta(minutes=3)


def test_runs_looks_first_how_they_ended_when_asked_to(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    shell.loop.run_until_complete(asyncio.sleep(2 * 86_400))
    shell.harness.script.ends_after = None
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    states = [run["state"] for run in shell("runs", "--refresh", "--json").json["runs"]]
    assert states == ["running", "ended"]


def test_runs_says_what_it_could_not_look_up_and_shows_the_rest(shell: Shell) -> None:
    shell.harness.script.ends_after = None
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    shell.world.faults.switch_on("server-errors")
    said = shell("runs", "--refresh")
    assert said.code == 0
    assert "run-01 stays open:" in said.err
    assert "running" in said.out


def test_show_names_the_secrets_that_a_run_left_in_the_account(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    shell.loop.run_until_complete(asyncio.sleep(600))
    shell.world.faults.switch_on("secrets-refused")
    assert "2 of its secrets are still in the RunPod account" in shell("show").text
    shell.world.faults.switch_off()
    assert "still in the RunPod account" not in shell("show").text
    assert shell.harness.secret_names() == []


def test_reap_says_what_it_would_do_and_leaves_what_works_alone(shell: Shell) -> None:
    shell.harness.script.ends_after = None
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    report = shell("reap", "--dry-run", "--json").json
    assert (len(report["kept"]), report["released"]) == (1, [])
    assert "stays" in shell("reap").out


def test_an_unknown_run_names_the_nearest(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    said = shell("show", "run-1")
    assert said.code == 2
    assert "run-01" in said.err


def test_a_command_to_a_run_that_is_over_is_refused(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    assert shell("stop").code == 2
    assert shell("sample", "Hello.").code == 2


def test_a_history_that_cannot_be_written_is_said_once_and_the_run_is_followed_all_the_same(
    shell: Shell,
) -> None:
    with closing(sqlite3.connect(shell.harness.config.history_path, isolation_level=None)) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        said = shell("deploy", *COMMAND_RUN, "--yes", "--json", *TRUE)
    assert (said.code, said.json["end_reason"]) == (0, "finished")
    assert said.err.count("cannot be saved") == 1
    assert shell.harness.live() == []


def without_stock(shell: Shell, seconds: float) -> None:
    """Nothing is free for that long."""
    stock = dict(shell.world.catalogue.stock)
    shell.world.catalogue.stock = {}
    shell.loop.call_later(seconds, shell.world.catalogue.stock.update, stock)


def test_deploy_waits_for_a_gpu_as_long_as_was_said_and_rents_one_then(shell: Shell) -> None:
    without_stock(shell, 300)
    waiting = ("--wait-for-stock", "10m")
    said = shell("deploy", *COMMAND_RUN, *waiting, "--yes", *TRUE)
    assert said.code == 0, said.err
    assert said.err.count("Waiting for one until") == 1
    assert shell.rented == 1
    without_stock(shell, 3600)
    began = shell.loop.time()
    assert shell("deploy", *COMMAND_RUN, *waiting, "--yes", *TRUE).code == 4
    assert 540 <= shell.loop.time() - began <= 600
    assert shell("deploy", *COMMAND_RUN, "--yes", *TRUE).code == 4
    assert shell("deploy", *COMMAND_RUN, "--wait-for-stock", "soon", "--yes", *TRUE).code == 2
    assert shell.rented == 1


def agree_while_it_is_taken(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> list[str]:
    """Somebody says yes to every question; while the first one is answered others take every GPU, for that long."""
    asked: list[str] = []

    def answer(question: str, **_: object) -> bool:
        if not asked:
            shell.world.faults.switch_on("no-capacity")
            shell.loop.call_later(seconds, shell.world.faults.switch_off, "no-capacity")
        asked.append(question)
        return True

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", answer)
    return asked


WAITING = ("--gpu-types", "RTX 4090", "--cloud", "secure", "--wait-for-stock", "1h")


def test_a_gpu_that_is_gone_when_it_is_ordered_is_waited_for_under_the_same_run_id(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = agree_while_it_is_taken(shell, monkeypatch, 200)
    said = shell("deploy", *COMMAND_RUN, "--run-id", "mine", *WAITING, "--json", *TRUE)
    assert said.code == 0, said.err
    assert (said.json["run_id"], said.json["end_reason"]) == ("mine", "finished")
    assert (len(asked), shell.harness.live()) == (1, [])
    attempts = shell.harness.bench.runs.attempts(RESULTS_REPO, "mine")
    assert [bool(each.pod_id) for each in attempts] == [True, False]


def test_who_is_asked_is_asked_again_when_it_got_dearer_meanwhile(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = agree_while_it_is_taken(shell, monkeypatch, 200)
    gpus = shell.world.catalogue.gpus
    dearer = tuple(replace(gpu, secure_usd=gpu.secure_usd * 2) for gpu in gpus)
    shell.loop.call_later(150, setattr, shell.world.catalogue, "gpus", dearer)
    assert shell("deploy", *COMMAND_RUN, *WAITING, *TRUE).code == 0
    assert ["$0.69" in asked[0], "$1.38" in asked[1], len(asked)] == [True, True, 2]


# --- several nodes


def test_several_nodes_cannot_be_detached_from_and_nothing_is_rented(shell: Shell) -> None:
    said = shell("deploy", *COMMAND_RUN, "--nodes", "2", "--yes", "--detach", *TRUE)
    assert said.code == 2
    assert "cannot be left to itself" in said.err
    assert shell.world.pods == {}


def test_a_run_on_two_nodes_is_followed_to_its_end_and_released_from_here(shell: Shell) -> None:
    shell.harness.script.releases = False
    program = shell.harness.runner.program

    def silent() -> Generator[float, None, int | None]:
        yield 1e9
        return 0

    shell.harness.runner.program = lambda container: (
        program(container) if container.spec.env["NODE_RANK"] == "0" else silent()
    )
    said = shell("deploy", *COMMAND_RUN, "--nodes", "2", "--yes", *TRUE)
    assert said.code == 0
    assert "2 nodes of 1 x" in said.err
    assert "cannot release itself" in " ".join(said.err.split())
    assert "no longer needs this computer" not in said.err
    assert "was released from here: its run is over" in said.err
    assert "The run finished." in said.out
    assert shell.harness.live() == []
    assert shell.world.clusters == {}


def test_a_forgotten_cluster_is_released_by_reap_and_named(shell: Shell) -> None:
    made = plan("run-01", offer(price=1.38, nodes=2), settings={"nodes": 2})
    shell.harness.script.ends_after = None
    harness = shell.harness
    run = shell.loop.run_until_complete(launch(harness.bench, made, harness.keys, watches=True))
    name = named_pod(run.pod_id, begins=True)
    shell.move_to("other")
    kept = shell("reap")
    assert f"{name} ($1.38 an hour) stays, and CANNOT release itself" in kept.out
    shell.move_to("home")
    shell.loop.run_until_complete(asyncio.sleep(60))
    said = shell("reap")
    assert f"{name} ($1.38 an hour) is released: no program here watches it any more" in said.out
    assert harness.live() == []
