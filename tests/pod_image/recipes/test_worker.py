"""A recipe's process talks over a descriptor of its own, and a dead agent does not crash it."""

import io
import json
import os
import time

from pod_image.contract.bodies import RunWarning, Step
from pod_image.recipes.worker import Inbox, Reporter


def test_events_arrive_as_lines_on_the_descriptor():
    reading, writing = os.pipe()
    report = Reporter(writing)

    report(Step(step=1))
    report(RunWarning(code="x", message="ä\n"))
    os.close(writing)

    with os.fdopen(reading, encoding="utf-8") as stream:
        assert [json.loads(line)["event"] for line in stream] == ["step", "warning"]


def test_a_reader_that_is_gone_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)

    Reporter(writing)(Step(step=1))
    os.close(writing)


def test_commands_are_taken_once_and_junk_is_passed_over():
    lines = io.StringIO(
        '{"id":"1","command":"save"}\nnot json\n{"id":"2","command":"dance"}\n{"id":"3","command":"stop"}\n'
    )
    inbox = Inbox(lines)

    taken = []
    for _ in range(1000):
        taken += inbox.take()
        if len(taken) == 2:
            break
        time.sleep(0.001)
    assert [command.id for command in taken] == ["1", "3"]
    assert inbox.take() == []
