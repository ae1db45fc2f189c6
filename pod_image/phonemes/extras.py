"""What a kind of phonemes needs installed beside piper-tts."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from pod_image.contract.phoneme_types import PhonemeType
from pod_image.phonemes.phonemes_error import PhonemesError


def check_packages(kind: PhonemeType) -> None:
    """PhonemesError, with the command that installs them, where packages of a kind are absent."""
    absent = [name for name in kind.packages if find_spec(name) is None]
    if absent:
        raise not_installed(kind, absent)


def not_installed(kind: PhonemeType, absent: Sequence[str]) -> PhonemesError:
    return PhonemesError(
        f"Reading texts by the phoneme type {kind.value} needs {' and '.join(absent)}, which is not installed here.",
        hint=f"pip install 'pod-launcher[{kind.extra}]'",
    )
