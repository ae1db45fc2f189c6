"""Whether the texts of a dataset are what is said: every one scored against its sound, each fault with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TypeVar

from launcher.errors import InvalidRequest
from launcher.workshop.transcribing.transcribe import Tell, language_code, most_likely_language
from launcher.workshop.transcribing.wrong_texts import Judged, findings_of
from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import FileSource, Survey, Utterance, survey
from pod_image.hearing.clips import LONGEST_CLIP_SECONDS, SHORTEST_SECONDS
from pod_image.hearing.displaced_texts import Shift, moves, row_of_text, shifts
from pod_image.hearing.judging import Verdict, judge
from pod_image.hearing.recogniser import RATE_HZ, Recogniser, Score, Sound
from pod_image.hearing.sounds import UnreadableSound, load_sound
from pod_image.hearing.speech import speech_detector, speech_end

T = TypeVar("T")
SCORING = "Comparing texts with what is said"
SEARCHING = "Finding where the texts belong"
UNHEARD_SHARE = 0.1
"""With more wrong rows than that, and none of them explained, it is the recogniser that fails."""
FEWEST_UNHEARD = 2


@dataclass(frozen=True)
class Move:
    """A repair of one line: it gets the transcript of the line `source`, or none if that is empty."""

    place: str
    file: str
    text: str
    source: str
    old_text: str


@dataclass(frozen=True)
class Proof:
    """`hears_well` is False when more rows fit badly than can be the texts' fault: no row is called wrong then."""

    dataset: str
    model: str
    language: str
    rows: int
    compared: int
    left_out: tuple[str, ...]
    hears_well: bool
    findings: tuple[Finding, ...]
    moves: tuple[Move, ...] = ()
    least: dict[str, float] = field(default_factory=dict)
    """How likely the least likely word of each row is, by place: to draw one's own line."""

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """Without those that are only to be listened to."""
        return tuple(each for each in self.findings if each.severity is not Severity.NOTE)

    @property
    def no_findings_sentence(self) -> str:
        """What may be said where nothing was found: of the texts that were not compared nothing is known."""
        if not self.compared:
            return "No text could be compared."
        compared = counted(self.compared, "that was compared", "that were compared")
        return f"No wrong text was found among the {compared}."

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.severity is Severity.ERROR)


def proofread(
    source: FileSource,
    recogniser: Recogniser,
    *,
    language: str = "",
    expected_language: str = "",
    jobs: int = 1,
    tell: Tell = lambda what, done, of: None,
) -> Proof:
    """Score every text against its clip. Nothing is changed. `tell` may raise to end it."""
    found = survey(source)
    rows = [each for each in found.utterances if each.path is not None]
    if not rows:
        raise InvalidRequest(
            "There is no clip with a text to compare.",
            hint=Sentence(NextStep.CHECK_DATASET, " says why."),
        )
    work = _Reading(found, rows, recogniser, tell)
    work.language = language_code(language or work.guess(expected_language))
    judged = work.score_all(jobs)
    return work.proof(judged, jobs)


