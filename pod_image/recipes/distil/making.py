"""The clips of a run: every sentence said, heard and written down once, whatever ends the process in the middle."""

from __future__ import annotations

import importlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pod_image.contract.bodies import PhaseChange, ResultsCollected
from pod_image.contract.outcomes import Phase
from pod_image.contract.whole_file import replacing
from pod_image.recipes.distil.agreement import Limits, why_dropped
from pod_image.recipes.distil.measured import Ears, UnreadableClip, read_clip
from pod_image.recipes.distil.rows import Row, Rows
from pod_image.recipes.distil.sentences import Sentence
from pod_image.recipes.distil.shards import Shards, clip_file
from pod_image.recipes.distil.teacher import Spoken, Teacher, clip_name
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.worker import Emit

CLIPS_A_SHARD = 200
WAITING_A_JOB = 2
"""Clips that wait to be heard, for each that is: the teacher is never far ahead."""


@dataclass(frozen=True)
class Places:
    """`work` is the stage's own folder, `goal` where shards are delivered from."""

    work: Path
    goal: Path

    @property
    def rows(self) -> Path:
        return self.work / "rows.jsonl"

    @property
    def waiting(self) -> Path:
        """Clips that were said and not heard yet."""
        return self.work / "waiting"

    @property
    def clips(self) -> Path:
        """Clips that were heard, and agree by themselves."""
        return self.work / "clips"


@dataclass
class Making:
    """One stage's work on the clips. `enough_seconds` of kept clips end it; 0 says every sentence."""

    places: Places
    ears: Ears
    limits: Limits
    emit: Emit
    jobs: int = 1
    enough_seconds: float = 0.0
    shard_seconds: float = 900.0
    look: Callable[[Sequence[Row]], None] = lambda rows: None
    """Called with the rows so far after each; may raise to end it."""
    now: Callable[[], float] = time.monotonic
    rows: Rows = field(init=False)
    shards: Shards = field(init=False)
    _sent_at: float = field(init=False)
    _kept_seconds: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.places.waiting.mkdir(parents=True, exist_ok=True)
        self.places.clips.mkdir(parents=True, exist_ok=True)
        self.rows = Rows.open(self.places.rows)
        self.shards = Shards(self.places.goal, self.places.clips)
        self.rows.add_all(self.shards.bring_back())
        self._sent_at = self.now()

    def make(self, sentences: Sequence[Sentence], teacher: Callable[[], Teacher]) -> list[Row]:
        """The rows of these sentences, as far as they were said. The teacher is only made where one is needed.

        What was made is in shards when this ends, however it ends.
        """
        known = [each for each in sentences if self._is_done(each)]
        left = [each for each in sentences if not self._is_done(each)]
        done = [self.rows.by_key[each.key] for each in known]
        self._kept_seconds = sum(map(self._seconds_kept, done))
        self._say(len(done), len(sentences))
        try:
            for row in self._heard(self._spoken(left, teacher)):
                done.append(row)
                self._kept_seconds += self._seconds_kept(row)
                self._say(len(done), len(sentences))
                self._send_in_time()
                self.look(done)
        finally:
            self._send()
        by_key = {row.key: row for row in done}
        return [by_key[each.key] for each in sentences if each.key in by_key]

    def _is_done(self, sentence: Sentence) -> bool:
        """It has a row, and its clip is there if it would be kept now."""
        row = self.rows.by_key.get(sentence.key)
        if row is None:
            return False
        is_there = (self.places.clips / clip_file(sentence.key)).is_file()
        return is_there or why_dropped(row, self.limits) is not None

    def _spoken(
        self, left: Sequence[Sentence], teacher: Callable[[], Teacher]
    ) -> Iterator[Spoken | None]:
        """First those that an earlier life said and did not hear."""
        is_said = {each.key: (self.places.waiting / clip_name(each)).is_file() for each in left}
        yield from (Spoken(each) for each in left if is_said[each.key])
        unsaid = [each for each in left if not is_said[each.key]]
        if not unsaid or self._is_enough():
            return
        speaking = teacher().speak(unsaid, self.places.waiting)
        try:
            for spoken in speaking:
                yield spoken
                if self._is_enough():
                    return
        finally:
            _close(speaking)

    def _heard(self, spoken: Iterator[Spoken | None]) -> Iterator[Row]:
        """In the order in which they were said, some at once. What a teacher said before it failed is heard, too."""
        waiting: deque[Future[Row]] = deque()
        most, failure = WAITING_A_JOB * self.jobs, None
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="hearing") as pool:
            try:
                try:
                    for each in spoken:
                        if each is not None:
                            waiting.append(pool.submit(self._hear, each))
                        while waiting and (waiting[0].done() or len(waiting) > most):
                            yield waiting.popleft().result()
                except RecipeError as exc:
                    failure = exc
                while waiting:
                    yield waiting.popleft().result()
            finally:
                _close(spoken)
                pool.shutdown(cancel_futures=True)
        if failure is not None:
            raise failure

    def _hear(self, spoken: Spoken) -> Row:
        """One clip. Its row is written last: what has one is never said or heard again."""
        sentence, said = spoken.sentence, self.places.waiting / clip_name(spoken.sentence)
        if spoken.why_not:
            row = Row(sentence.key, sentence.text, why_not=spoken.why_not, was_spoken=False)
        else:
            row = self._measured(sentence, said)
        if why_dropped(row, self.limits) is None:
            keep_clip(said, self.places.clips / clip_file(sentence.key))
        self.shards.sent.discard(sentence.key)
        self.rows.add(row)
        said.unlink(missing_ok=True)
        return row

    def _measured(self, sentence: Sentence, said: Path) -> Row:
        try:
            return Row(sentence.key, sentence.text, self.ears.measure(said, sentence.text))
        except UnreadableClip as exc:
            return Row(sentence.key, sentence.text, why_not=f"It {exc}.")

    def _seconds_kept(self, row: Row) -> float:
        is_kept = row.measured is not None and why_dropped(row, self.limits) is None
        return row.measured.seconds if row.measured is not None and is_kept else 0.0

    def _is_enough(self) -> bool:
        return 0 < self.enough_seconds <= self._kept_seconds

    def _send_in_time(self) -> None:
        unsent = len(self.rows.by_key.keys() - self.shards.sent)
        if unsent >= CLIPS_A_SHARD or (unsent and self.now() - self._sent_at >= self.shard_seconds):
            self._send()

    def _send(self) -> None:
        self._sent_at = self.now()
        if self.shards.write(list(self.rows.by_key.values())) is not None:
            self.emit(ResultsCollected(files=1))

    def _say(self, done: int, total: int) -> None:
        self.emit(
            PhaseChange(
                phase=Phase.PREPARE,
                state="progress",
                done=done,
                total=total,
                unit="clips spoken and heard",
            )
        )


def keep_clip(said: Path, goal: Path) -> None:
    """As FLAC of sixteen bits at its own rate: half the size, and nothing lost that is trained on."""
    wave, rate_hz = read_clip(said)
    with replacing(goal) as part:
        importlib.import_module("soundfile").write(
            part, wave, rate_hz, format="FLAC", subtype="PCM_16"
        )


def _close(iterator: Iterator[object]) -> None:
    """A generator is told that nobody wants more of it: a teacher's process ends then."""
    close = getattr(iterator, "close", None)
    if close is not None:
        close()
