"""What a pod tells those outside, while nobody's computer follows it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx

from launcher.emulator.runpod import Gateway
from pod_image import control
from pod_image.contract.outcomes import EndReason
from tests.kit.receivers import NTFY, SECRET_WORDS, WEBHOOK, Receivers
from tests.kit.virtual_time import in_virtual_time, now_seconds
from tests.pod_image.agent.harness import (
    TIMING,
    AgentHarness,
    DatedTransport,
    Script,
    ScriptedStage,
    training,
)

BOTH = f"desktop {NTFY} {WEBHOOK}"


class ToldHarness(AgentHarness):
    """The same, with somebody outside who is told."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.receivers = Receivers(rest=DatedTransport(Gateway(self.world)))

    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.receivers, timeout=10.0)


def with_samples(steps: int = 60) -> Script:
    """A training that is heard twice, after it has played what it should come to."""

    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "train":
            stage.emit("sample", step=0, path="samples/r.wav", kind="reference")
            for step in (10, 20):
                await asyncio.sleep(30)
                (stage.out / "samples" / f"{step}.wav").write_bytes(b"RIFF")
                stage.emit("sample", step=step, path=f"samples/{step}.wav")
        return await training(steps)(stage)

    return script


@in_virtual_time
async def test_a_pod_tells_each_address_once_that_it_is_armed_has_a_sample_and_ended(
    tmp_path: Path,
) -> None:
    harness = ToldHarness(tmp_path, with_samples())
    harness.rent(LAUNCHER_NOTIFY=BOTH)
    await harness.until_gone()
    told = harness.receivers
    assert told.kinds("ntfy.test") == ["armed", "first-sample", "ended"]
    assert told.kinds("hooks.test") == ["armed", "first-sample", "ended"]
    ntfy, hook = (
        next(each for each in told.got if each.host == host and each.kind == "ended")
        for host in ("ntfy.test", "hooks.test")
    )
    assert (ntfy.path, ntfy.body["topic"]) == ("/", "Runs_Of_Mine")
    assert ntfy.headers["authorization"] == "Bearer tk_Secret0Token9"
    assert ntfy.headers["x-sequence-id"] == hook.headers["idempotency-key"] == hook.body["id"]
    assert hook.body["title"] == "run-01 ended: finished"
    assert "The run finished. It cost about $" in hook.body["message"]
    assert hook.body["link"] == "http://hub.test/demo/voices/tree/main/run-01"


@in_virtual_time
async def test_news_is_told_within_seconds_of_its_event(tmp_path: Path) -> None:
    harness = ToldHarness(tmp_path, with_samples())
    harness.rent(LAUNCHER_NOTIFY=WEBHOOK)
    await harness.until("sample", step=10)
    heard_at = now_seconds()
    await harness.until("told", id="nonce1-first-sample")
    assert now_seconds() - heard_at <= 5
    await harness.until_gone()


@in_virtual_time
async def test_a_pod_says_in_its_events_whom_it_told_before_its_last_word_that_is_delivered(
    tmp_path: Path,
) -> None:
    harness = ToldHarness(tmp_path, training(steps=60))
    harness.receivers.answers["hooks.test"] = [403]
    harness.rent(LAUNCHER_NOTIFY=BOTH)
    await harness.until_gone()
    told = harness.stored_events("told")
    assert [each["kind"] for each in told] == ["armed", "ended"]
    assert [len(each["to"]) for each in told] == [1, 1]
    assert [each["failed"] for each in told] == [[told[0]["failed"][0]]] * 2
    assert told[-1]["detail"] == "the server answered 403"
    assert [each["event"] for each in harness.stored_events()][-2:] == ["told", "ended"]
    uploaded = [event for event in harness.events() if event["event"] == "upload"]
    told_at = next(each["seq"] for each in harness.events("told") if each["kind"] == "ended")
    voice = [each for each in uploaded if any("voice/" in file["path"] for file in each["files"])]
    assert voice[-1]["seq"] < told_at < harness.ended["seq"]


@in_virtual_time
async def test_nothing_outside_the_agent_ever_sees_an_address(tmp_path: Path) -> None:
    async def prying(stage: ScriptedStage) -> int:
        stage.say(f"I found {NTFY} and {WEBHOOK}, with Runs_Of_Mine")
        return await training(steps=60)(stage)

    harness = ToldHarness(tmp_path, prying)
    harness.receivers.answers["hooks.test"] = [0]
    harness.rent(LAUNCHER_NOTIFY=BOTH)
    await harness.until_gone()
    said = "\n".join(harness.lines)
    assert "I found *** and ***, with ***" in said
    kept = b"".join(path.read_bytes() for path in harness.results().values())
    for word in SECRET_WORDS:
        assert word not in said
        assert word.encode() not in kept
    for spec in harness.processes.specs:
        assert not any(word in json.dumps(dict(spec.environment)) for word in SECRET_WORDS)
        assert "LAUNCHER_NOTIFY" not in spec.environment


