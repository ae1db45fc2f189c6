"""`launcher wait`: it returns when the run is over, and its exit code says how that went."""

from __future__ import annotations

import pytest

from tests.cli.conftest import COMMAND_RUN, Shell

DETACHED = ("deploy", *COMMAND_RUN, "--yes", "--detach", "--quiet", "--", "true")


@pytest.mark.parametrize(
    ("reason", "delivers", "code"),
    [("finished", True, 0), ("failed", True, 6), ("cost_cap", True, 6), ("finished", False, 7)],
)
def test_the_exit_code_says_how_the_run_ended(
    shell: Shell, reason: str, delivers: bool, code: int
) -> None:
    shell.harness.script.reason = reason
    if not delivers:
        shell.harness.script.last_word = {
            "not_delivered": ["voice/a.onnx"],
            "not_delivered_count": 1,
        }
    shell(*DETACHED)
    assert shell("show", "--json").json["end_reason"] is None
    said = shell("wait", "run-01", "--json")
    assert said.code == code
    assert (said.json["is_over"], said.json["end_reason"]) == (True, reason)
    assert said.json["ended"]["reason"] == reason
    assert shell.harness.live() == []
    assert shell("wait", "--quiet").code == code, "it is the same for a run that is over"


def test_nothing_is_shown_before_the_end(shell: Shell) -> None:
    shell(*DETACHED)
    said = shell("wait")
    assert said.out.startswith("The run finished.")
    assert said.err == ""


def test_after_the_timeout_the_run_continues_and_the_code_is_that_of_timeout(shell: Shell) -> None:
    shell.harness.script.ends_after = None
    shell(*DETACHED)
    before = shell.loop.time()
    said = shell("wait", "--timeout", "90s")
    assert said.code == 124
    assert 85 <= shell.loop.time() - before <= 100
    assert "has not ended after 90s" in said.out
    assert "launcher watch run-01" in said.out
    assert len(shell.harness.live()) == 1
    document = shell("wait", "--timeout", "1s", "--json")
    assert (document.code, document.json["is_over"], document.json["ended"]) == (124, False, None)
    assert shell("wait", "--timeout", "soon").code == 2
    shell("stop", "--no-wait")
    assert shell("wait").code == 0


def test_a_run_of_another_computer_is_waited_for_by_its_pod(shell: Shell) -> None:
    shell(*DETACHED)
    shell.move_to("laptop")
    assert shell("wait", "run-01").code == 0
