"""`launcher exec` and `launcher shell`: a command beside the run, by the call that RunPod has for it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.emulator.runpod import ExecOutcome, ScriptedContainer
from launcher.errors import NoRight
from launcher.services.following.run_in_pod import run_in_pod
from launcher.services.launching.launch import launch
from pod_image.agent.visiting import visit
from pod_image.contract.paths import RunFolder
from pod_image.contract.places import Provider
from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.clouds import TOKENS
from tests.kit.plans import offer, plan
from tests.kit.pod_programs import said_to_control
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

AT_JOBS = {"provider": Provider.HF_JOBS}
L4 = offer("l4x1", "L4 (l4x1)", 0.8)
DETACHED = ("deploy", *COMMAND_RUN, "--yes", "--detach", "--quiet", "--", "true")


class Pod:
    """Answers exec as the program in the pod does, with its real part; `asked` are the words of each call."""

    def __init__(self, folder: Path) -> None:
        self.folder = RunFolder(folder / "run")
        self.folder.prepared.mkdir(parents=True)
        self.asked: list[Sequence[str]] = []
        self.seconds = 20.0
        self.answer: ExecOutcome | None = None
        """Said in place of what the program would say."""

    def on_exec(self, container: ScriptedContainer, words: list[str]) -> ExecOutcome:
        said = said_to_control(words)
        assert said is not None
        assert said[:4] == ["run", "--seconds", "20", "--"]
        self.asked.append(said[4:])
        if self.answer is not None:
            return self.answer
        done = visit(
            said[4:], self.folder, {**container.spec.env, "PATH": "/usr/bin:/bin"}, self.seconds
        )
        return ExecOutcome(0, json.dumps(asdict(done)))


@pytest.fixture
def pod(shell: Shell, tmp_path: Path) -> Pod:
    """A run that goes on, and its pod."""
    found = Pod(tmp_path / "pod")
    shell.harness.script.ends_after = None
    shell.harness.runner.on_exec = found.on_exec
    assert shell(*DETACHED).code == 0
    return found


def test_it_prints_what_the_command_printed_and_leaves_with_its_exit_code(
    shell: Shell, pod: Pod
) -> None:
    said = shell("exec", "run-01", "--", "sh", "-c", "echo out; echo err >&2; exit 9")
    assert (said.code, said.out, said.err) == (9, "out\n", "err\n")
    killed = shell("exec", "run-01", "--", "sh", "-c", "kill -9 $$")
    assert killed.code == 137


def test_the_words_behind_the_dashes_are_the_commands_own(shell: Shell, pod: Pod) -> None:
    (pod.folder.prepared / "--json").touch()
    said = shell("exec", "run-01", "--json", "--", "ls", "-d", "--", "--json")
    assert said.json["stdout"] == "--json\n"
    assert said.json["command"] == ["ls", "-d", "--", "--json"]
    assert said.json["run_id"] == "run-01"
    assert pod.asked == [["ls", "-d", "--", "--json"]]


@pytest.mark.promise("secrets-training")
def test_no_token_is_in_its_environment_nor_in_what_is_shown(shell: Shell, pod: Pod) -> None:
    said = shell("exec", "run-01", "--", "env")
    assert said.code == 0
    assert "WORK_DIR=" in said.out
    assert not any(token in said.out for token in TOKENS.values())
    assert "TOKEN" not in said.out
    assert "API_KEY" not in said.out
    echoed = shell("exec", "run-01", "--", "echo", TOKENS["write"])
    assert echoed.out == "***\n"


def test_what_takes_too_long_is_ended_and_said(shell: Shell, pod: Pod) -> None:
    pod.seconds = 0.2
    said = shell("exec", "run-01", "--", "sh", "-c", "echo begun; sleep 30")
    assert (said.code, said.out) == (124, "begun\n")
    assert "ended after 20 seconds" in said.err


def test_a_run_without_a_pod_is_told_as_that(shell: Shell, pod: Pod) -> None:
    shell.harness.script.stopping = True
    assert shell("watch", "--quiet").code == 0
    said = shell("exec", "run-01", "--", "true")
    assert said.code == 2
    assert "it has ended" in said.err
    assert "launcher show run-01" in said.err
    unsendable = shell("exec", "run-01", "--", "echo", "x" * 5_000)
    assert unsendable.code == 2
    assert "4,096 characters" in unsendable.err


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (ExecOutcome(2, stderr="control: error: invalid choice: 'run'"), "an earlier release"),
        (ExecOutcome(None, timed_out=True), "did not answer within 25 seconds"),
        (
            ExecOutcome(3, '{"error": "the run has not started its work here"}'),
            "not started its work",
        ),
        (ExecOutcome(0, '{"stdout": 1, "exit_code": 0}'), "did not run the command"),
        (ExecOutcome(0, '{"stdout": "", "exit_code": true}'), "did not run the command"),
        (ExecOutcome(1, "[" * 5_000), "did not run the command"),
    ],
)
def test_what_is_no_answer_of_our_program_is_an_error(
    shell: Shell, pod: Pod, outcome: ExecOutcome, said: str
) -> None:
    pod.answer = outcome
    answered = shell("exec", "run-01", "--", "true")
    assert answered.code == 5
    assert said in answered.text


def test_a_pods_words_cannot_steer_the_terminal(shell: Shell, pod: Pod) -> None:
    told = {"exit_code": 0, "stdout": "a\x1b[2Jb\n", "stderr": "", "timed_out": False}
    pod.answer = ExecOutcome(0, json.dumps(told))
    assert shell("exec", "run-01", "--", "true").out == "a\\x1b[2Jb\n"


@in_virtual_time
async def test_hugging_face_jobs_has_no_such_call_and_that_is_said(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path, with_jobs=True)
    run = await launch(harness.bench, plan("run-01", L4, settings=AT_JOBS), harness.keys)
    with pytest.raises(NoRight) as caught:
        await run_in_pod(harness.bench, run, ("true",))
    assert "Hugging Face Jobs cannot run another command in a job." in in_terminal(
        caught.value.message
    )


def piped(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_the_folder_lasts_from_line_to_line_and_the_last_exit_code_is_the_shells(
    shell: Shell, pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pod.folder.prepared / "two words").mkdir()
    piped(
        monkeypatch, "cd 'two words'", "pwd", "", "printf a; echo b >&2; false", "exit", "echo no"
    )
    said = shell("shell", "run-01")
    assert said.code == 1
    assert said.out == f"{pod.folder.prepared}/two words\na"
    assert said.err == "b\n"


def test_a_line_that_leaves_or_cannot_be_read_changes_no_folder(
    shell: Shell, pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(monkeypatch, "cd /; exit 3", "if", "pwd")
    said = shell("shell")
    assert said.out == f"{pod.folder.prepared}\n"
    assert said.code == 0


def test_with_json_each_line_is_a_document(
    shell: Shell, pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(monkeypatch, "echo a", "exit 4")
    said = shell("shell", "run-01", "--json")
    assert [each["exit_code"] for each in said.documents] == [0, 4]
    assert said.documents[0]["stdout"] == "a\n"
