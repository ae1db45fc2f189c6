"""Hearing the samples of a run with a recogniser on this computer, and keeping what was heard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from launcher.domain.run import Run
from launcher.errors import InvalidRequest, LauncherError
from launcher.hub.results_repo import exactly
from launcher.services.common.workbench import Workbench
from launcher.services.following.delivered_files import results_folder
from launcher.services.transcripts import Listening, Load, hear_on_a_thread, whisper
from launcher.services.voices.blind_pair import read_sound
from launcher.services.voices.misheard import Misheard, compare
from launcher.stores.heard_samples import HeardSamples, HeardSampleStore, sample_key
from launcher.workshop.transcribing.models import Tell
from pod_image.contract.bodies import Sample
from pod_image.contract.events import Stamped
from pod_image.contract.next_steps import Said
from pod_image.contract.older_settings import recorded_settings
from pod_image.contract.paths import safe_path
from pod_image.hearing.clips import LONGEST_CLIP_SECONDS, SHORTEST_SECONDS
from pod_image.hearing.recogniser import Recogniser
from pod_image.hearing.sounds import sound_of
from pod_image.hearing.spoken_text import has_letters

INSTALL = 'pip install "pod-launcher[transcribe]"'
"""What a computer lacks that cannot hear."""
FETCHING, HEARING = "Fetching samples", "Listening to samples"


@dataclass(frozen=True)
class HeardNow:
    """`left_out`: those that could not be heard, each with the reason in a sentence."""

    heard: int
    left_out: tuple[Said, ...] = ()


def can_hear_here() -> bool:
    """Whether this computer has what hearing needs, the extra `transcribe`."""
    return find_spec("faster_whisper") is not None


def is_to_hear(sample: Stamped[Sample]) -> bool:
    """Whether it says a text, so that what is heard can be compared with it."""
    body = sample.body
    is_sound = body.kind == "sample" and body.media in (None, "audio")
    return is_sound and has_letters(body.text) and safe_path(body.path) == body.path


def not_heard_yet(
    samples: Iterable[Stamped[Sample]], kept: HeardSamples, model: str
) -> list[Stamped[Sample]]:
    """Those of the samples that this model has not heard."""
    known = kept.texts if kept.model == model else {}
    return [
        one
        for one in samples
        if is_to_hear(one) and sample_key(one.seq, one.body.path) not in known
    ]


def misheard_in(samples: Iterable[Stamped[Sample]], kept: HeardSamples) -> dict[int, Misheard]:
    """What is kept of these samples, compared with what they should say; by their `seq`."""
    found = ((one, kept.texts.get(sample_key(one.seq, one.body.path))) for one in samples)
    return {
        one.seq: compare(one.body.text, text, kept.language)
        for one, text in found
        if text is not None and is_to_hear(one)
    }


def spoken_language(run: Run) -> str:
    """As its settings have it, such as "en_US"; empty where they say nothing."""
    return str(recorded_settings(run.settings_json).get("language") or "")


async def hear_samples(
    bench: Workbench,
    run: Run,
    samples: Sequence[Stamped[Sample]],
    how: Listening,
    store: HeardSampleStore,
    *,
    load: Load | None = None,
    progress: Tell = lambda what, done, of: None,
) -> HeardNow:
    """Hear those that this model has not heard. Each is kept as soon as it was heard: stopping loses none.

    Raises HubError, NotConfigured (a token, or the extra `transcribe`).
    """
    wanted = not_heard_yet(samples, store.of(run.nonce), how.model)
    if not wanted:
        return HeardNow(0)
    progress(FETCHING, 0, len(wanted))
    folder = await _fetched(bench, run, [one.body.path for one in wanted])
    spoken = replace(how, language=how.language or spoken_language(run), jobs=1)

    def work(tell: Tell) -> HeardNow:
        hearing = _Hearing(run, folder, (load or whisper)(spoken, tell), spoken, store)
        return hearing.hear(wanted, tell)

    return await hear_on_a_thread(work, progress)


async def _fetched(bench: Workbench, run: Run, paths: Sequence[str]) -> Path:
    """The folder of the run with these files, as far as they are to be had. Raises where none of them is."""
    into = results_folder(bench, run)
    folder = into / run.run_id
    try:
        await bench.results(run.results_repo).download(run.run_id, into, exactly(*paths))
    except LauncherError:
        if not any((folder / path).is_file() for path in paths):
            raise
    return folder


@dataclass
class _Hearing:
    run: Run
    folder: Path
    recogniser: Recogniser
    how: Listening
    store: HeardSampleStore

    def hear(self, samples: Sequence[Stamped[Sample]], tell: Tell) -> HeardNow:
        language = self.how.language
        left_out: list[Said] = []
        for number, one in enumerate(samples, 1):
            tell(HEARING, number - 1, len(samples))
            try:
                text, language = self._heard(one.body, language)
            except InvalidRequest as error:
                left_out.append(error.message)
                continue
            heard = {sample_key(one.seq, one.body.path): text}
            self.store.note(self.run.nonce, self.how.model, language, heard)
        tell(HEARING, len(samples), len(samples))
        return HeardNow(len(samples) - len(left_out), tuple(left_out))

    def _heard(self, sample: Sample, language: str) -> tuple[str, str]:
        """What is said, and in which language. Raises InvalidRequest for what is no recording of ours."""
        path = self.folder / sample.path
        if not path.is_file():
            raise InvalidRequest(f"{sample.path} has not been delivered yet.")
        read = read_sound(path)
        sound = sound_of(read.values, read.rate_hz)
        language = language or self.recogniser.guess_language(sound).code
        if read.seconds < SHORTEST_SECONDS:
            return "", language
        is_long = read.seconds > LONGEST_CLIP_SECONDS
        hear = self.recogniser.hear_long if is_long else self.recogniser.hear
        return hear(sound, language).text, language
