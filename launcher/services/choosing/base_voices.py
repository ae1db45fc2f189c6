"""Published voices as options: to start a training from, or to be spoken by. Those that fit first, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from launcher.recipes.published_voices import (
    VOICES_REPO,
    Fit,
    PublishedVoice,
    fit_of,
    in_order,
)
from launcher.services.choosing.languages import language_name
from launcher.services.choosing.option import Listing, Option
from launcher.services.choosing.published_voices import Published
from pod_image.contract.figures import counted, size


def bases(published: Published, language: str, quality: str) -> Listing:
    """What a training of that language and size can start from, by checkpoint or voice."""
    ordered = in_order(published.voices, language, quality)
    return _listing(
        published,
        [
            _option(
                voice, voice.base, voice.base_bytes, _reason(voice, language, quality, place), place
            )
            for place, voice in enumerate(ordered)
        ],
    )


def files(published: Published, language: str, repo_setting: str) -> Listing:
    """Voices that can speak, as their paths in the repo of published voices, which `repo_setting` is to name."""
    return _listing(published, _speaking(published, language, "onnx", {repo_setting: VOICES_REPO}))


def names(published: Published, language: str) -> Listing:
    """The same by what they are called."""
    return _listing(published, _speaking(published, language, "key", {}))


def _speaking(
    published: Published, language: str, attribute: str, also: Mapping[str, Any]
) -> Iterable[Option]:
    ordered = in_order((each for each in published.voices if each.onnx), language, "")
    for place, voice in enumerate(ordered):
        value = getattr(voice, attribute)
        reason = _reason(voice, language, "", place) if language else ""
        yield _option(voice, value, voice.onnx_bytes, reason, place if language else 1, also)


def _listing(published: Published, options: Iterable[Option]) -> Listing:
    if published.trouble:
        return Listing(tuple(options), (published.trouble, published.what_to_do))
    notes = (
        "The licence of a voice also applies to what is made from it. Open one to hear it and to read its card.",
    )
    return Listing(tuple(options), notes)


def _option(
    voice: PublishedVoice,
    value: str,
    size_bytes: int,
    reason: str,
    place: int,
    also: Mapping[str, Any] | None = None,
) -> Option:
    spoken = language_name(voice.language) or voice.language
    several = f", {counted(voice.speakers, 'speaker')}" if voice.speakers > 1 else ""
    licence = f". Licence: {voice.licence}" if voice.licence else ""
    return Option(
        value,
        f"{voice.name.replace('_', ' ')} · {spoken}",
        f"{size(size_bytes)}{several}{licence}"
        if size_bytes
        else f"{several}{licence}".strip(", ."),
        marks=(voice.quality,),
        reason=reason,
        found_by=f"{voice.key} {voice.language.replace('_', '-')} {voice.name}",
        is_best=place == 0,
        also=also or {},
        sound=voice.key,
    )


def _reason(voice: PublishedVoice, language: str, quality: str, place: int) -> str:
    """Of the first in full; of the others in a few words, and nothing that would only repeat it."""
    spoken = language_name(language) or language
    fit = fit_of(voice, language, quality)
    of_size = f" and has the size {quality}, as yours will" if quality else ", as yours will"
    match fit:
        case Fit.BOTH:
            return (
                f"Fits best: it speaks {spoken}{of_size}."
                if place == 0
                else "Same language and size."
            )
        case Fit.OTHER_ACCENT:
            near = "The same language with another accent."
            return f"The best available fit. {near}" if place == 0 else near
        case Fit.OTHER_LANGUAGE:
            other = "Another language: the training takes longer."
            if not quality:
                return "Another language."
            return f"None of this size speaks {spoken}. {other}" if place == 0 else other
        case Fit.OTHER_SIZE:
            return f"It has the size {voice.quality}: no voice of the size {quality} can start from it."
