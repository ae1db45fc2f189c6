"""The phoneme symbols of a Piper voice and their ids, as published voices number them."""

from __future__ import annotations

import importlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from pod_image.contract.phoneme_types import PhonemeType
from pod_image.phonemes.extras import check_packages
from pod_image.phonemes.folding import folded
from pod_image.phonemes.phonemes_error import PhonemesError

PAD, BOS, EOS = "_", "^", "$"
PAD_ID, BOS_ID, EOS_ID = 0, 1, 2

# Spelt in the order of the ids 0, 1, 2 and so on; combining marks stand as escapes to stay apart.
_IN_ORDER = (
    "_^$ !'(),-.:;?"
    "abcdefhijklmnopqrstuvwxyz"
    "æçðøħŋœǀǁǂǃ"
    "ɐɑɒɓɔɕɖɗɘəɚɛɜɞɟɠɡɢɣɤ"
    "ɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺ"
    "ɻɽɾʀʁʂʃʄʈʉʊʋʌʍʎʏʐʑʒʔ"
    "ʕʘʙʛʜʝʟʡʢʲˈˌːˑ˞βθχᵻⱱ"
    "0123456789"
    '\u0327\u0303\u032a\u032f\u0329ʰˤε↓#"'
    "↑\u033a\u033bgʦX\u031d\u030aɝʷ"
)

SYMBOL_IDS: dict[str, int] = {symbol: i for i, symbol in enumerate(_IN_ORDER)}
"""161 symbols of one code point each. The five diphthongs of newer maps are left out: nothing here produces
them, and sherpa-onnx refuses a symbol of two code points."""


MOST_SYMBOLS = 256
"""Rows of the table that a voice's network has for them."""
_FIRST_OF_TEXT = 166
"""Newer maps of piper-tts end before."""


def symbols_of(kind: PhonemeType) -> Mapping[str, int]:
    """Each symbol of a kind with its id, as piper-tts numbers them. PhonemesError where its list is not installed."""
    if not kind.has_own_symbols:
        return SYMBOL_IDS
    check_packages(kind)
    listed = importlib.import_module("piper.phonemize_chinese").PHONEME_TO_ID
    return {symbol: numbers[0] for symbol, numbers in listed.items()}


def text_symbols(texts: Iterable[str], known: Mapping[str, int] = SYMBOL_IDS) -> dict[str, int]:
    """Ids for every character of the texts, as a voice of the kind `text` takes them apart: the known ones keep theirs,
    the others follow by code point. PhonemesError when a network has no room for so many.
    """
    characters = {
        c for text in texts for c in unicodedata.normalize("NFD", folded(text, has_blocks=False))
    }
    fresh = sorted(characters - set(known))
    first = max(_FIRST_OF_TEXT, max(known.values()) + 1)
    if first + len(fresh) > MOST_SYMBOLS:
        raise PhonemesError(
            f"The texts have {len(fresh):,} characters besides the usual ones; a voice has room for "
            f"{max(0, MOST_SYMBOLS - first)}.",
            hint="Write the texts in an alphabet, or choose the phoneme type of the language.",
        )
    return {**known, **{char: first + i for i, char in enumerate(fresh)}}


def ids_of_sentence(
    symbols: Sequence[str], ids_by_symbol: Mapping[str, int] = SYMBOL_IDS
) -> list[int]:
    """BOS, PAD, then each symbol followed by PAD, then EOS: 2n + 3 ids. Symbols outside the map are left out."""
    ids = [BOS_ID, PAD_ID]
    for symbol in symbols:
        if symbol in ids_by_symbol:
            ids += [ids_by_symbol[symbol], PAD_ID]
    return [*ids, EOS_ID]
