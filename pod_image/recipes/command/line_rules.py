"""Lines of a program's output that mean more than the program makes of them, as a recipe knows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pod_image.contract.bodies import RunWarning
from pod_image.contract.keys import hide_keys
from pod_image.recipes.worker import Emit

LONGEST_SAID = 300
MOST_SAID = 10
"""Warnings of one rule; a program may write such a line at every step."""


@dataclass(frozen=True)
class LineRule:
    """A line that begins so is told as a warning; a fatal one ends the program, and its run has failed.

    Some programs only print that they leave out a setting, and train on without it.
    """

    begins: str
    code: str
    says: str = ""
    """What it means, before the line itself."""
    hint: str = ""
    is_fatal: bool = False
    in_all: str = ""
    """What is told at the end where there were several such lines, before how many."""


class LineWatch:
    """`hear` is called for every line that is logged, on whichever thread reads the output."""

    def __init__(self, rules: Sequence[LineRule], report: Emit, log: Callable[[str], None]) -> None:
        self._rules, self._report, self._log = rules, report, log
        self._counts: dict[str, int] = {}
        self._told: set[str] = set()
        self._lines: Counter[LineRule] = Counter()
        self.fault: RunWarning | None = None
        """What the first fatal line says. It is not reported yet: it is the end of the run."""

    def hear(self, line: str) -> None:
        self._log(line)
        rule = next((each for each in self._rules if line.startswith(each.begins)), None)
        if rule is None:
            return
        self._lines[rule] += 1
        message = ": ".join(part for part in (rule.says, hide_keys(line)[:LONGEST_SAID]) if part)
        said = RunWarning.saying(rule.code, message, rule.hint)
        if rule.is_fatal:
            self.fault = self.fault or said
        elif self._counts.get(rule.begins, 0) < MOST_SAID and said.message not in self._told:
            self._told.add(said.message)
            self._counts[rule.begins] = self._counts.get(rule.begins, 0) + 1
            self._report(said)

    def finish(self) -> None:
        """The program has ended."""
        for rule, count in self._lines.items():
            if rule.in_all and count > 1:
                self._report(
                    RunWarning.saying(rule.code, f"{rule.in_all} {count} times.", rule.hint)
                )
