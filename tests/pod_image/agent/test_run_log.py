"""`log.txt`: what the run printed is in the results repo, whole or its first and last megabytes, whatever happens."""

from __future__ import annotations

import asyncio
import re
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pod_image.agent.run_log import BoundedText, RunLog
from pod_image.contract.outcomes import EndReason
from pod_image.contract.plain import plain_line
from pod_image.contract.run_log import find_gap, read_lines
from tests.kit.clouds import READ_TOKEN, WRITE_TOKEN
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, Script, ScriptedStage, save, training

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


def log_at(path: Path, head_bytes: int = 2_000, tail_bytes: int = 2_000) -> RunLog:
    return RunLog(path, lambda: NOON, head_bytes=head_bytes, tail_bytes=tail_bytes)


def sizes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def texts(content: bytes) -> list[str]:
    return [line.text for line in read_lines(content)]


@given(
    st.lists(st.text("abc", max_size=30), max_size=200),
    st.integers(0, 300),
    st.integers(1, 300),
    st.integers(0, 200),
)
def test_the_first_and_the_last_lines_stay_and_the_rest_is_counted(
    lines: list[str], head_bytes: int, tail_bytes: int, reload_after: int
) -> None:
    text = BoundedText(head_bytes, tail_bytes)
    for number, line in enumerate(lines):
        if number == reload_after:  # a restarted container goes on from what it finds
            before, text = text.content(), BoundedText(head_bytes, tail_bytes)
            text.load(before)
        text.add(line.encode() + b"\n")
    content, whole = text.content(), [line.encode() + b"\n" for line in lines]
    gap = find_gap(content)
    if gap is None:
        assert content == b"".join(whole)
        return
    head, tail = content[: gap.start], content[gap.end :]
    assert len(head) <= head_bytes
    assert len(tail) <= tail_bytes
    assert b"".join(whole).startswith(head)
    assert b"".join(whole).endswith(tail)
    assert len(head) + gap.size_bytes + len(tail) == len(b"".join(whole))
    assert head.count(b"\n") + gap.lines + tail.count(b"\n") == len(whole)


@in_virtual_time
async def test_a_log_goes_on_where_the_disk_left_it(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    first = log_at(path)
    first.begin_attempt(1, 1)
    first.line("one")
    await asyncio.sleep(2.0)
    first.line("two")
    with path.open("ab") as file:
        file.write(b"torn")
    second = log_at(path)
    second.begin_attempt(1, 2)
    second.line("three")
    assert texts(second.content()) == [
        "== attempt 1, start 1 of its container",
        "one",
        "two",
        "torn",
        "== attempt 1, start 2 of its container",
        "three",
    ]
    await asyncio.sleep(2.0)
    second.save_due()
    assert path.read_bytes() == second.content()


@in_virtual_time
async def test_what_the_repo_had_stands_before_what_was_said_since(tmp_path: Path) -> None:
    log = log_at(tmp_path / "log.txt")
    log.line("since")
    log.begin_with(b"2026-11-22 11:00:00 earlier")
    assert texts(log.content()) == ["earlier", "since"]


@in_virtual_time
async def test_a_flood_stays_bounded_in_memory_and_on_the_disk(tmp_path: Path) -> None:
    log = log_at(tmp_path / "log.txt", 200_000, 200_000)
    tracemalloc.start()
    try:
        for second in range(5):
            for number in range(10_000):
                log.line(f"line {second} {number} of a program that cannot stop")
            await asyncio.sleep(1.0)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 3_000_000  # of which 3,700,000 bytes went by
    assert sizes_in(tmp_path) <= 700_000
    content = log.content()
    assert len(content) <= 400_200
    gap = find_gap(content)
    assert gap is not None
    assert content.count(b"\n") - 1 + gap.lines == 50_000
    assert texts(content)[0].startswith("line 0 0 ")
    assert texts(content)[-1].startswith("line 4 9999 ")


@in_virtual_time
async def test_a_disk_that_cannot_be_written_costs_nothing_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.mkdir()  # as good as full: no file of that name can be made
    log = log_at(path)
    for number in range(20):
        log.line(f"line {number}")
        await asyncio.sleep(1.0)
    assert texts(log.content()) == [f"line {number}" for number in range(20)]
    path.rmdir()
    await asyncio.sleep(15.0)
    log.save_due()
    assert path.read_bytes() == log.content()
    assert names_in(tmp_path) == ["log.txt"]


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("\x1b[31mred\x1b[0m\tand \x9b1mbold", "red\tand bold"),
        ("\x1b]0;a title\x07shown", "shown"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\x08\x00b\x7f\u202ec\u2028d", "abcd"),
        ("\x1b(Bü \x1bM", "ü "),
        ("plain [31m", "plain [31m"),
    ],
)
def test_control_codes_are_taken_out_of_a_line(raw: str, plain: str) -> None:
    assert plain_line(raw) == plain


@given(st.text())
def test_no_line_keeps_a_control_code(text: str) -> None:
    assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202e]", plain_line(text))


