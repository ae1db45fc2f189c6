"""An ordinary user of this machine for what a test starts: whoever runs it, or where that is root somebody else.

What such a user's programs read lies in a folder that is theirs to enter: a home and a clone of root's may be closed.
`python -m tests.kit.ordinary_user` says in one line why there is none, or nothing.
"""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

WHY_NOT = "there is no ordinary user here that root could act as"
_FIRST_PERSONS_UID, _LAST_PERSONS_UID = 1_000, 59_999
_NO_SHELLS = ("nologin", "false", "true")


@dataclass(frozen=True)
class OrdinaryUser:
    entry: pwd.struct_passwd

    @classmethod
    def found(cls, *, needs_subuids: bool = False) -> Self | None:
        """Where this is root: the first who has users of its own for containers, or else has only a shell.

        `needs_subuids`: none but the former.
        """
        if os.getuid():
            return cls(pwd.getpwuid(os.getuid()))
        accounts = [*_with_subuids(), *([] if needs_subuids else _persons())]
        return next((cls(each) for each in accounts if each.pw_uid and _lets_in(each)), None)

    @property
    def uid(self) -> int:
        return self.entry.pw_uid

    @property
    def name(self) -> str:
        return self.entry.pw_name

    def as_subprocess(self) -> dict[str, Any]:
        """What has subprocess start a program as this user, who is in no group but its own."""
        if os.getuid():
            return {}
        return {"user": self.uid, "group": self.entry.pw_gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        os.chown(path, self.uid, self.entry.pw_gid)

    @contextmanager
    def folder(self, prefix: str) -> Iterator[Path]:
        """Of this user, where everybody may enter; it goes with the block."""
        made = Path(tempfile.mkdtemp(prefix=prefix, dir="/var/tmp"))
        made.chmod(0o755)
        self.give(made)
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _with_subuids() -> Iterator[pwd.struct_passwd]:
    with suppress(OSError):
        for line in Path("/etc/subuid").read_text().splitlines():
            with suppress(KeyError):
                yield pwd.getpwnam(line.partition(":")[0])


def _persons() -> Sequence[pwd.struct_passwd]:
    return [e for e in pwd.getpwall() if _FIRST_PERSONS_UID <= e.pw_uid <= _LAST_PERSONS_UID]


def _lets_in(account: pwd.struct_passwd) -> bool:
    shell = Path(account.pw_shell or "/bin/sh")
    return os.access(shell, os.X_OK) and shell.name not in _NO_SHELLS


if __name__ == "__main__":
    if OrdinaryUser.found() is None:
        print(WHY_NOT)
