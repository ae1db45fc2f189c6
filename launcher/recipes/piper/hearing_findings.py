"""Whether the pod of a run can hear its clips. Pure."""

from __future__ import annotations

from pod_image.contract.common_settings import DEFAULT_IMAGE
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.recipes.piper import PiperSettings, WhisperModel


def hearing_findings_on_image(settings: PiperSettings) -> tuple[Finding, ...]:
    """An error where the image is ours: it holds no recogniser."""
    if settings.transcribe is WhisperModel.OFF or settings.image != DEFAULT_IMAGE:
        return ()
    return (
        Finding(
            Severity.ERROR,
            "hearing_packages",
            "The image lacks faster-whisper, which clips without a text need.",
            Sentence(
                "Use RunPod's own image, in which the agent installs it: ",
                setting("image", "bootstrap"),
                ".",
            ),
        ),
    )
