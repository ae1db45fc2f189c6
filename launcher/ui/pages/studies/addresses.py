"""Where a study is shown."""

from __future__ import annotations

from urllib.parse import urlencode

from launcher.domain.studies.address import StudyAddress
from pod_image.contract.results_address import is_folder


def page_of(address: StudyAddress) -> str:
    if is_folder(address.repo):
        return f"/studies/in-folder?{urlencode({'address': str(address)})}"
    return f"/studies/{address}"
