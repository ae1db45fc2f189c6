"""Which sounds of a language the transcripts hold, by the same phonemizers that training uses (extra `audio`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from launcher.workshop.audio_headers import spread
from launcher.workshop.reading_findings import ReadingFindings
from launcher.workshop.report import PhonemeCoverage
from launcher.workshop.yardsticks import YARDSTICKS
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.phoneme_types import PhonemeType, own_type_of
from pod_image.dataset import Code, Utterance
from pod_image.dataset.languages import scripts_of
from pod_image.phonemes import PhonemesError
from pod_image.phonemes.phonemizer import Phonemes, Phonemizer
from pod_image.phonemes.pinyin_model import given_model
from pod_image.phonemes.spelling import Reading, Speller
from pod_image.phonemes.symbols import text_symbols

MOST_TEXTS = 2_000
"""About a millisecond each, and further texts hold hardly a sound that these lack."""
RARE_BELOW = 5
SPELT_REMEDY = "Write the words in the letters of the language, as they are said; or set the language that is spoken."
_READ_POORLY = {
    PhonemeType.HEBREW: "leaves out the vowels of Hebrew, and spells pointed words letter by letter",
    PhonemeType.JAPANESE: "cannot read kanji, mispronounces particles and leaves out pitch accent",
    PhonemeType.THAI: "reads Thai without tones, and cannot tell where a word ends",
}
NO_SOUNDS = frozenset(" ˈˌːˑ!'(),-.:;?\"#|")
"""Stress, length and punctuation are symbols of the map, but no sounds to cover."""


def cover(
    utterances: Sequence[Utterance],
    language: str,
    espeak_voice: str,
    most_texts: int | None,
    kind: PhonemeType = PhonemeType.ESPEAK,
) -> tuple[PhonemeCoverage | None, list[Finding]]:
    """Counts of phonemes over a spread of at most so many texts (None: all), and what lacks.

    ImportError without the extra.
    """
    try:
        phonemize = phonemizer_of(kind, espeak_voice, [each.text for each in utterances])
    except PhonemesError as exc:
        note = f"{exc.message} Phonemes were not checked."
        return None, [Code.PHONEMES_UNCHECKED.finding("", note, exc.hint)]
    is_of_espeak = kind is PhonemeType.ESPEAK
    spell = Speller(espeak_voice, scripts_of(language)) if is_of_espeak else _reads_all
    readings = ReadingFindings(_remedy(language))
    counts: Counter[str] = Counter()
    found: list[Finding] = []
    texts = list(utterances) if most_texts is None else spread(utterances, most_texts)
    for each in texts:
        phonemes = phonemize(each.text)
        counts.update(_sounds(phonemes))
        readings.add(each, spell(each.text), is_folded=phonemize.changes(each.text))
        if phonemes.unknown:
            found.append(_unmapped(each, sorted(phonemes.unknown)))
    found += readings.found()
    if is_of_espeak:
        found += _read_poorly(language)
    yardstick = _yardstick(phonemize, language) if is_of_espeak else set()
    missing = sorted(each for each in yardstick if not counts[each])
    rare = sorted(each for each in yardstick if 0 < counts[each] < RARE_BELOW)
    found.extend(_lacking(missing, rare, language) if yardstick else [_no_yardstick(language)])
    coverage = PhonemeCoverage(
        espeak_voice if is_of_espeak else kind.value,
        len(texts),
        dict(counts.most_common()),
        tuple(missing),
        tuple(rare),
        len(yardstick),
    )
    return coverage, found


def phonemizer_of(kind: PhonemeType, espeak_voice: str, texts: Sequence[str]) -> Phonemizer:
    """As training reads these texts on the pod. Raises PhonemesError; ImportError without the extra."""
    symbols = text_symbols(texts) if kind is PhonemeType.TEXT else None
    model = given_model() if kind is PhonemeType.PINYIN else None
    return Phonemizer(espeak_voice, kind, symbols=symbols, model_beside=model)


def _reads_all(text: str) -> Reading:
    return Reading()


def _remedy(language: str) -> Said:
    own = own_type_of(language)
    if own is None:
        return SPELT_REMEDY
    return Sentence(setting("phoneme_type", own.value), " reads this language.")


def reader_of(kind: PhonemeType) -> str:
    """Who reads the texts, in words."""
    return "espeak-ng" if kind is PhonemeType.ESPEAK else f"the phoneme type {kind.value}"


def _read_poorly(language: str) -> list[Finding]:
    own = own_type_of(language)
    if own not in _READ_POORLY:
        return []
    return [Code.LANGUAGE_POOR.finding("", f"espeak-ng {_READ_POORLY[own]}.", _remedy(language))]


def _sounds(phonemes: Phonemes) -> list[str]:
    return [s for sentence in phonemes.symbols for s in sentence if s not in NO_SOUNDS]


def _yardstick(phonemize: Phonemizer, language: str) -> set[str]:
    sentences: Iterable[str] = YARDSTICKS.get(language.partition("_")[0].lower(), ())
    return {sound for text in sentences for sound in _sounds(phonemize(text))}


def _unmapped(each: Utterance, outside: list[str]) -> Finding:
    named = " ".join(f"{symbol} (U+{ord(symbol[0]):04X})" for symbol in outside[:5])
    return Code.PHONEMES_UNMAPPED.finding(
        each.place,
        f"Sounds without a symbol in Piper voices are left out: {named}.",
        "Spell the word differently, or take the foreign word out.",
    )


def _lacking(missing: list[str], rare: list[str], language: str) -> list[Finding]:
    if not missing:
        return []
    rarely = f" Rare: {' '.join(rare)}." if rare else ""
    return [
        Code.PHONEMES_FEW.finding(
            "",
            f"Sounds of {language} that no text has: {' '.join(missing)}.{rarely}",
            "Record sentences with them; a base voice of the language already knows them.",
        )
    ]


def _no_yardstick(language: str) -> Finding:
    return Code.PHONEMES_UNCHECKED.finding(
        "",
        f"The sounds were counted, but there is no list of the sounds of {language}.",
        "Nothing to do; look at the counts in the report.",
    )
