"""The base of every error that a person can act on, on either side: what happened, and what to do next."""

from __future__ import annotations

from pod_image.contract.next_steps import Said


class HintedError(Exception):
    """A trouble that a person can act on: `message` says what happened, `hint` what to do next.

    Neither ever holds a secret. As text it is the message, in words for neither edge.
    """

    default_hint: Said = ""
    """What to do where nothing better is known."""

    def __init__(self, message: Said, *, hint: Said | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.hint = self.default_hint if hint is None else hint
