"""Published checkpoints that a voice can start from: language, quality, licence and what they were made from.

A table, not a promise: the card beside a checkpoint decides, and the plan reads that card on the Hub.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from launcher.errors import InvalidRequest

REPO = "datasets/rhasspy/piper-checkpoints"
SOURCE = (
    "MODEL_CARD files of rhasspy/piper-checkpoints and rhasspy/piper-voices on Hugging Face, as quoted in public "
    "pages up to September 2026"
)
AS_OF = "2026-11-22"
SEE_CARD = "see MODEL_CARD"
_RESEARCH_ONLY = "research only (Blizzard 2013 licence)"


class Lineage(StrEnum):
    """What the checkpoint itself started from: its terms may reach further than its own recordings'."""

    SCRATCH = "from scratch"
    LESSAC = "from lessac"
    KRISTIN = "from kristin, that one from scratch"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class VoiceBase:
    """`path` is below REPO. `licence` is that of the recordings, in the card's words."""

    language: str
    name: str
    quality: str
    path: str
    licence: str
    lineage: Lineage
    speakers: int = 1

    @property
    def checkpoint(self) -> str:
        """What `--base-checkpoint` takes."""
        return f"{REPO}/{self.path}"

    @property
    def terms(self) -> str:
        """Licence and lineage in one line, as plan and card show them."""
        if self.lineage is not Lineage.LESSAC:
            return self.licence
        return f"{self.licence}; it started from lessac, whose recordings are for {_RESEARCH_ONLY}"


def voice_bases(language: str = "", quality: str = "") -> list[VoiceBase]:
    """Those of a language (`de`, `de_DE`) and quality; all without. Raises InvalidRequest when there is none."""
    wanted = language.replace("-", "_").casefold()
    found = [
        base
        for base in BASES
        if base.language.casefold() == wanted
        or base.language.partition("_")[0] == wanted
        or not wanted
        if base.quality == quality or not quality
    ]
    if not found:
        languages = " ".join(sorted({base.language for base in BASES}))
        raise InvalidRequest(
            f"No published checkpoint is known for {language or 'any language'} {quality}".rstrip()
            + ".",
            hint=f"There are some for {languages}. A base in another language works too, but training takes longer.",
        )
    return found


def known_base(checkpoint: str) -> VoiceBase | None:
    """The row of a checkpoint that a person named, if it is in the table."""
    return next((base for base in BASES if base.checkpoint == checkpoint), None)


def _bases(
    language: str, rows: Sequence[tuple[str, str, str, str, Lineage, int]]
) -> list[VoiceBase]:
    family = language.partition("_")[0]
    return [
        VoiceBase(
            language,
            name,
            quality,
            f"{family}/{language}/{name}/{quality}/{file}.ckpt",
            licence,
            lineage,
            speakers,
        )
        for name, quality, file, licence, lineage, speakers in rows
    ]


_OWN, _LESSAC, _OPEN = Lineage.SCRATCH, Lineage.LESSAC, Lineage.UNKNOWN
_PD, _CC0, _BY, _NC = "public domain", "CC0", "CC BY 4.0", "CC BY-NC-SA 4.0"

