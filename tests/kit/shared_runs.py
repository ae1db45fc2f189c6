"""A finished run that says what nobody else is to know, to be shared."""

from __future__ import annotations

import io
import json
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any

from launcher.domain.run import RunState
from launcher.domain.run_picture import picture_of
from launcher.services.following.receipts import Receipt
from launcher.services.sharing.shared_run import SharedRun
from pod_image.contract.bodies import Sample
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.runs import event, run

HOME = Path("/home/anna-maria")
SECRETS = (
    "me/hidden-clips",
    "hidden-clips",
    "me/voice",
    "more/of-anna",
    "of-anna",
    str(HOME),
    "take-two.wav",
)
"""Names of datasets, of the results repo, of files: none of them is to be in a page unasked."""
EVIL = '<script>alert(1)</script>"><img src=http://evil.test/x onerror=alert(1)>'
SETTINGS = {
    "recipe": "piper",
    "dataset_repo": "me/hidden-clips",
    "more_datasets": ["more/of-anna@v2"],
    "results_repo": "me/voice",
    "bring": [f"{HOME}/take-two.wav"],
    "batch_size": 24,
    "quality": "medium",
    "max_hours": 6.0,
}


def sound(seconds: float = 0.2) -> bytes:
    """Silence as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(8_000)
        made.writeframes(b"\0\0" * int(8_000 * seconds))
    return file.getvalue()


def shared_run(**changes: Any) -> SharedRun:
    """Of three steps of samples, two have come along."""
    spoken = [
        Sample(step=step, path=f"samples/{step}.wav", text=f"Hello {EVIL}") for step in (10, 20)
    ]
    reference = Sample(step=0, path="samples/reference.wav", kind="reference", text="As recorded")
    said = [
        event("phase", 1, 0, phase="train", state="started"),
        *(
            event("step", 2 + step, step, step=step, total_steps=30, losses={"mel": 30.0 - step, EVIL: 1.0 * step})
            for step in range(30)
        ),
        event("sample", 40, 31, **reference.model_dump(exclude_none=True)),
        *(event("sample", 41 + n, 32, **one.model_dump(exclude_none=True)) for n, one in enumerate(spoken)),
        event("warning", 50, 33, code="odd", message=f"me/hidden-clips lacks {HOME}/take-two.wav"),
        event(
            "ended", 51, 40, reason="finished", detail="All of me/hidden-clips was learnt.", cost_usd=0.24,
            phases=[{"name": "train", "seconds": 40.0}],
        ),
    ]  # fmt: skip
    values: dict[str, Any] = {
        "run": run(
            state=RunState.ENDED,
            end_reason=EndReason.FINISHED,
            detail="All of me/hidden-clips was learnt.",
            ended_at=NOW,
            cost_usd=0.24,
            max_hours=6.0,
            settings_json=json.dumps(SETTINGS),
        ),
        "picture": picture_of(said),
        "at": NOW + timedelta(minutes=5),
        "samples": tuple((one, sound()) for one in spoken),
        "reference": (reference, sound()),
        "samples_made": 3,
        "home": HOME,
        **changes,
    }
    last_lines = (f"reading {HOME}/take-two.wav",)
    receipt = Receipt(values["run"], None, None, 0.24, None, 40.0, (), {}, last_lines=last_lines)
    return SharedRun(**{"receipt": receipt, **values})
