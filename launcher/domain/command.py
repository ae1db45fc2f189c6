"""What a command may be that others can read: its words stand in the pod's definition and in the results repo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launcher.errors import InvalidRequest
from pod_image.contract.keys import key_in
from pod_image.contract.settings import SETTINGS


def refuse_keys(values: Mapping[str, Any]) -> None:
    """Raise InvalidRequest when a word of a setting that is run looks like it holds a key; it is not quoted."""
    for name, setting in SETTINGS.items():
        words = values.get(name) or ()
        knob = setting.knob
        found = key_in([str(word) for word in words]) if knob.may_hold_no_key else None
        if found is not None:
            number, kind = found
            where = "the command" if knob.is_command else knob.label
            raise InvalidRequest(
                f"Word {number} of {where} looks like it contains a key ({kind}).",
                hint=(
                    "The command is stored in the pod's definition, in run.json and on the model card. Remove "
                    "the key. You can download here what it gives access to and use that as the dataset."
                ),
            )