class _Reading:
    """One call of `proofread` on its way."""

    def __init__(
        self,
        found: Survey,
        rows: Sequence[Utterance],
        recogniser: Recogniser,
        tell: Tell,
    ) -> None:
        self._found, self._rows, self._recogniser = found, rows, recogniser
        self._tell = tell
        self._texts = [each.text for each in rows]
        self._left_out: dict[int, str] = {}
        self.language = ""

    def guess(self, expected: str) -> str:
        step = max(1, len(self._rows) // 5)
        sounds = [self._sound(row) for row in range(0, len(self._rows), step)[:5]]
        return most_likely_language(
            self._recogniser, [each for each in sounds if each is not None], expected
        )

    def score_all(self, jobs: int) -> dict[int, Judged]:
        judged: dict[int, Judged] = {}

        def one(row: int) -> Judged | None:
            sound = self._sound(row)
            if sound is None:
                return None
            score = self._recogniser.score(sound, [self._texts[row]], self.language)[0]
            return Judged(
                row,
                judge(
                    score,
                    speech_end(speech_detector().probabilities(sound)),
                    self.language,
                    lambda: self._recogniser.hear(sound, self.language),
                ),
            )

        for found in self._each(one, range(len(self._rows)), jobs, SCORING):
            if found is not None:
                judged[found.row] = found
        return judged

    def proof(self, judged: dict[int, Judged], jobs: int) -> Proof:
        wrong = sorted(row for row, each in judged.items() if each.verdict.is_wrong)
        another = [row for row in wrong if judged[row].verdict is Verdict.ANOTHER_TEXT]

        def one(row: int) -> tuple[int, int | None]:
            return row, row_of_text(row, self._texts, another, self._score)

        sources = {
            row: source
            for row, source in self._each(one, another, jobs, SEARCHING)
            if source is not None
        }
        slips = shifts(sources, wrong)
        hears_well = self._hears_well(judged, wrong, sources, slips)
        least = {
            self._rows[row].place: round(each.least_probability, 5)
            for row, each in sorted(judged.items())
        }
        return Proof(
            dataset=self._found.source.name,
            model=self._recogniser.name,
            language=self.language,
            rows=len(self._rows),
            compared=len(judged),
            left_out=tuple(
                f"{self._rows[row].place}: {why}" for row, why in sorted(self._left_out.items())
            ),
            hears_well=hears_well,
            findings=tuple(findings_of(self._rows, judged, sources, slips, hears_well)),
            moves=tuple(self._moves(sources, slips, wrong)) if hears_well else (),
            least=least,
        )

    def _hears_well(
        self,
        judged: dict[int, Judged],
        wrong: Sequence[int],
        sources: dict[int, int],
        slips: Sequence[Shift],
    ) -> bool:
        """Whether few enough rows are wrong for which neither another row's text nor a sure hearing accounts."""
        slipped = {row for each in slips for row in range(each.first, each.last + 1)}
        unexplained = [
            row
            for row in wrong
            if row not in sources and row not in slipped and not judged[row].judgement.hears_well
        ]
        return len(unexplained) < FEWEST_UNHEARD or len(unexplained) <= UNHEARD_SHARE * len(judged)

    def _moves(
        self, sources: dict[int, int], slips: Sequence[Shift], wrong: Sequence[int]
    ) -> list[Move]:
        return [
            Move(
                self._rows[row].place,
                str(self._rows[row].path),
                "" if source is None else self._texts[source],
                "" if source is None else self._rows[source].place,
                self._texts[row],
            )
            for row, source in sorted(moves(sources, slips, wrong, len(self._rows)).items())
        ]

    def _score(self, row: int, texts: Sequence[str]) -> list[Score]:
        sound = self._sound(row)
        return [] if sound is None else self._recogniser.score(sound, texts, self.language)

    def _sound(self, row: int) -> Sound | None:
        """None, and why, for a clip that cannot be compared."""
        each = self._rows[row]
        try:
            sound = load_sound(self._found.source.read(str(each.path)))
        except UnreadableSound as exc:
            self._left_out[row] = f"{each.path} {exc}."
            return None
        seconds = len(sound) / RATE_HZ
        if not SHORTEST_SECONDS <= seconds <= LONGEST_CLIP_SECONDS:
            self._left_out[row] = (
                f"{each.path} lasts {seconds:.1f} s; {SHORTEST_SECONDS:g} to {LONGEST_CLIP_SECONDS:.0f} s are compared."
            )
            return None
        return sound

    def _each(
        self, work: Callable[[int], T], rows: Sequence[int], jobs: int, stage: str
    ) -> list[T]:
        """What `work` makes of each row, several at once, in the order of the rows."""
        made: dict[int, T] = {}
        if rows:
            self._tell(stage, 0, len(rows))
        with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="proofreading") as pool:
            waiting = {pool.submit(work, row): row for row in rows}
            try:
                for done, each in enumerate(as_completed(waiting), 1):
                    made[waiting[each]] = each.result()
                    self._tell(stage, done, len(rows))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return [made[row] for row in rows]
