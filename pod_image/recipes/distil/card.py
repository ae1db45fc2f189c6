"""What the model card says of where a voice learnt from: its teacher, and which of the teacher's clips were kept."""

from __future__ import annotations

from dataclasses import replace

from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.distil import DistilSettings
from pod_image.recipes.base import CardSection
from pod_image.recipes.distil.report import DROPPED_NAME, read_report

SYNTHETIC = (
    "This voice was trained on clips that another voice spoke: no person was recorded for it. The terms of "
    "that voice apply to it; if it sounds like a person, it needs that person's consent."
)


def with_teacher(section: CardSection, folder: RunFolder, settings: DistilSettings) -> CardSection:
    """The section of the voice's own training, and this one behind it. Holds for every end of a run."""
    lines = [SYNTHETIC, "", f"- Teacher: {_teacher(settings)}"]
    report = read_report(folder.out)
    if report is not None:
        lines += [
            f"- Heard by: {report.recogniser or 'not checked: the teacher was trusted'}",
            f"- Clips: {report.sentence}",
        ]
        if report.dropped:
            lines.append(f"- What was dropped, and why: `{DROPPED_NAME}` in the run's folder")
    text = "\n".join(lines)
    return replace(section, markdown=f"{section.markdown}\n\n{text}")


def _teacher(settings: DistilSettings) -> str:
    if not settings.teacher_repo:
        return "a command"
    who = f", speaker {settings.teacher_speaker}" if settings.teacher_speaker else ""
    return f"`{settings.teacher_file}` of {settings.teacher_repo}{who}"
