"""Whether the settings name one teacher, something for it to say, and an image that can hear it. Pure."""

from __future__ import annotations

from pod_image.contract.common_settings import DEFAULT_IMAGE
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.recipes.distil import DistilSettings, SentencesFrom
from pod_image.contract.recipes.piper import WhisperModel

VOICE = "A Piper voice: "
CONSENT = (
    "A voice belongs to the person who speaks. Train one from a recording of a person only "
    "with that person's consent."
)


def teacher_findings(settings: DistilSettings) -> tuple[Finding, ...]:
    return (*_on_teacher(settings), *_on_sentences(settings), *_on_image(settings))


def _on_teacher(settings: DistilSettings) -> tuple[Finding, ...]:
    by_voice = bool(settings.teacher_repo or settings.teacher_file)
    if settings.teacher_command and by_voice:
        return (
            _error(
                "teacher",
                "Both a Piper voice and a command are named as the teacher.",
                Sentence("Leave out ", setting("teacher_repo"), ", or the command."),
            ),
        )
    if settings.teacher_command:
        return (Finding(Severity.WARNING, "consent", CONSENT),)
    if settings.teacher_repo and settings.teacher_file:
        return ()
    return (
        _error(
            "teacher",
            "No teacher is named to speak the clips."
            if not by_voice
            else "The teacher's voice needs both a repo and a file.",
            Sentence(
                VOICE,
                setting("teacher_repo", "rhasspy/piper-voices"),
                " and ",
                setting("teacher_file", "en/en_US/ljspeech/high/en_US-ljspeech-high.onnx"),
                "; or a command of your own after --.",
            ),
        ),
    )


def _on_sentences(settings: DistilSettings) -> tuple[Finding, ...]:
    if settings.sentences_from is SentencesFrom.DATASET and not settings.dataset_repo:
        hint: Said = Sentence("Name it: ", setting("dataset_repo"), ".")
        return (
            _error(
                "no_sentences",
                "The sentences should come from a dataset, but none is named.",
                hint,
            ),
        )
    return ()


def _on_image(settings: DistilSettings) -> tuple[Finding, ...]:
    if settings.heard_by is WhisperModel.OFF:
        return (
            Finding(
                Severity.WARNING,
                "not_heard",
                "Nothing checks whether the clips say their sentences, so the voice also learns "
                "the teacher's mistakes.",
                Sentence("Have them checked: ", setting("heard_by", "base"), "."),
            ),
        )
    if settings.image != DEFAULT_IMAGE:
        return ()
    return (
        _error(
            "hearing_packages",
            "The image lacks faster-whisper, which checks the clips.",
            Sentence(
                "Use RunPod's own image, in which the agent installs it: ",
                setting("image", "bootstrap"),
                ".",
            ),
        ),
    )


def _error(code: str, message: Said, hint: Said) -> Finding:
    return Finding(Severity.ERROR, code, message, hint)