BASES: tuple[VoiceBase, ...] = (
    *_bases("de_DE", [
        ("thorsten", "medium", "epoch=3135-step=2702056", _CC0, _LESSAC, 1),
    ]),
    *_bases("en_GB", [
        ("alan", "medium", "epoch=6339-step=1647790", SEE_CARD, _LESSAC, 1),
        ("alba", "medium", "epoch=4179-step=2101090", _BY, _LESSAC, 1),
        ("cori", "high", "cori-high-500", _PD, _OWN, 1),
        ("cori", "medium", "cori-med-640", _PD, _OWN, 1),
        ("jenny_dioco", "medium", "epoch=2748-step=1729300", SEE_CARD, _LESSAC, 1),
        ("northern_english_male", "medium", "epoch=9029-step=2261720", "CC BY-SA 4.0", _LESSAC, 1),
        ("semaine", "medium", "epoch=1849-step=214600", _NC, _LESSAC, 4),
        ("vctk", "medium", "epoch=545-step=1511328", _BY, _LESSAC, 109),
    ]),
    *_bases("en_US", [
        ("amy", "medium", "epoch=6679-step=1554200", SEE_CARD, _LESSAC, 1),
        ("arctic", "medium", "epoch=663-step=646736", SEE_CARD, _LESSAC, 18),
        ("bryce", "medium", "bryce-3499", _PD, _OPEN, 1),
        ("hfc_female", "medium", "epoch=2868-step=1575188", _NC, _LESSAC, 1),
        ("hfc_male", "medium", "epoch=2785-step=2128064", _NC, _LESSAC, 1),
        ("joe", "medium", "epoch=7889-step=1221224", _CC0, _LESSAC, 1),
        ("john", "medium", "john-2599", _PD, Lineage.KRISTIN, 1),
        ("kristin", "medium", "kristin-2000", _PD, _OWN, 1),
        ("kusal", "medium", "epoch=2652-step=1953828", SEE_CARD, _LESSAC, 1),
        ("l2arctic", "medium", "epoch=536-step=902160", "CC BY-NC 4.0", _LESSAC, 24),
        ("lessac", "high", "epoch=2218-step=838782", _RESEARCH_ONLY, _OWN, 1),
        ("lessac", "low", "epoch=2307-step=558536", _RESEARCH_ONLY, _OWN, 1),
        ("lessac", "medium", "epoch=2164-step=1355540", _RESEARCH_ONLY, _OWN, 1),
        ("ljspeech", "high", "ljspeech-2000", _PD, _OWN, 1),
        ("ljspeech", "medium", "lj-med_1000", _PD, _OWN, 1),
        ("ryan", "medium", "epoch=4641-step=3104302", _NC, _LESSAC, 1),
    ]),
    *_bases("es_ES", [
        ("davefx", "medium", "epoch=5629-step=1605020", _CC0, _LESSAC, 1),
        ("sharvard", "medium", "epoch=4899-step=215600", "CC BY 3.0", _LESSAC, 2),
    ]),
    *_bases("es_MX", [
        ("ald", "medium", "epoch=9999-step=1753600", "Unlicense", _LESSAC, 1),
    ]),
    *_bases("fr_FR", [
        ("mls", "medium", "epoch=317-step=3124032", _BY, _OWN, 125),
        ("siwis", "medium", "epoch=3304-step=2050940", _BY, _LESSAC, 1),
        ("upmc", "medium", "epoch=2999-step=702000", "CC BY-SA 4.0", _LESSAC, 2),
    ]),
    *_bases("it_IT", [
        ("serena", "high", "epoch=18-step=105450", _BY, _OWN, 1),
        ("serena", "medium", "epoch=14-step=83250", _BY, _OWN, 1),
    ]),
    *_bases("nl_BE", [
        ("nathalie", "medium", "epoch=6119-step=1806410", _CC0, _LESSAC, 1),
    ]),
    *_bases("nl_NL", [
        ("mls", "medium", "epoch=242-step=9245178", _BY, _OWN, 52),
        ("pim", "medium", "epoch=5120-step=100504", _CC0, _LESSAC, 1),
        ("ronnie", "medium", "epoch=5105-step=105876", _CC0, _LESSAC, 1),
    ]),
    *_bases("pl_PL", [
        ("darkman", "medium", "epoch=4909-step=1454360", _CC0, _LESSAC, 1),
        ("gosia", "medium", "epoch=5001-step=1457672", _CC0, _LESSAC, 1),
        ("mc_speech", "medium", "epoch=2531-step=1906774", _CC0, _LESSAC, 1),
    ]),
    *_bases("pt_BR", [
        ("cadu", "medium", "epoch=5195-step=109116", _CC0, _LESSAC, 1),
        ("faber", "medium", "epoch=6159-step=1230728", _CC0, _LESSAC, 1),
        ("jeff", "medium", "epoch=5462-step=118728", _CC0, _LESSAC, 1),
    ]),
    *_bases("ru_RU", [
        ("denis", "medium", "epoch=4474-step=1521860", _CC0, _OPEN, 1),
        ("ruslan", "medium", "epoch=2436-step=1724372", SEE_CARD, _OPEN, 1),
    ]),
)  # fmt: skip
