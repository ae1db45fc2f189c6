"""Languages by name: how people call them in English and among themselves, from a list of ours. Asks nobody."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.resources import files

from launcher.services.choosing.option import Option, folded
from pod_image.dataset.languages import espeak_voice_of

_ALIASES_OF_ESPEAK = frozenset({"zh", "no"})
"""Names that espeak takes for others of its own."""


@dataclass(frozen=True)
class Named:
    """A code with its names. `others` are further words for it."""

    code: str
    english: str
    own: str = ""
    others: str = ""

    @property
    def spellings(self) -> frozenset[str]:
        """What a person may type instead of the code, and can mean nothing else by."""
        written = (self.code, self.code.replace("_", "-"), self.english, self.own)
        return frozenset(folded(each) for each in written if each)


@functools.cache
def languages() -> tuple[Named, ...]:
    """Languages with a region, as a voice names its own, by their English names."""
    return _read("languages.tsv")


@functools.cache
def espeak_voices() -> tuple[Named, ...]:
    """The ways in which espeak-ng reads languages, by their English names."""
    return _read("espeak_voices.tsv")


def language_name(code: str) -> str:
    """Such as "German (Germany)" for de_DE; empty for a code that is not in the list."""
    return _english(languages()).get(code, "")


def espeak_voice_name(code: str) -> str:
    """Such as "English (Scotland)" for en-gb-scotland; empty for one that is not in the list."""
    return _english(espeak_voices()).get(code, "")


def language_code(typed: str) -> str:
    """The code that was meant by another spelling of it or by its name; else what was typed, as it is."""
    return _spelt(languages()).get(folded(typed.strip()), typed)


def espeak_code(typed: str) -> str:
    """The same of espeak-ng's voices."""
    return _spelt(espeak_voices()).get(folded(typed.strip()), typed)


def is_read_by_espeak(code: str) -> bool:
    """Whether espeak-ng has rules for the language."""
    return espeak_voice_of(code).partition("-")[0] in _families()


@functools.cache
def language_options() -> tuple[Option, ...]:
    return tuple(
        Option(
            each.code,
            each.english,
            each.own if each.own != each.english else "",
            marks=(each.code,),
            reason=""
            if is_read_by_espeak(each.code)
            else "espeak-ng cannot read it: choose the phoneme type text.",
            found_by=f"{each.others} {each.code.replace('_', '-')}",
        )
        for each in languages()
    )


@functools.cache
def espeak_options() -> tuple[Option, ...]:
    return tuple(
        Option(each.code, each.english, each.own, marks=(each.code,), found_by=each.others)
        for each in espeak_voices()
    )


@functools.cache
def _families() -> frozenset[str]:
    return _ALIASES_OF_ESPEAK | {each.code.partition("-")[0] for each in espeak_voices()}


@functools.cache
def _english(named: tuple[Named, ...]) -> dict[str, str]:
    return {each.code: each.english for each in named}


@functools.cache
def _spelt(named: tuple[Named, ...]) -> dict[str, str]:
    """Spellings that mean one code alone."""
    meant: dict[str, set[str]] = {}
    for each in named:
        for spelling in each.spellings:
            meant.setdefault(spelling, set()).add(each.code)
    return {spelling: codes.pop() for spelling, codes in meant.items() if len(codes) == 1}


def _read(name: str) -> tuple[Named, ...]:
    text = (files("launcher.services.choosing") / name).read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(Named(*row) for row in rows)
