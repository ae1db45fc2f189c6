"""What a run says and made, and what can be said to it, from a program."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path

import pytest

import launcher
from launcher.errors import InvalidRequest, RunFailed
from launcher.services.following.answers import Answered
from pod_image.contract.bodies import Ended, Sample, Step
from pod_image.contract.events import stamped, to_line
from pod_image.contract.outcomes import EndReason
from pod_image.hub import Repo, publish
from tests.api.programs import QUICK, deployed
from tests.kit.clouds import RESULTS_REPO
from tests.services.harness import LauncherHarness

WHOLE = ["phase", "armed", "phase", "step", "step", "step", "phase", "ended"]


def test_events_are_typed_in_order_and_end_with_ended(program: LauncherHarness) -> None:
    events = list(deployed().events())
    assert [event.event for event in events] == WHOLE
    assert [event.seq for event in events] == list(range(1, 9))
    steps = [event.body.step for event in events if isinstance(event.body, Step)]
    assert steps == [1, 2, 3]
    assert isinstance(events[-1].body, Ended)


def test_events_go_on_behind_the_last_one_that_was_read(program: LauncherHarness) -> None:
    run = deployed()
    with run.events() as stream:
        read = [event.seq for event in islice(stream, 4)]
    rest = [event.seq for event in run.events(after=read[-1])]
    assert (read, rest) == ([1, 2, 3, 4], [5, 6, 7, 8])


def test_a_run_that_is_over_tells_its_events_from_the_results_repo(
    program: LauncherHarness,
) -> None:
    run = deployed()
    run.wait()
    assert [event.event for event in run.events()] == WHOLE
    assert [event.seq for event in run.events(after=6)] == [7, 8]
    assert run.told.curves["mel"].shown()[0] == (1.0, 1.0)


def test_a_run_without_a_last_word_ends_its_events_with_what_is_known_here(
    program: LauncherHarness,
) -> None:
    program.script.ends_after = None
    run = deployed()
    run.abort()
    last = list(run.events())[-1]
    assert isinstance(last.body, Ended)
    assert last.body.reason is EndReason.ABORTED
    assert program.live() == []


def test_what_one_reader_has_heard_is_not_missing_for_the_next_when_the_pod_is_gone(
    program: LauncherHarness,
) -> None:
    run = deployed()
    with run.events() as stream:
        heard = [event.seq for event in islice(stream, 5)]
    run.wait()
    assert heard == [1, 2, 3, 4, 5]
    assert [event.seq for event in launcher.attach("run-01").events()] == list(range(1, 9))


def test_many_watchers_of_one_program_ask_no_more_than_one(program: LauncherHarness) -> None:
    program.script.heartbeat_seconds, program.script.ends_after = 30.0, 300.0

    def lists() -> int:
        return sum(
            (seen.method, seen.path) == ("GET", "/v2/pods") for seen in program.world.requests
        )

    async def watched(times: int) -> int:
        run = await (await launcher.plan.aio(QUICK)).deploy.aio()
        before = lists()

        async def watch() -> None:
            async for _ in run.events():
                pass

        await asyncio.gather(*(watch() for _ in range(times)))
        return lists() - before

    alone = asyncio.run(watched(1))
    together = asyncio.run(watched(3))
    assert alone > 0
    assert together <= alone


def test_the_log_is_followed_line_by_line_and_found_when_the_pod_is_gone(
    program: LauncherHarness,
) -> None:
    program.script.log = "2026-11-22 10:00:01 loss is falling\n"
    run = deployed()
    lines = list(run.logs(follow=True))
    assert "container is up" in [line.text for line in lines]
    told = [line.event.event for line in lines if line.event is not None]
    assert told == WHOLE
    run.wait()
    later = list(run.logs(tail=3))
    assert len(later) == 3
    assert "loss is falling" in [str(line) for line in run.logs()]


def test_what_is_said_to_a_run_comes_back_with_its_receipt(program: LauncherHarness) -> None:
    program.script.ends_after = None
    run = deployed()
    assert run.save(wait=False).state == "sent"
    stopped = run.stop()
    assert isinstance(stopped, Answered)
    assert stopped.state == "ended"
    assert run.wait().end_reason is EndReason.STOPPED
    with pytest.raises(InvalidRequest, match="no pod to send an instruction to"):
        run.sample("Hello.")


def test_waiting_can_be_left_and_the_run_goes_on(program: LauncherHarness) -> None:
    program.script.ends_after = None
    run = deployed()
    with pytest.raises(TimeoutError):
        run.wait(timeout_seconds=30)
    assert not run.is_over
    assert len(program.live()) == 1


def test_a_run_that_ended_badly_is_an_error_with_what_to_do_unless_it_is_not_asked(
    program: LauncherHarness,
) -> None:
    program.script.reason = "trainer_died"
    program.script.last_word = {"last_lines": ["out of memory"]}
    run = deployed()
    with pytest.raises(RunFailed, match="out of memory") as failed:
        run.wait()
    assert failed.value.hint == 'What it said: launcher.attach("run-01").logs()'
    assert run.wait(check=False).end_reason is EndReason.TRAINER_DIED


def test_results_are_listed_and_brought_whole(program: LauncherHarness, tmp_path: Path) -> None:
    run = deployed()
    run.wait()
    assert f"{run.run_id}/voice/voice.onnx" in [file.path for file in run.files()]
    got = run.results(to=tmp_path / "here", only="voice/**")
    assert [path.read_bytes() for path in got.files] == [b"a voice"]
    assert got.folder == tmp_path / "here" / "run-01"
    usual = run.results()
    assert usual.folder == tmp_path / "home" / "data" / "results" / RESULTS_REPO / "run-01"
    assert usual.size_bytes > got.size_bytes


def test_a_receipt_says_what_was_expected_and_metered(program: LauncherHarness) -> None:
    run = deployed()
    run.wait()
    program.core.log.clear()
    receipt = run.receipt()
    assert program.core.log == []
    assert receipt.metered_usd == 0.02
    assert receipt.worst_case_usd is not None
    assert run.cost_usd == 0.02


def test_a_sample_whose_name_is_a_pattern_brings_itself_alone(program: LauncherHarness) -> None:
    run = deployed()
    run.wait()
    assert run.ended_at is not None
    paths = ("samples/*.wav", "samples/[a].wav")
    lines = [
        to_line(
            stamped(Sample(step=1, path=path), at=run.ended_at, run_id="run-01", seq=9 + number)
        )
        for number, path in enumerate(paths)
    ]
    files: dict[str, Path | bytes] = {
        "run-01/events.jsonl": "\n".join([*program.script.said, *lines]).encode(),
        "run-01/samples/a.wav": b"of nobody",
        **{f"run-01/{path}": path.encode() for path in paths},
    }
    publish(program.hub, Repo(RESULTS_REPO, "model"), files, "samples")
    assert [sample.read() for sample in run.samples()] == [path.encode() for path in paths]
    there = run.samples()[0].file().parent
    assert not (there / "a.wav").exists()


def test_samples_have_what_they_say_and_their_sound(program: LauncherHarness) -> None:
    run = deployed()
    run.wait()
    assert run.ended_at is not None
    said = Sample(step=3, path="samples/a.wav", text="<b>Hi</b>")
    line = to_line(stamped(said, at=run.ended_at, run_id="run-01", seq=9))
    files: dict[str, Path | bytes] = {
        "run-01/events.jsonl": "\n".join([*program.script.said, line]).encode(),
        "run-01/samples/a.wav": b"RIFF....",
    }
    publish(program.hub, Repo(RESULTS_REPO, "model"), files, "a sample")
    (sample,) = run.samples()
    assert (sample.step, sample.text, sample.media) == (3, "<b>Hi</b>", "audio")
    assert sample.read() == b"RIFF...."
    assert sample.file().name == "a.wav"
    page = run.samples()._repr_html_()
    assert "data:audio/wav;base64,UklGRi4uLi4=" in page
    assert "<b>Hi</b>" not in page
