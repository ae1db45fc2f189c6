"""Names of the pod's variables, and the environment of a Python of ours, without the settings of a run: they take long
to load.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from pod_image.contract.interpreter import without_current_folder
from pod_image.contract.secret_names import without_secrets

RUN_VARIABLE = "LAUNCHER_RUN"
HUB_URL_VARIABLE = "HF_ENDPOINT"
PUBLIC_HUB_URL = "https://huggingface.co"
"""Where the Hub is unless that variable says otherwise."""
EVENTS_FD_VARIABLE = "LAUNCHER_EVENTS_FD"
"""Set for a recipe's process: number of the file descriptor that takes its events, one JSON object a line."""


def for_python(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a Python of ours on a person's computer: no key, and no look into the current folder.

    On Windows a program's name is otherwise looked for there first, whatever PATH says.
    """
    kept = without_secrets(environment)
    path = without_current_folder(kept.pop("PYTHONPATH", ""))
    by_name = {"NoDefaultCurrentDirectoryInExePath": "1"} if sys.platform == "win32" else {}
    return {**kept, **({"PYTHONPATH": path} if path else {}), **by_name}
