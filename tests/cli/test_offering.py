"""What Tab offers: what is known here at once, the token's repos within a short time, and nothing where it fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from launcher.cli import offering
from launcher.domain.studies.address import StudyAddress
from launcher.stores.known_studies import KnownStudies
from tests.cli.conftest import COMMAND_RUN, Shell
from tests.whole.our_commands import EVERY

OFFERED = (
    ("demo", "fault", "exec-r", "exec-refused"),
    ("plan", "preset", "quick", "quick-check"),
    ("plan", "gpu_types", "RTX-40", "RTX-4090"),
    ("show", "run", "run", "run-01"),
    ("exec", "run", "run", "run-01"),
    ("sample", "run", "run", "run-01"),
    ("compare", "runs", "run", "run-01"),
    ("cp", "source", "run", "run-01:"),
    ("export task", "what", "run", "run-01"),
    ("export task", "what", "quick", "quick-check"),
    ("attach", "address", "demo/v", "demo/voices"),
    ("dataset check", "source", "demo/cl", "demo/clips"),
    ("dataset push", "repo", "demo/cl", "demo/clips"),
    *[(f"study {name}", "study", "tu", "tune") for name in ("show", "run", "stop", "add")],
    *[(f"queue {name}", "entry", "", "1") for name in ("remove", "resume", "pause", "move")],
)


def test_a_shell_is_told_by_each_command_itself(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, demo_dataset: str
) -> None:
    assert demo_dataset == "demo/clips"
    monkeypatch.setattr(offering, "_access", lambda: shell.harness.bench.hub)
    shell("deploy", *COMMAND_RUN, "--yes", "--quiet", "--", "true")
    shell("queue", "add", *COMMAND_RUN, "--quiet", "--", "true")
    KnownStudies(shell.home / "data").remember(StudyAddress("demo/voices", "tune"))
    missing = []
    for name, parameter, typed, expected in OFFERED:
        command = EVERY[name]
        context = command.make_context(name, [], resilient_parsing=True)
        (chosen,) = [each for each in command.params if each.name == parameter]
        found = [item.value for item in chosen.shell_complete(context, typed)]
        if expected not in found:
            missing.append((name, parameter))
    assert missing == []


def test_runs_are_offered_by_what_is_typed_for_them(shell: Shell) -> None:
    assert offering.runs("") == []
    shell("deploy", *COMMAND_RUN, "--yes", "--quiet", "--", "true")
    assert offering.runs("run") == ["run-01"]
    shell("deploy", "--recipe", "command", "--results-repo", "demo/b", "--yes", "-q", "--", "true")
    assert offering.runs("demo/b") == ["demo/b/run-01"]
    assert offering.runs("other") == []


def test_studies_are_offered_by_name_where_one_alone_has_it_and_the_queue_by_number(
    shell: Shell,
) -> None:
    assert (offering.studies(""), offering.queue_entries("")) == ([], [])
    known = KnownStudies(shell.home / "data")
    for repo, name in (("demo/a", "tune"), ("demo/b", "tune"), ("demo/a", "calm")):
        known.remember(StudyAddress(repo, name))
    assert offering.studies("") == ["calm", "demo/b/tune", "demo/a/tune"]
    for _ in range(2):
        shell("queue", "add", *COMMAND_RUN, "--quiet", "--", "true")
    assert offering.queue_entries("") == ["1", "2"]
    assert offering.queue_entries("2") == ["2"]


def test_presets_faults_and_gpus_are_offered_without_asking_anybody() -> None:
    assert offering.presets("quick") == ["quick-check"]
    assert offering.faults("exec-r") == ["exec-refused"]
    assert "RTX-4090" in offering.gpus("rtx")
    assert not any(" " in name for name in offering.gpus("")), "a shell takes a blank for two words"


def test_repos_of_the_token_are_offered(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, demo_dataset: str
) -> None:
    harness = shell.harness
    monkeypatch.setattr(offering, "_access", lambda: harness.bench.hub)
    assert offering.datasets("demo/cl") == [demo_dataset]
    shell("deploy", *COMMAND_RUN, "--yes", "--quiet", "--", "true")
    assert offering.results_repos("DEMO/") == ["demo/voices"]


def test_a_hub_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(offering, "REPO_SECONDS", 0.05)
    monkeypatch.setattr(offering, "_access", lambda: answers.wait(30))
    began = time.monotonic()
    assert offering.datasets("") == []
    assert time.monotonic() - began < 5
    answers.set()


@pytest.mark.parametrize("look", [offering.runs, offering.presets, offering.datasets])
def test_what_fails_offers_nothing_and_says_nothing(
    look: Callable[[str], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LAUNCHER_HOME", "/proc/no-such-home")
    monkeypatch.setenv("HF_ENDPOINT", "no address")
    monkeypatch.setattr("launcher.presets.look_at_presets", lambda config: 1 / 0)
    assert look("") == []
    assert capsys.readouterr() == ("", "")
