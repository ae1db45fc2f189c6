"""`launcher voices`: published voices that a training can start from."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.flags import JsonOption, QuietOption, group_app
from launcher.cli.layout import pairs, paragraph
from launcher.cli.output import Output, style
from launcher.services.voice_bases import AS_OF, SOURCE, VoiceBase, voice_bases
from pod_image.contract.settings import Quality

app = group_app("Published voices that a training can start from.")


@app.callback()
def voices() -> None:
    """Voices that others have published."""


@app.command()
def bases(
    language: Annotated[
        str, typer.Option(metavar="CODE", help="Such as de or en_GB; all when left out.")
    ] = "",
    quality: Annotated[Quality | None, typer.Option(help="Only this size.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Checkpoints to fine-tune from, with the licence of what they were made from."""
    found = voice_bases(language, quality.value if quality else "")
    document = {"as_of": AS_OF, "source": SOURCE, "bases": [_document(base) for base in found]}
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: _text(found),
        quiet="\n".join(base.checkpoint for base in found),
    )


def _document(base: VoiceBase) -> dict[str, object]:
    return {
        "language": base.language,
        "name": base.name,
        "quality": base.quality,
        "speakers": base.speakers,
        "licence": base.licence,
        "lineage": base.lineage.value,
        "checkpoint": base.checkpoint,
    }


def _text(found: list[VoiceBase]) -> str:
    parts = [_entry(base) for base in found]
    parts.append(
        paragraph(
            f"Source: {SOURCE}; looked up {AS_OF}. The card beside a checkpoint decides; the plan reads it. "
            "Weights that started from other weights may be bound by the terms of those too."
        )
    )
    return "\n".join(parts)


def _entry(base: VoiceBase) -> str:
    head = style(f"{base.language} {base.name}", "bold")
    several = f", {base.speakers} speakers" if base.speakers > 1 else ""
    return f"{head}  {base.quality}{several}\n" + pairs(
        [
            ("licence", base.licence),
            ("started", base.lineage.value),
            ("use", f"--base-checkpoint {base.checkpoint}"),
        ]
    )
