"""What of this computer agents may name: folders and secrets that the person allowed where the server was started."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from launcher.domain.plan import Composed
from launcher.errors import InvalidRequest
from launcher.services.common.run_secrets import named_secrets
from pod_image.contract.brought import split_bring
from pod_image.contract.knobs import Setting
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.settings import SETTINGS

_NAMES_A_FILE = re.compile(r"\s*(-r|-c|--requirement|--constraint|-e|--editable)\b")
_LARGEST_LIST_BYTES = 1_000_000


@dataclass(frozen=True)
class Allowed:
    """`folders` as they truly are, links followed; `private`: what no agent reads, even below one of them."""

    folders: tuple[Path, ...] = ()
    private: tuple[Path, ...] = ()
    secrets: frozenset[str] = frozenset()

    @classmethod
    def by(
        cls, folders: Sequence[Path], private: Sequence[Path], secrets: Collection[str]
    ) -> Allowed:
        """Raises InvalidRequest for a folder that is none, and for the root of a disk."""
        return cls(
            tuple(_folder(folder) for folder in folders),
            tuple(folder.resolve() for folder in private),
            frozenset(secrets),
        )

    def held(self, composed: Composed) -> Composed:
        """The same with every path of this computer where it truly lies. Raises InvalidRequest for one that agents may
        not name, whoever put it there, and for a secret that they may not hand over.
        """
        for name in named_secrets(composed.settings):
            if name not in self.secrets:
                raise InvalidRequest(
                    f"Agents may not hand the secret {name} to a command.",
                    hint=f"Ask the person to start this server with --allow-variable {name}.",
                )
        values = composed.settings.applicable()
        changes = {
            name: self._held(one, values[name])
            for name, one in SETTINGS.items()
            if one.knob.is_local and values.get(name)
        }
        if not changes:
            return composed
        return replace(composed, settings=composed.settings.model_copy(update=changes))

    def _held(self, one: Setting, value: Any) -> Any:
        if one.is_list:
            return tuple(self._entry(one, str(each)) for each in value)
        return self._entry(one, str(value))

    def _entry(self, one: Setting, text: str) -> str:
        name, place = split_bring(text) if one.knob.goes_as == "files" else (text, "")
        real = self._path(one, name)
        if one.knob.goes_as == "requirements":
            _refuse_further_files(real)
        if one.knob.goes_as != "files":
            return str(real)
        return f"{real}:{place or Path(name).name}"

    def _path(self, one: Setting, text: str) -> Path:
        real = _real(text)
        is_allowed = real is not None and any(real.is_relative_to(each) for each in self.folders)
        if real is None or not is_allowed or self._is_private(real):
            where = ", ".join(map(str, self.folders)) or "none"
            raise InvalidRequest(
                Sentence(
                    setting(one.name), f": {text!r} is not below a folder that agents may read."
                ),
                hint=f"Give its whole path. Allowed folders: {where}. "
                "The person allows one by starting this server with --allow-folder.",
            )
        return real

    def _is_private(self, real: Path) -> bool:
        return any(real.is_relative_to(own) or own.is_relative_to(real) for own in self.private)


def _refuse_further_files(path: Path) -> None:
    """A list of packages may name files anywhere: of agents it names none."""
    try:
        text = path.read_bytes()[:_LARGEST_LIST_BYTES].decode("utf-8", "replace")
    except OSError:
        return  # the plan says so
    if any(_NAMES_A_FILE.match(line) for line in text.splitlines()):
        raise InvalidRequest(
            f"{path.name} names further files of this computer.",
            hint="Write all packages into one list.",
        )


def _real(text: str) -> Path | None:
    """None for what is not there, and for a path that means something in one folder alone."""
    if "\0" in text or not Path(text).is_absolute():
        return None
    try:
        return Path(text).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None


def _folder(folder: Path) -> Path:
    real = _real(str(folder.expanduser().absolute()))
    if real is None or not real.is_dir():
        raise InvalidRequest(f"There is no folder {folder}.", hint="Give one that is there.")
    if real == real.parent:
        raise InvalidRequest(
            f"{folder} is everything on this computer.", hint="Give the folder that agents need."
        )
    return real
