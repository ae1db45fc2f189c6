"""What a command may be that others can read: its words stand in the pod's definition and in the results repo."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.errors import InvalidRequest
from pod_image.contract.keys import key_in


def refuse_keys(argv: Sequence[str]) -> None:
    """Raise InvalidRequest when a word looks like it holds a key; the word itself is not quoted."""
    found = key_in(argv)
    if found is None:
        return
    number, kind = found
    raise InvalidRequest(
        f"Word {number} of the command looks like it holds a key ({kind}).",
        hint="A command stands in the pod's definition, in run.json and on the model card. Take the key out: what it "
        "opens can be fetched here and given as the dataset.",
    )
