"""The sentences that a teacher is to say: which go along with the run, and how many there will be. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.errors import InvalidRequest
from launcher.prompts.sets import LANGUAGES, parse_prompts
from launcher.recipes.base import Configuration
from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.recipes.distil import SENTENCES_NAME, DistilSettings, SentencesFrom

NO_SENTENCES = "no_sentences"


def our_sentences(language: str) -> tuple[str, ...]:
    """Those of a language such as de_AT: the chosen ones first, in their order, then the rest of their pool."""
    known = LANGUAGES.get(language.partition("_")[0].lower())
    if known is None:
        return ()
    return tuple(dict.fromkeys((*known.chosen(), *known.pool())))


def with_sentences(settings: DistilSettings, given: Mapping[str, bytes]) -> Configuration:
    """One file of them, as the pod reads it; none where the dataset has them."""
    if settings.sentences_from is SentencesFrom.DATASET:
        return Configuration()
    try:
        sentences = _given(given) if given else our_sentences(settings.language)
    except InvalidRequest as exc:
        return _refused(exc.message, exc.hint)
    if not sentences:
        return _refused(
            f"We have no sentences for {settings.language}.",
            Sentence(
                f"There are some in {', '.join(LANGUAGES)}; give others in a file, one on each line: ",
                setting("sentences_file"),
                ".",
            ),
        )
    text = "".join(f"{each}\n" for each in sentences[: settings.spoken_clips])
    return Configuration({SENTENCES_NAME: text.encode()}, _too_few(settings, len(sentences)))


def clips_planned(settings: DistilSettings) -> int:
    """How many will be spoken at the most, as far as that is known without the person's own file or dataset."""
    if settings.sentences_from is SentencesFrom.DATASET or settings.sentences_file:
        return settings.spoken_clips
    return min(settings.spoken_clips, len(our_sentences(settings.language)))


def _given(given: Mapping[str, bytes]) -> tuple[str, ...]:
    """Raises InvalidRequest."""
    if len(given) > 1:
        raise InvalidRequest(
            "The sentences must be one file, not a folder.",
            hint="Give a text file with one sentence on each line.",
        )
    ((name, content),) = given.items()
    return parse_prompts(content, name)


def _too_few(settings: DistilSettings, there: int) -> tuple[Finding, ...]:
    if there >= settings.spoken_clips:
        return ()
    hint: Said = Sentence(
        "More in a file of yours, one on each line: ", setting("sentences_file"), "."
    )
    are = counted(there, "sentence")
    return (
        Finding(
            Severity.NOTE,
            "fewer_sentences",
            f"There {'is' if there == 1 else 'are'} {are} to speak, and not {settings.spoken_clips:,}.",
            hint,
        ),
    )


def _refused(message: Said, hint: Said) -> Configuration:
    return Configuration(findings=(Finding(Severity.ERROR, NO_SENTENCES, message, hint),))
