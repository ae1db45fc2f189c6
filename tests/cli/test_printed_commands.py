"""Every command that is printed can be typed as it is printed: the command line takes it, quotation marks included."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from launcher.cli.command_list import COMMANDS
from launcher.cli.commands.export import _text as exported_text
from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.next_steps import in_terminal
from launcher.services.voices.export import Exported
from pod_image.contract.next_steps import NextStep, Sentence, Step
from pod_image.hub import Repo, ensure_results_repo, leave_tag, publish, read_bytes, resolve_commit
from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.clouds import RESULTS_REPO
from tests.kit.typed_commands import check

TRUE = ("--", "true")
NAMED = re.compile(rf"(?<![\w-])launcher (?:{'|'.join(entry.name for entry in COMMANDS)})\b.*")
ENDS = re.compile(r"\s{2,}|`|\. (?=[A-Z])|, (?=[a-z])|; |\s\(| follows| ends| lists| looks| makes")
"""Where prose goes on behind a command."""
HOSTILE = ("my voice", "it's", 'say "hi"', "$HOME", "a;b", "*")


def commands_in(text: str) -> list[str]:
    """The commands that a text says to type, each as far as it goes."""
    found = []
    for line in text.splitlines():
        for match in NAMED.finditer(line):
            rest = match[0]
            while rest:
                head, mark, tail = _first(rest)
                found.append(head.rstrip(" .,:"))
                more = NAMED.search(tail) if mark else None
                rest = more[0] if more else ""
    return found


def _first(text: str) -> tuple[str, str, str]:
    end = ENDS.search(text)
    return (text[: end.start()], end[0], text[end.end() :]) if end else (text, "", "")


def accepted(text: str) -> list[str]:
    found = commands_in(text)
    for each in found:
        try:
            check(each)
        except typer._click.exceptions.ClickException as refused:
            raise AssertionError(f"{each!r} is printed, and refused: {refused}") from refused
    return found


def test_a_line_that_cannot_be_typed_is_noticed() -> None:
    for wrong in (
        "launcher watch run-01 run-02",
        "launcher voices use run-01 --step N",
        "launcher show --nothing",
    ):
        with pytest.raises(AssertionError, match="is printed, and refused"):
            accepted(f"Do this: {wrong}")
    assert accepted("See launcher watch run-01. Or: launcher stop run-01, if you like") == [
        "launcher watch run-01",
        "launcher stop run-01",
    ]


def test_what_a_story_of_a_run_prints_can_be_typed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    shell.harness.script.ends_after = None
    said = [shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE), shell("show"), shell("runs")]
    said += [shell("sample", "It's me.", "--no-wait"), shell("save", "--no-wait")]
    said += [shell("abort"), shell("show", "run-09"), shell("stop", "--no-wait"), shell("watch")]
    repo = Repo(RESULTS_REPO, "model")
    at_step = "run-01/checkpoints/step-00000250/voice.onnx"
    voices: dict[str, Path | bytes] = {
        "run-01/voice/voice.onnx.json": b"{}", at_step: b"a voice", f"{at_step}.json": b"{}",
    }  # fmt: skip
    publish(shell.harness.hub, repo, voices, "voices")
    leave_tag(shell.harness.hub, repo, resolve_commit(shell.harness.hub, repo), ["run-01"])
    said += [shell("watch"), shell("show"), shell("results"), shell("voices", "list")]
    shell.move_to("second")
    said += [
        shell("attach", RESULTS_REPO),
        shell("show", "run-01"),
        shell("stop", f"{RESULTS_REPO}/run-01"),
    ]
    said += [shell("results", "run-09"), shell("doctor"), shell("plan", *COMMAND_RUN, *TRUE)]
    printed = [each for one in said for each in accepted(f"{one.out}\n{one.err}")]
    assert {each.split()[1] for each in printed} >= {"watch", "stop", "results", "show", "voices"}


def test_a_list_of_results_ends_with_the_whole_command_that_downloads_them(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On one line, whatever the width: what a terminal breaks cannot be copied."""
    monkeypatch.setenv("COLUMNS", "40")
    shell("deploy", *COMMAND_RUN, "--yes", "--quiet", *TRUE)
    publish(shell.harness.hub, Repo(RESULTS_REPO, "model"), {"run-01/a.txt": b"a"}, "a file")
    listed = shell("results").out
    (printed,) = re.findall(r"Download them: (launcher .+)$", listed, re.MULTILINE)
    assert check(printed) == ["launcher", "results", f"{RESULTS_REPO}/run-01", "--download"]
    done = shell(*shlex.split(printed)[1:], "--to", str(tmp_path / "got"))
    assert (done.code, (tmp_path / "got").is_dir()) == (0, True), done.text


@pytest.mark.parametrize("of", [*HOSTILE, "run-01", f"{RESULTS_REPO}/run-01"])
def test_a_step_about_any_name_can_be_typed(of: str) -> None:
    for step in ABOUT_A_NAME:
        for each in commands_in(in_terminal(Sentence(Step(step, of)))):
            assert of in check(each), each


ABOUT_A_NAME = (
    NextStep.SHOW_RUN, NextStep.FOLLOW_RUN, NextStep.STOP_RUN, NextStep.ABORT_RUN, NextStep.LIST_RESULTS,
    NextStep.SHOW_DATASET, NextStep.RESTORE_CLIPS,
)  # fmt: skip


@pytest.mark.parametrize("word", HOSTILE)
def test_a_word_that_a_shell_would_take_apart_is_quoted(word: str) -> None:
    assert shlex.split(command_line("dataset", "show", word)) == [
        "launcher",
        "dataset",
        "show",
        word,
    ]


def test_where_two_repos_have_a_run_of_that_id_the_commands_name_the_repo(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    shell("watch")
    assert "Its files: launcher results run-01" in shell("show", "run-01").out
    told = read_bytes(shell.harness.hub, Repo(RESULTS_REPO, "model"), "run-01/run.json")
    assert told is not None
    ensure_results_repo(shell.harness.hub, "demo/others")
    publish(shell.harness.hub, Repo("demo/others", "model"), {"run-01/run.json": told}, "copied")
    shell("attach", "demo/others")
    for address in (f"{RESULTS_REPO}/run-01", "demo/others/run-01"):
        (printed,) = accepted(shell("show", address).out)
        assert printed == f"launcher results {address}"
        assert shell(*shlex.split(printed)[1:]).code == 0


def test_a_list_of_results_says_how_to_download_them(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    shell("watch")
    printed = accepted(shell("results").out)[0]
    assert printed == f"launcher results {RESULTS_REPO}/run-01 --download"
    assert shell(*shlex.split(printed)[1:], "--to", str(tmp_path / "here")).code == 0
    assert (tmp_path / "here/run-01/run.json").is_file()


def test_a_path_with_a_blank_is_one_word_of_the_command_that_speaks_its_voice() -> None:
    onnx = Path("/voices of mine/it's.onnx")
    said = exported_text(Exported(onnx, onnx, onnx, 1))
    assert shlex.split(said.splitlines()[-1].partition(": ")[2])[2] == str(onnx)
