"""Where a study is shown."""

from __future__ import annotations

from launcher.domain.studies.address import StudyAddress


def page_of(address: StudyAddress) -> str:
    return f"/studies/{address}"
