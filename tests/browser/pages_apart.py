"""Pages that are files of their own, beside the form: a dataset's report, and a run's page to send."""

from __future__ import annotations

import shutil
from pathlib import Path

from launcher.services.sharing.choice import Choice
from launcher.services.sharing.shared_page import shared_page
from launcher.workshop.check import CheckSettings, look_over
from launcher.workshop.page import report_page
from pod_image.dataset import FolderSource
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.shared_runs import shared_run


def pages_apart(folder: Path) -> dict[str, Path]:
    """Their files in the folder, by name."""
    made = {"dataset-report": _report(folder), "shared-run": shared_page(shared_run(), Choice())}
    for name, page in made.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


def _report(folder: Path) -> str:
    """Of clips with something of every gravity: one that is broken, one that is a copy, one without a text."""
    clips = folder / "reported"
    if not clips.exists():
        shutil.copytree(DEMO_CLIPS, clips)
        first, second, third = sorted((clips / "wavs").iterdir())[:3]
        first.write_bytes(b"no sound at all")
        shutil.copy(second, third)
        shutil.copy(second, clips / "wavs" / "nobody.flac")
    return report_page(look_over(FolderSource(clips), CheckSettings()))