@in_virtual_time
async def test_a_receiver_that_never_answers_holds_an_end_up_by_five_seconds_at_most(
    tmp_path: Path,
) -> None:
    ages = []
    for number, addresses in enumerate(("", WEBHOOK)):
        folder = tmp_path / str(number)
        folder.mkdir()
        harness = ToldHarness(folder, training(steps=60))
        harness.receivers.answers["hooks.test"] = [0]
        harness.rent(LAUNCHER_NOTIFY=addresses)
        ages.append(await harness.until_gone())
        assert harness.ended["reason"] == EndReason.FINISHED
        assert harness.ended["not_delivered"] == []
        await harness.close_all()
    assert 0 <= ages[1] - ages[0] <= 6.0


@in_virtual_time
async def test_an_aborted_pod_waits_two_seconds_for_a_receiver_at_most(tmp_path: Path) -> None:
    harness = ToldHarness(tmp_path, training(steps=10_000))
    harness.receivers.answers["hooks.test"] = [0]
    harness.rent(LAUNCHER_NOTIFY=WEBHOOK)
    await harness.until("told", id="nonce1-armed")
    await harness.until("step", step=3)
    assert control.main(["abort", "--id", "mine"], folder=harness.disk) == 0
    await harness.until("command", id="mine", state="done")
    done_at = now_seconds()
    await harness.until("ended")
    assert now_seconds() - done_at <= 3.0
    assert harness.ended["reason"] == EndReason.ABORTED
    assert harness.receivers.of("ended").body["title"] == "run-01 ended: aborted"
    await harness.until_gone()


@in_virtual_time
async def test_a_server_in_trouble_is_asked_three_times_and_one_that_refuses_once(
    tmp_path: Path,
) -> None:
    harness = ToldHarness(tmp_path, training(steps=60))
    harness.receivers.answers = {"hooks.test": [503, 503, 200], "ntfy.test": [302]}
    harness.rent(LAUNCHER_NOTIFY=BOTH)
    armed = await harness.until("told", id="nonce1-armed")
    assert harness.receivers.kinds() == ["armed"] * 4
    assert harness.receivers.kinds("ntfy.test") == ["armed"]  # and nobody at elsewhere.test
    assert [len(armed["to"]), len(armed["failed"])] == [1, 1]
    await harness.until_gone()


@in_virtual_time
async def test_a_pod_tells_of_each_cap_within_a_minute_of_nine_tenths_of_it(tmp_path: Path) -> None:
    harness = ToldHarness(tmp_path, training(steps=1_000, step_seconds=60.0))
    # At $0.69 an hour two hours are $1.38: the cost cap is near before the time cap, and ends the run.
    harness.rent(harness.document(max_hours=2.0, max_cost_usd=1.3), LAUNCHER_NOTIFY=WEBHOOK)
    await harness.until_gone()
    told = harness.receivers
    assert told.kinds() == ["armed", "cost-cap", "time-cap", "ended"]
    assert harness.pod is not None
    age = told.of("cost-cap").at - harness.pod.created_at
    near = 0.9 * 1.3 / 0.69 * 3600
    assert near <= age <= near + 60
    assert 0.9 * 7200 <= told.of("time-cap").at - harness.pod.created_at <= 0.9 * 7200 + 60
    assert "has used 90 % of its money" in told.of("cost-cap").body["title"]
    assert told.of("ended").body["title"] == "run-01 ended: cost cap"


@in_virtual_time
async def test_a_pod_that_is_started_again_tells_nothing_twice(tmp_path: Path) -> None:
    harness = ToldHarness(tmp_path, with_samples())
    harness.rent(LAUNCHER_NOTIFY=WEBHOOK)
    await harness.until("told", id="nonce1-first-sample")
    harness.containers[-1].kill()
    await harness.until_gone()
    assert len(harness.containers) > 1
    assert harness.receivers.kinds() == ["armed", "first-sample", "ended"]


@in_virtual_time
async def test_news_that_is_told_again_after_a_crash_has_the_id_that_it_had(tmp_path: Path) -> None:
    """The pod dies between the request that was taken and its word of it: receivers that know ids drop the second."""
    harness = ToldHarness(tmp_path, training(steps=60))
    harness.receivers.when_first = lambda: harness.containers[-1].kill()
    harness.rent(LAUNCHER_NOTIFY=WEBHOOK)
    await harness.until_gone()
    first, second, *rest = harness.receivers.got
    assert first.id == second.id == "nonce1-armed"
    assert [each.kind for each in rest] == ["ended"]


@in_virtual_time
async def test_a_pod_that_cannot_be_released_says_so_outside(tmp_path: Path) -> None:
    harness = ToldHarness(tmp_path, training(steps=60))
    harness.rent(LAUNCHER_NOTIFY=NTFY)
    await harness.until("step", step=50)
    harness.world.faults.switch_on("delete-500")
    await harness.until("ended")
    ended_at = now_seconds()
    while "unproven" not in harness.receivers.kinds():
        assert now_seconds() - ended_at < TIMING.tell_unreleased_seconds + 60
        await asyncio.sleep(1)
    assert harness.receivers.of("unproven").body["priority"] == 5
    harness.world.faults.switch_off()
    await harness.until_gone()