@given(st.binary(max_size=300))
def test_a_log_of_anybody_can_be_read(content: bytes) -> None:
    list(read_lines(content))
    text = BoundedText(10, 10)
    text.load(content)
    text.content()


# --- the agent


def failing(*lines: str, phase: str = "train") -> Script:
    async def script(stage: ScriptedStage) -> int:
        if stage.phase != phase:
            return 0
        for line in lines:
            stage.say(line)
        return 1

    return script


def log_of(harness: AgentHarness) -> list[str]:
    return texts(harness.results()["run-01/log.txt"].read_bytes())


@in_virtual_time
async def test_the_output_of_a_program_that_failed_is_in_the_repo_and_quoted(
    tmp_path: Path,
) -> None:
    lines = [f"line {number}" for number in range(1_000)] + ["ValueError: no such thing"]
    harness = AgentHarness(tmp_path, failing(*lines))
    harness.rent()
    await harness.until_gone()
    log = log_of(harness)
    assert [line for line in log if not line.startswith(("== ", "agent: "))] == lines
    assert log[0] == "== attempt 1, start 1 of its container"
    assert "== train started" in log
    assert log[-1].startswith("== ended: trainer_died")
    assert harness.ended["last_lines"] == lines[-15:]
    assert len(harness.logs()) < 400  # what is printed stays thinned


@in_virtual_time
async def test_a_run_that_fails_before_it_trains_leaves_its_log_too(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, failing("no such clip", phase="prepare"))
    harness.rent()
    await harness.until_gone()
    assert "no such clip" in log_of(harness)
    assert harness.ended["last_lines"] == ["no such clip"]


@in_virtual_time
async def test_a_success_quotes_nothing(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    harness.rent()
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert harness.ended["last_lines"] == []


@in_virtual_time
async def test_no_secret_is_in_the_log_also_with_a_colour_in_its_middle(tmp_path: Path) -> None:
    half = len(WRITE_TOKEN) // 2
    coloured = f"{WRITE_TOKEN[:half]}\x1b[1m{WRITE_TOKEN[half:]}"
    harness = AgentHarness(tmp_path, failing(f"a {READ_TOKEN}", f"b {coloured} c"))
    harness.rent()
    await harness.until_gone()
    content = harness.results()["run-01/log.txt"].read_text()
    assert READ_TOKEN not in content
    assert WRITE_TOKEN not in content
    assert harness.ended["last_lines"] == ["a ***", "b *** c"]


@in_virtual_time
async def test_the_log_goes_up_with_every_upload(tmp_path: Path) -> None:
    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "train":
            stage.say("loading")
            save(stage, 1)
            await asyncio.sleep(600)
        return 0

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    await harness.until("upload")
    await harness.until("checkpoint")
    await asyncio.sleep(60)
    assert "loading" in log_of(harness)
    assert not harness.events("ended")
    await harness.until_gone()


def talking() -> Script:
    """A training that says each time how it began."""
    whole, lives = training(steps=100), iter(range(1, 10))

    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "train":
            stage.say(f"life {next(lives)} begins")
        return await whole(stage)

    return script


@pytest.mark.parametrize("is_wiped", [False, True])
@in_virtual_time
async def test_a_restarted_container_goes_on_in_the_same_log(
    tmp_path: Path, is_wiped: bool
) -> None:
    harness = AgentHarness(tmp_path, talking())
    pod = harness.rent()
    await harness.until("step", step=60)
    harness.containers[-1].kill()
    if is_wiped:
        harness.wipe(pod.id)
    await harness.until_gone()
    wanted = [line for line in log_of(harness) if line.startswith(("life", "== attempt"))]
    start = 2 if not is_wiped else 1  # an empty disk does not know that it is the second
    assert wanted == [
        "== attempt 1, start 1 of its container",
        "life 1 begins",
        f"== attempt 1, start {start} of its container",
        "life 2 begins",
    ]


@in_virtual_time
async def test_another_attempt_is_put_behind_the_first_also_when_the_hub_was_away_at_its_start(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, talking())
    pod = harness.rent()
    await harness.until("step", step=60)
    harness.world.act(pod, "terminate")
    harness.containers[-1].kill()
    second = harness.document(attempt=2, nonce="nonce2", resume=True)
    harness.rent(second)
    await harness.until_gone()
    log = [line for line in log_of(harness) if line.startswith(("life", "== attempt"))]
    assert log == [
        "== attempt 1, start 1 of its container",
        "life 1 begins",
        "== attempt 2, start 1 of its container",
        "life 2 begins",
    ]


@in_virtual_time
async def test_another_attempt_does_not_quote_the_first(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, failing("the first one's words"))
    harness.rent()
    await harness.until_gone()
    harness.processes.script = failing()
    harness.said.clear()
    harness.rent(harness.document(attempt=2, nonce="nonce2", resume=True))
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.TRAINER_DIED
    assert harness.ended["last_lines"] == []
    assert "the first one's words" in log_of(harness)
