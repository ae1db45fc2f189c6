"""Lines of a program that mean more than it makes of them."""

from __future__ import annotations

from pod_image.contract.bodies import Body, RunWarning
from pod_image.recipes.command.line_rules import MOST_SAID, LineRule, LineWatch

LEFT_OUT = LineRule(
    "Could not set ", "left_out", "It left out a setting", "Mend it.", is_fatal=True
)
NO_SAMPLE = LineRule("Error during sampling", "no_sample", hint="Training goes on.")


class Watched:
    def __init__(self) -> None:
        self.said: list[Body] = []
        self.log: list[str] = []
        self.watch = LineWatch((LEFT_OUT, NO_SAMPLE), self.said.append, self.log.append)

    def hear(self, *lines: str) -> list[str]:
        for line in lines:
            self.watch.hear(line)
        return [body.message for body in self.said if isinstance(body, RunWarning)]


def test_a_fatal_line_is_kept_for_the_end_and_every_line_is_logged() -> None:
    watched = Watched()
    lines = ["loading", "Could not set train_dtype as X", "Could not set epochs as Y"]
    assert watched.hear(*lines) == []
    assert watched.log == lines
    fault = watched.watch.fault
    assert fault is not None
    assert fault.message == "It left out a setting: Could not set train_dtype as X"
    assert (fault.code, fault.hint) == ("left_out", "Mend it.")


def test_a_line_that_only_warns_is_said_once_and_not_without_end() -> None:
    watched = Watched()
    assert watched.hear("Error during sampling, a", "Error during sampling, a") == [
        "Error during sampling, a"
    ]
    told = watched.hear(*(f"Error during sampling, {at}" for at in range(50)))
    assert len(told) == MOST_SAID
    assert watched.watch.fault is None


def test_a_key_in_such_a_line_is_hidden_and_a_long_one_is_cut() -> None:
    watched = Watched()
    watched.hear(f"Could not set token as hf_{'a1B2' * 9} {'x' * 900}")
    fault = watched.watch.fault
    assert fault is not None
    assert "hf_a1B2" not in fault.message
    assert len(fault.message) < 350


def test_how_often_it_happened_is_told_at_the_end() -> None:
    rule = LineRule("# OOM", "batches_left_out", in_all="Batches were left out:")
    told: list[Body] = []
    watch = LineWatch([rule], told.append, lambda _: None)
    for number in (1, 2, 1):
        watch.hear(f"# OOM, skipping batch {number}/3 #")
    watch.finish()
    messages = [each.message for each in told if isinstance(each, RunWarning)]
    assert messages == [
        "# OOM, skipping batch 1/3 #",
        "# OOM, skipping batch 2/3 #",
        "Batches were left out: 3 times.",
    ]
