"""What is said when a run is over: how it ended, and what of it reached the results repo, never more than is known."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from launcher.cli.following import detached
from launcher.domain.delivery import Delivery, known_delivery
from launcher.errors import LauncherError
from pod_image.contract.outcomes import EndReason
from tests.cli.conftest import COMMAND_RUN, Said, Shell
from tests.kit.checkout import ROOT
from tests.kit.runs import run

TRUE = ("--", "true")
PART: dict[str, Any] = {
    "delivered": [{"path": "run-01/files/a", "size_bytes": 1, "sha256": "0" * 64}],
    "delivered_count": 10,
    "not_delivered": ["files/k.bin", "files/l.bin"],
    "not_delivered_count": 2,
}
ALL: dict[str, Any] = {"delivered_count": 12, "not_delivered": [], "not_delivered_count": 0}


@pytest.mark.parametrize("reason", EndReason)
def test_no_reason_of_an_end_claims_that_anything_was_kept(reason: EndReason) -> None:
    for word in ("kept", "uploaded", "deliver", "results repo"):
        assert word not in reason.sentence


@pytest.mark.parametrize("reason", ["finished", "stopped", "time_cap", "failed"])
def test_results_that_did_not_arrive_have_an_exit_code_of_their_own(
    shell: Shell, reason: str
) -> None:
    shell.harness.script.reason, shell.harness.script.last_word = reason, PART
    said = shell("deploy", *COMMAND_RUN, "--yes", "--json", *TRUE)
    assert said.code == 7
    assert said.json["not_delivered"] == 2
    error = json.loads(said.err)["error"]
    assert error["code"] == "not_delivered"
    assert (
        "2 of 12 files did not reach the results repo: files/k.bin, files/l.bin."
        in (error["message"])
    )
    assert "launcher results run-01" in error["hint"]


def test_what_did_not_arrive_is_in_the_receipt_and_in_the_list_of_runs(shell: Shell) -> None:
    shell.harness.script.last_word = PART
    shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    words = "2 of 12 files did not reach the results repo: files/k.bin, files/l.bin."
    assert words in shell("show").text
    assert shell("show", "--json").json["delivery"] == {
        "present": 10,
        "missing": 2,
        "missing_names": ["files/k.bin", "files/l.bin"],
    }
    assert "finished, 2 not delivered" in shell("runs").text
    again = shell("watch")  # of a run that is over, from the history
    assert (again.code, words in again.text) == (7, True)


def test_what_arrived_is_counted_at_the_end(shell: Shell) -> None:
    shell.harness.script.last_word = ALL
    said = shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    assert said.code == 0
    assert "All 12 files are in the results repo and were checked there." in said.out
    assert "All 12 files are in the results repo and were checked there." in shell("show").text


def test_an_end_that_only_the_record_tells_knows_what_is_missing_too(shell: Shell) -> None:
    script = shell.harness.script
    script.last_word = PART

    def deliver_without_events(document: Any) -> None:
        script.said.clear()
        type(script).deliver(script, document)

    script.deliver = deliver_without_events  # type: ignore[method-assign]  # in this one pod
    script.says_ended = False
    said = shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    assert said.code == 7
    assert "2 of 2 files did not reach the results repo: files/k.bin, files/l.bin." in said.text


def test_a_pod_that_went_without_a_word_promises_nothing(shell: Shell) -> None:
    shell.harness.script.says_ended = shell.harness.script.delivers = False
    said = shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    assert said.code == 6
    assert "disappeared without saying how" in said.text
    assert "launcher results" in said.text
    assert "reach" not in said.text


LOG = """\
2026-11-22 10:00:00 == attempt 1, start 1 of its container
2026-11-22 10:00:00 loading
2026-11-22 10:00:01 {"event":"ended","reason":"finished","at":"2026-11-22T10:00:00Z","run_id":"run-01","seq":9}
2099-01-01 00:00:00 ValueError: \x1b[31mred
"""


def a_failure(shell: Shell) -> Said:
    script = shell.harness.script
    script.reason, script.log = "failed", LOG
    script.last_word = {**ALL, "last_lines": ["loading", "ValueError: \x1b[31mred\x1b[0m"]}
    return shell("deploy", *COMMAND_RUN, "--yes", *TRUE)


def test_a_failure_quotes_the_last_lines_without_control_codes(shell: Shell) -> None:
    said = a_failure(shell)
    assert said.code == 6
    quote = "Last output:\n         | loading\n         | ValueError: red\n"
    assert quote in said.err
    assert "\x1b" not in said.err
    assert "Last output: | loading | ValueError: red" in shell("show").text
    assert shell("show", "--json").json["last_lines"][0] == "loading"
    assert quote in shell("watch").err  # of a run that is over, from the history


def test_the_log_of_a_pod_that_is_gone_comes_from_the_results_repo(shell: Shell) -> None:
    a_failure(shell)
    lines = shell("logs").out.splitlines()
    assert lines[0] == "== attempt 1, start 1 of its container"
    assert "loading" in lines
    assert any("boot: the pod starts" in line for line in lines)
    assert lines[-1] == "ValueError: red"
    assert shell("logs", "--tail", "1").out == "ValueError: red\n"
    told = [json.loads(line) for line in shell("logs", "--json").out.splitlines()]
    assert [one["reason"] for one in told if one["event"] == "ended"] == ["failed"]
    logged = [(one["source"], one["text"]) for one in told if one["event"] == "log"]
    assert ("container", "loading") in logged


def test_of_an_image_that_kept_no_log_the_events_are_left(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", *TRUE)
    said = shell("logs")
    assert said.code == 0
    assert "ended: The run finished." in said.out


@pytest.mark.parametrize(
    ("ended", "sentence"),
    [
        ({}, "It left no files to deliver."),
        ({"delivered_count": 1}, "Its one file is in the results repo and was checked there."),
        ({"delivered": [{}] * 3}, "All 3 files are in the results repo and were checked there."),
        ({"not_delivered": ["a"]}, "1 of 1 file did not reach the results repo: a."),
        (
            {"not_delivered": ["a", "b", "c", "d"], "not_delivered_count": 1_200},
            "1,200 of 1,200 files did not reach the results repo: a, b, c and 1,197 more.",
        ),
    ],
)
def test_a_last_word_of_any_image_is_read(ended: dict[str, Any], sentence: str) -> None:
    assert Delivery.of(ended).sentence == sentence


def test_where_nobody_has_said_nothing_is_known() -> None:
    assert known_delivery(None, None, "me/voice") is None
    assert known_delivery(None, {}, "me/voice") is None


def test_every_exit_code_stands_in_the_docs() -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    rows = {int(number) for number in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    kinds = [LauncherError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert {kind.exit_code for kind in kinds} <= rows


def test_who_leaves_a_cluster_is_not_told_that_somebody_watches_it() -> None:
    said = detached(run(pod_id="cluster-abc"))
    assert "cannot release itself" in str(said.message)
    assert "Another program" not in str(said.message)
    assert "launcher reap" in str(said.hint)


def test_what_a_run_cost_is_told_in_cents_and_no_time_of_nothing(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", "--quiet", "--", "true")
    shown = shell("show").out
    assert "under $0.01" in shown
    assert not re.search(r"\$0\.\d{3}|\$0\.00(?!\d)", shown), shown
    assert not re.search(r"idle +0 s", shown), shown
