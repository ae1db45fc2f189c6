"""Pod and computer agree on who is told by whom: each once, and nobody forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.services.telling.addresses import addresses_in
from launcher.services.telling.teller import OLD_NEWS, POD_SECONDS, Teller
from launcher.stores.told_news import ABANDONED_SECONDS, ToldNews
from pod_image.contract.bodies import ArmedReport, Body, Ended, Sample
from pod_image.contract.bodies import Told as ToldByPod
from pod_image.contract.events import stamped
from pod_image.contract.news import News
from pod_image.contract.outcomes import EndReason
from tests.kit import runs
from tests.kit.clocks import LoopClock
from tests.kit.receivers import NTFY
from tests.kit.told import Told
from tests.kit.virtual_time import in_virtual_time

ADDRESSES = addresses_in(f"desktop {NTFY}")
MARK = ADDRESSES[1].mark
ARMED = ArmedReport(works=True)
SAMPLE = Sample(step=500, path="samples/1.wav")
ENDED = Ended(reason=EndReason.FINISHED, cost_usd=0.4)


class Story:
    """One run that is heard of by a teller, in virtual time."""

    def __init__(self, folder: Path, *, by_pod: bool = True) -> None:
        self.clock = LoopClock()
        self.told = Told()
        self.folder = folder / "told"
        now = self.clock.now()
        self.run = runs.run(
            created_at=now, armed_at=now, deadline=now + timedelta(hours=2), max_hours=2.0
        )
        self.by_pod = by_pod
        self.teller = self.another()
        self.seq = 0

    def another(self) -> Teller:
        """As another program of this computer has it."""
        told = ToldNews(self.folder, lambda: self.clock.now().timestamp())
        teller = Teller(
            ADDRESSES, told=told, clock=self.clock, send=self.told, hub_url="http://hub/"
        )
        if self.by_pod:
            teller.pod_tells(self.run, [MARK])
        return teller

    def say(self, body: Body, ago: float = 0.0, teller: Teller | None = None) -> None:
        self.seq += 1
        at = self.clock.now() - timedelta(seconds=ago)
        event = stamped(body, at=at, run_id=self.run.run_id, seq=self.seq)
        (teller or self.teller).heard(self.run, event, self.clock.now())

    def pod_told(self, kind: str, *, taken: bool = True) -> None:
        marks = (MARK,)
        to, failed = (marks, ()) if taken else ((), marks)
        self.say(ToldByPod(id=f"{self.run.nonce}-{kind}", kind=kind, to=to, failed=failed))


@in_virtual_time
async def test_what_the_pod_told_this_computer_tells_nobody_again(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.say(ARMED)
    await asyncio.sleep(3)
    story.pod_told("armed")
    story.say(SAMPLE)
    await asyncio.sleep(3)
    story.pod_told("first-sample")
    story.pod_told("ended")
    story.say(ENDED)
    await asyncio.sleep(POD_SECONDS + 10)
    assert story.told.kinds("desktop") == ["armed", "first-sample", "ended"]
    assert story.told.kinds("ntfy.test") == []


@in_virtual_time
async def test_what_the_pod_could_not_tell_is_told_from_here_at_once(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.say(ARMED)
    story.pod_told("armed", taken=False)
    await asyncio.sleep(0.1)
    assert story.told.kinds("ntfy.test") == ["armed"]


@in_virtual_time
async def test_the_pods_word_counts_whether_it_comes_before_the_event_or_after_it(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.pod_told("first-sample")
    story.say(SAMPLE)
    story.pod_told("ended", taken=False)
    story.say(ENDED)
    await asyncio.sleep(1)
    assert story.told.kinds("ntfy.test") == ["ended"]


@in_virtual_time
async def test_a_pod_that_says_nothing_of_it_is_waited_for_less_than_a_minute(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.say(ARMED)
    await asyncio.sleep(POD_SECONDS - 5)
    assert story.told.kinds("ntfy.test") == []
    await asyncio.sleep(10)
    assert story.told.kinds("ntfy.test") == ["armed"]
    assert story.told.lateness("armed") < 60


@in_virtual_time
async def test_an_end_of_which_the_pod_says_no_word_is_told_at_once(tmp_path: Path) -> None:
    """The pod may have died between its request and its word: the receiver is sent the same id."""
    story = Story(tmp_path)
    story.say(SAMPLE)
    story.say(ENDED)
    await asyncio.sleep(0.1)
    assert story.told.kinds("ntfy.test") == ["first-sample", "ended"]
    assert {news.id for _, news, _ in story.told.got} == {
        "abcdefghij-first-sample",
        "abcdefghij-ended",
    }


@in_virtual_time
async def test_a_pod_that_has_no_address_is_not_waited_for(tmp_path: Path) -> None:
    story = Story(tmp_path, by_pod=False)
    story.say(ARMED)
    await asyncio.sleep(0.1)
    assert story.told.kinds("ntfy.test") == ["armed"]


@in_virtual_time
async def test_another_computer_learns_from_the_pods_words_where_it_tells(tmp_path: Path) -> None:
    story = Story(tmp_path, by_pod=False)
    story.pod_told("armed")
    story.say(SAMPLE)
    await asyncio.sleep(5)
    story.pod_told("first-sample")
    await asyncio.sleep(60)
    assert story.told.kinds("ntfy.test") == []
    assert story.told.kinds("desktop") == ["first-sample"]


@in_virtual_time
async def test_two_programs_of_one_computer_tell_it_once(tmp_path: Path) -> None:
    story = Story(tmp_path, by_pod=False)
    second = story.another()
    story.say(ENDED)
    story.say(ENDED, teller=second)
    await asyncio.sleep(1)
    story.say(ENDED, teller=story.another())
    await asyncio.sleep(1)
    assert story.told.kinds("desktop") == story.told.kinds("ntfy.test") == ["ended"]


@in_virtual_time
async def test_what_a_program_began_to_tell_and_did_not_finish_another_tells_later(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, by_pod=False)
    told = ToldNews(story.folder, lambda: story.clock.now().timestamp())
    assert told.claim("abcdefghij-ended", "desktop")  # and here that program dies
    assert not told.claim("abcdefghij-ended", "desktop")
    story.say(ENDED)
    await asyncio.sleep(1)
    assert story.told.kinds("desktop") == []
    await asyncio.sleep(ABANDONED_SECONDS + 60)
    story.say(ENDED, teller=story.another())
    await asyncio.sleep(1)
    assert story.told.kinds("desktop") == ["ended"]


@in_virtual_time
async def test_old_news_is_no_news_but_for_the_end(tmp_path: Path) -> None:
    story = Story(tmp_path, by_pod=False)
    ago = OLD_NEWS.total_seconds() + 60
    for body in (ARMED, SAMPLE, ENDED):
        story.say(body, ago)
    await asyncio.sleep(1)
    assert story.told.kinds("desktop") == ["ended"]


@in_virtual_time
async def test_caps_are_told_of_when_they_are_near_and_each_once(tmp_path: Path) -> None:
    story = Story(tmp_path, by_pod=False)
    story.run = replace(story.run, price_per_hour_usd=1.0, max_cost_usd=1.0)
    began = story.clock.now()
    while story.clock.now() - began < timedelta(minutes=115):
        story.teller.time_is(story.run, story.clock.now())
        await asyncio.sleep(30)
    assert story.told.kinds("desktop") == ["cost-cap", "time-cap"]
    assert story.told.lateness("cost-cap") < 60 > story.told.lateness("time-cap")
    first = story.told.got[0][1]
    assert first.at - began == timedelta(minutes=54)
    assert first.title == "run-01 has used 90 % of its money"
    assert "So far it cost about $0.90" in first.text


@in_virtual_time
async def test_no_cap_is_near_of_a_run_that_is_over_or_was_never_armed(tmp_path: Path) -> None:
    story = Story(tmp_path, by_pod=False)
    late = story.clock.now() + timedelta(hours=1.9)
    story.teller.time_is(replace(story.run, armed_at=None), late)
    story.say(ENDED)
    story.teller.time_is(story.run, late)
    await asyncio.sleep(1)
    assert story.told.kinds("desktop") == ["ended"]


@in_virtual_time
async def test_the_end_of_a_pod_that_said_no_word_of_it_is_told_from_the_history(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    lost = replace(story.run, end_reason=EndReason.LOST, cost_usd=0.3, not_delivered=2)
    story.teller.is_over(lost, story.clock.now())
    await asyncio.sleep(0.1)
    assert story.told.kinds("ntfy.test") == ["ended"]
    text = story.told.got[0][1].text
    assert "The pod disappeared without saying how it ended. It cost about $0.30." in text
    assert "2 files did not reach the results repo." in text


@in_virtual_time
async def test_a_pod_that_cannot_be_proved_gone_is_told_of_at_once_and_once(tmp_path: Path) -> None:
    story = Story(tmp_path)
    for _ in range(3):
        why = "It could not be released."
        story.teller.cannot_prove_gone(story.run, why, story.clock.now())
    await asyncio.sleep(0.1)
    assert story.told.kinds("desktop") == story.told.kinds("ntfy.test") == ["unproven"]


@in_virtual_time
async def test_whoever_leaves_waits_for_what_is_on_its_way_and_leaves_the_pods_to_the_pod(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.told.seconds = 5.0
    story.say(ARMED)
    await story.teller.settle()
    assert story.told.kinds("desktop") == ["armed"]
    assert story.told.kinds("ntfy.test") == []
    assert asyncio.get_running_loop().time() == pytest.approx(5.0)
    assert (story.folder / "abcdefghij-armed.desktop").read_text() == "told\n"


@in_virtual_time
async def test_whoever_leaves_is_not_held_for_long_by_somebody_who_does_not_answer(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, by_pod=False)
    story.told.seconds = 1e6
    story.say(ARMED)
    await story.teller.settle()
    assert asyncio.get_running_loop().time() <= 15.0


@in_virtual_time
async def test_what_could_not_be_told_is_said_here_and_may_be_told_by_another_program(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, by_pod=False)
    said: list[str] = []
    story.teller.on_trouble = said.append
    story.told.whys["ntfy.test"] = "the server answered 403"
    story.say(ARMED)
    await asyncio.sleep(1)
    assert said == [
        "ntfy.test did not get the notification “run-01 is armed”: the server answered 403."
    ]
    story.told.whys.clear()
    story.say(ARMED, teller=story.another())
    await asyncio.sleep(1)
    assert story.told.kinds("ntfy.test") == ["armed"]


@in_virtual_time
async def test_a_fault_of_a_way_out_is_said_without_its_text_and_stops_nothing(
    tmp_path: Path,
) -> None:
    async def failing(address: object, news: News) -> str:
        raise RuntimeError(f"cannot send to {NTFY}")

    story = Story(tmp_path, by_pod=False)
    said: list[str] = []
    teller = Teller(ADDRESSES, clock=story.clock, send=failing)
    teller.on_trouble = said.append
    story.say(ARMED, teller=teller)
    await asyncio.sleep(1)
    assert len(said) == 2
    assert all("this program failed (RuntimeError)" in each for each in said)


@in_virtual_time
async def test_listeners_hear_each_piece_of_news_once_whoever_tells_it(tmp_path: Path) -> None:
    story = Story(tmp_path)
    heard: list[str] = []
    story.teller.listeners.append(lambda news: heard.append(news.title))
    story.say(ARMED)
    story.pod_told("armed")
    story.say(ARMED)
    story.say(replace_reference(SAMPLE))
    assert heard == ["run-01 is armed"]
    await story.teller.settle()


def replace_reference(sample: Sample) -> Sample:
    """What it should come to is no sample of what was learnt."""
    return sample.model_copy(update={"kind": "reference"})


@in_virtual_time
async def test_a_disk_that_takes_nothing_keeps_nobody_from_being_told(tmp_path: Path) -> None:
    story = Story(tmp_path, by_pod=False)
    story.folder.write_text("not a folder")
    story.say(ARMED)
    await asyncio.sleep(1)
    assert story.told.kinds("desktop") == ["armed"]
