"""One sample of a run: played where it is a recording, shown where it is a picture, a video or a text."""

from __future__ import annotations

from launcher.domain.run import Run
from launcher.ui.widgets.elements import Text, box
from launcher.ui.widgets.inputs import Player
from launcher.ui.widgets.media import media_url
from pod_image.contract.bodies import Sample
from pod_image.contract.events import Stamped


def show_sample(run: Run, sample: Stamped[Sample], label: str) -> None:
    """`label` is what a person hears of it who does not see it."""
    address = media_url(run, sample.body.path)
    match sample.body.media:
        case "image":
            with box("a", "sample-link", href=address, target="_blank", rel="noopener"):
                box("img", "sample-picture", src=address, alt=label, loading="lazy")
        case "video":
            box(
                "video",
                "sample-picture",
                src=address,
                controls="",
                preload="metadata",
                aria_label=label,
            )
        case "text":
            with box(
                "a", href=address, target="_blank", rel="noopener", aria_label=f"Read {label}"
            ):
                Text("span", "Read it")
        case _:
            Player(address, label, name=player_name(run, sample), seconds=sample.body.seconds)


def player_name(run: Run, sample: Stamped[Sample]) -> str:
    """By which a recording is found, to be played after another."""
    return f"{run.nonce}-{sample.seq}"
