"""Files that hold a secret of the command's own, on their way out: its letters become stars, and nothing else moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO

from pod_image.contract.secret_names import SHORTEST_SECRET, as_written, command_secrets

_PART_BYTES = 1 << 20
_STAR = b"*"


class Hiding:
    """Knows the values. A file keeps its length: an archive or a table of numbers can still be read up to there."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form.encode() for secret in secrets for form in as_written(secret)}
        self._forms = sorted((form for form in forms if len(form) >= SHORTEST_SECRET), key=len)[
            ::-1
        ]
        self._overlap_bytes = max(map(len, self._forms), default=1) - 1

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Hiding:
        return cls(command_secrets(environment).values())

    def __repr__(self) -> str:
        return f"Hiding({len(self._forms)} values)"

    def __bool__(self) -> bool:
        return bool(self._forms)

    def is_in(self, name: str) -> bool:
        return any(form in name.encode("utf-8", "surrogateescape") for form in self._forms)

    def holds(self, file: IO[bytes]) -> bool:
        """Whether one of them stands in the file, which is read to its end."""
        if not self:
            return False
        left = b""
        while part := file.read(_PART_BYTES):
            left += part
            if any(form in left for form in self._forms):
                return True
            left = left[-self._overlap_bytes :]
        return False

    def copy(self, file: IO[bytes], target: IO[bytes]) -> None:
        """Raises OSError."""
        left = b""
        while part := file.read(_PART_BYTES):
            left += part
            for form in self._forms:
                left = left.replace(form, _STAR * len(form))
            whole = max(0, len(left) - self._overlap_bytes)
            target.write(left[:whole])
            left = left[whole:]
        target.write(left)


NOTHING_TO_HIDE = Hiding()
