"""A release with another vocabulary: settings that were renamed and taken away since."""

from __future__ import annotations

import pytest

from pod_image.contract import older_settings

RENAMED = {
    "rounds": "epochs",
    "passes": "rounds",
    "clips_per_step": "batch_size",
    "scratch_gb": "disk_gb",
}
"""`passes` was renamed twice."""
RETIRED = {"mel_bands": "the voice has as many as its quality says"}
OLDER, NEWER = "0.0.9", "99.0.0"


@pytest.fixture
def older_vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if today's release had renamed and retired these; nothing has been, so far."""
    for name, now in RENAMED.items():
        monkeypatch.setitem(older_settings.RENAMED, name, now)
    for name, why in RETIRED.items():
        monkeypatch.setitem(older_settings.RETIRED, name, why)
