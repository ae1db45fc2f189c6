"""The phoneme symbols of a Piper voice and their ids, as published voices number them."""

from __future__ import annotations

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


def ids_of_sentence(symbols: list[str]) -> list[int]:
    """BOS, PAD, then each symbol followed by PAD, then EOS: 2n + 3 ids. Symbols outside the map are left out."""
    ids = [BOS_ID, PAD_ID]
    for symbol in symbols:
        if symbol in SYMBOL_IDS:
            ids += [SYMBOL_IDS[symbol], PAD_ID]
    return [*ids, EOS_ID]
