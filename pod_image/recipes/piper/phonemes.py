"""The phonemizer of a run's settings, and whether a start fits it; what cannot be done is this recipe's error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pod_image.contract.phoneme_types import PhonemeType
from pod_image.phonemes import PhonemesError
from pod_image.phonemes.phonemizer import Phonemizer
from pod_image.phonemes.symbols import SYMBOL_IDS, symbols_of, text_symbols
from pod_image.recipes.piper.recipe_error import RecipeError

_KIND, _SYMBOLS, _IDS = "phoneme_type", "phoneme_symbols", "phoneme_ids"


class ReadBy(Protocol):
    """How texts become phonemes: a preparation says it, and a prepared set."""

    @property
    def espeak_voice(self) -> str: ...
    @property
    def phoneme_type(self) -> PhonemeType: ...
    @property
    def symbols(self) -> Mapping[str, int] | None: ...
    @property
    def model_beside(self) -> Path | None: ...


def phonemizer(how: ReadBy) -> Phonemizer:
    """Raises RecipeError for a voice that espeak-ng does not know, and for a package or model that is not here."""
    try:
        return Phonemizer(
            how.espeak_voice, how.phoneme_type, symbols=how.symbols, model_beside=how.model_beside
        )
    except PhonemesError as exc:
        raise RecipeError(exc.message, hint=exc.hint) from exc


def symbols_of_texts(texts: Sequence[str], known: Mapping[str, int] | None) -> dict[str, int]:
    """Ids for all characters of the texts; those of `known`, a base voice's, stay. Raises RecipeError."""
    try:
        return text_symbols(texts, known or SYMBOL_IDS)
    except PhonemesError as exc:
        raise RecipeError(exc.message, hint=exc.hint) from exc


def symbol_parameters(kind: PhonemeType, symbols: Mapping[str, int] | None) -> dict[str, Any]:
    """What a checkpoint says of the phonemes that it was fed, as plain values; its symbols where they are own ones."""
    found: dict[str, Any] = {_KIND: kind.value}
    if symbols is not None:
        found |= {_SYMBOLS: tuple(symbols), _IDS: tuple(symbols.values())}
    return found


def check_symbols(
    parameters: Mapping[str, Any], kind: PhonemeType, symbols: Mapping[str, int] | None
) -> None:
    """RecipeError when a checkpoint with these parameters was fed other sounds under the same ids.

    One that says nothing of them may be any voice's, and passes.
    """
    theirs_kind = _kind_of(parameters)
    if theirs_kind is None:
        return
    if theirs_kind.has_own_symbols != kind.has_own_symbols:
        raise RecipeError(
            f"The base voice was trained on phonemes of the type {theirs_kind.value}, this run's are of "
            f"{kind.value}: "
            "the same numbers mean different sounds there.",
            hint="Set the base checkpoint to a voice of this phoneme type, or leave it out.",
        )
    theirs = symbols_said(parameters)
    ours = symbols if symbols is not None else symbols_of(kind)
    for symbol in sorted(theirs.keys() & ours.keys()):
        if theirs[symbol] != ours[symbol]:
            raise RecipeError(
                f"The base voice numbers some characters differently: {symbol!r} is {theirs[symbol]} there, "
                f"{ours[symbol]} here.",
                hint="Set the base checkpoint to that voice's .onnx: the .json next to it lists its numbers.",
            )


def own_symbols(kind: PhonemeType, ids: Mapping[str, int]) -> dict[str, int] | None:
    """A described voice's symbols, where they are more than its kind's own."""
    return dict(ids) if kind is PhonemeType.TEXT else None


def symbols_said(parameters: Mapping[str, Any]) -> dict[str, int]:
    """The symbols of a checkpoint's parameters with their ids; empty where they are simply its kind's."""
    symbols, ids = parameters.get(_SYMBOLS) or (), parameters.get(_IDS) or ()
    return dict(zip(map(str, symbols), map(int, ids), strict=False))


def kind_said(parameters: Mapping[str, Any]) -> PhonemeType:
    """The kind that a checkpoint's parameters name; espeak where they name none."""
    return _kind_of(parameters) or PhonemeType.ESPEAK


def _kind_of(parameters: Mapping[str, Any]) -> PhonemeType | None:
    try:
        return PhonemeType(parameters[_KIND])
    except (KeyError, ValueError):
        return None
