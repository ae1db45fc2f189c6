"""Whether a run's phoneme type fits the rest of its settings. Pure."""

from __future__ import annotations

import unicodedata

from pod_image.contract.common_settings import DEFAULT_IMAGE
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.dataset.languages import scripts_of

_OF_ONE_SCRIPT = frozenset(PhonemeType) - {PhonemeType.ESPEAK, PhonemeType.TEXT}


def sentence_findings(settings: PiperSettings) -> tuple[Finding, ...]:
    """A warning where samples are asked for in letters that the phoneme type does not read."""
    scripts = scripts_of(settings.language)
    if settings.phoneme_type not in _OF_ONE_SCRIPT or any(
        unicodedata.name(char, "").startswith(scripts)
        for sentence in settings.sample_sentences
        for char in sentence
        if not char.isascii()
    ):
        return ()
    return (
        Finding(
            Severity.WARNING,
            "sample_sentences",
            f"No sample sentence is in the letters of {settings.language}: nothing can be heard while it trains.",
            Sentence("Write some: ", setting("sample_sentences"), "."),
        ),
    )


def phoneme_findings_on_image(settings: PiperSettings) -> tuple[Finding, ...]:
    """An error where the image is ours: it holds what most voices need, not each language's dictionaries."""
    kind = settings.phoneme_type
    if not kind.packages or settings.image != DEFAULT_IMAGE:
        return ()
    return (
        Finding(
            Severity.ERROR,
            "phoneme_packages",
            f"The image lacks what the phoneme type {kind.value} needs: {', '.join(kind.packages)}.",
            Sentence(
                "Use RunPod's own image, in which the agent installs it: ",
                setting("image", "bootstrap"),
                ".",
            ),
        ),
    )
