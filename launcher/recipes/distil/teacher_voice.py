"""The voice that teaches, looked up on the Hub: which language and speakers it has, and under which terms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from launcher.recipes.piper.base_voice import terms_of
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.hub_inputs import hub_input
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.recipes.distil import DistilSettings
from pod_image.hub import Hub, HubError, Repo, read_bytes

MOST_NAMES = 10


@dataclass(frozen=True)
class TeacherVoice:
    """`terms` in the words of its card; empty where it has none."""

    terms: str = ""
    findings: tuple[Finding, ...] = ()


def look_at_teacher(hub: Hub, settings: DistilSettings) -> TeacherVoice:
    """Nothing where a command speaks. Blocks; never raises HubError: whether it is there, the plan asks itself."""
    if not settings.teacher_repo or not settings.teacher_file:
        return TeacherVoice()
    asked = hub_input(settings.teacher_repo)
    repo = Repo(asked.repo, "model")
    try:
        raw = read_bytes(hub, repo, f"{settings.teacher_file}.json", asked.revision or "main")
        terms = terms_of(hub, repo, settings.teacher_file)
    except HubError:
        return TeacherVoice()
    if raw is None:
        return TeacherVoice(findings=(_no_description(settings),))
    described = _document(raw)
    return TeacherVoice(
        terms,
        (*_on_language(settings, described), *_on_speaker(settings, described), _on_terms(terms)),
    )


def _document(raw: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _no_description(settings: DistilSettings) -> Finding:
    return Finding(
        Severity.ERROR,
        "teacher_voice",
        f"There is no {settings.teacher_file}.json in {settings.teacher_repo}.",
        "A Piper voice is an .onnx with its .onnx.json next to it: copy its path from the repo's page.",
    )


def _on_language(settings: DistilSettings, described: Mapping[str, Any]) -> tuple[Finding, ...]:
    language = described.get("language")
    code = str(language.get("code") or "") if isinstance(language, dict) else ""
    if not code or code.partition("_")[0] == settings.language.partition("_")[0]:
        return ()
    return (
        Finding(
            Severity.WARNING,
            "teacher_language",
            f"The teacher speaks {code}, but the voice should speak {settings.language}.",
            Sentence("Choose another teacher, or its language: ", setting("language", code), "."),
        ),
    )


def _on_speaker(settings: DistilSettings, described: Mapping[str, Any]) -> tuple[Finding, ...]:
    count = described.get("num_speakers")
    count = count if isinstance(count, int) else 1
    ids = described.get("speaker_id_map")
    names = [str(name) for name in ids] if isinstance(ids, dict) else []
    wanted = settings.teacher_speaker
    if not wanted:
        return ()
    if wanted in names or (wanted.isdecimal() and int(wanted) < count):
        return ()
    there = ", ".join(names[:MOST_NAMES]) or f"numbers from 0 to {count - 1}"
    return (
        Finding(
            Severity.ERROR,
            "teacher_speaker",
            f"The teacher's voice has no speaker {wanted!r}.",
            f"It has {there}.",
        ),
    )


def _on_terms(terms: str) -> Finding:
    if terms:
        return Finding(
            Severity.NOTE,
            "teacher_licence",
            f"The teacher's card names this licence: {terms}. It also applies to voices that learn from it.",
        )
    return Finding(
        Severity.WARNING,
        "teacher_licence",
        "The teacher has no card that names its licence.",
        "Look at the recordings it was made from before you publish or sell the new voice.",
    )
