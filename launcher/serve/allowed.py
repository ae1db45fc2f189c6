"""What of the serving computer clients may name: the folders and secrets that were allowed at its start."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from launcher.config import Config
from launcher.domain.plan import Composed
from launcher.errors import InvalidRequest
from launcher.services.common.run_secrets import named_secrets
from launcher.services.planning.brought.requirements import files_read
from pod_image.contract.brought import NAMELESS, split_bring
from pod_image.contract.knobs import Setting
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.results_address import folder_in
from pod_image.contract.settings import SETTINGS, RunSettings


@dataclass(frozen=True)
class Allowed:
    """`folders` as they truly are, links followed; `private`: what no client reads, even below one of them.

    A hard link cannot be told from the file itself: who may make one in an allowed folder may have its file read.
    """

    folders: tuple[Path, ...] = ()
    private: tuple[Path, ...] = ()
    public: tuple[Path, ...] = ()
    """Below `private`, and no secret."""
    secrets: frozenset[str] = frozenset()

    @classmethod
    def by(cls, config: Config, folders: Sequence[Path], secrets: Collection[str]) -> Self:
        """Raises InvalidRequest for a folder that is none, and for the root of a disk."""
        return cls(
            folders=tuple(_folder(folder) for folder in folders),
            private=tuple(path.resolve() for path in (config.config_folder, config.data_folder)),
            public=(config.datasets_folder.resolve(), config.results_folder.resolve()),
            secrets=frozenset(secrets),
        )

    def path(self, text: str) -> Path:
        """The file or folder, where it truly lies. Raises InvalidRequest, which does not tell whether it is there."""
        real = _real(text)
        if real is None or not self._may_be_read(real):
            raise self._refused(text)
        return real

    def held(self, composed: Composed) -> Composed:
        """The same with every path of this computer where it truly lies. Raises InvalidRequest for one that clients may
        not name, whoever put it there, and for a secret that they may not."""
        for name in named_secrets(composed.settings):
            if name not in self.secrets:
                raise InvalidRequest(
                    f"Clients of this server may not give the secret {name} to a command.",
                    hint="Allow it by its name where the server is started.",
                )
        settings = composed.settings
        self._check_folder(settings.results)
        if not settings.host:
            self._check_folder(settings.dataset_repo)
        values = composed.settings.applicable()
        changes = {one.name: self._held_values(one, values[one.name]) for one in _local(values)}
        if not changes:
            return composed
        return replace(composed, settings=composed.settings.model_copy(update=changes))

    def check(self, settings: RunSettings) -> None:
        """Raises as `held` does."""
        self.held(Composed(settings, {}))

    def _check_folder(self, named: str) -> None:
        """A folder of this computer, there or yet to be made, has to be below one that clients may name."""
        found = folder_in(named)
        # What begins with / is a path here, also //etc, which is neither a folder of results nor a repo of the Hub.
        is_here = named.startswith("/") if found is None else not found.host
        if not is_here:
            return
        real = _made_at(Path(named))
        if real is None or not self._may_be_read(real):
            raise self._refused(named)

    def _refused(self, text: str) -> InvalidRequest:
        return InvalidRequest(
            f"{text!r} is not inside a folder that clients of this server may use.",
            hint=self._which,
        )

    def _held_values(self, one: Setting, value: Any) -> Any:
        try:
            if not one.is_list:
                return self._held_entry(one, str(value))
            return tuple(self._held_entry(one, str(each)) for each in value)
        except InvalidRequest as exc:
            raise InvalidRequest(
                Sentence(setting(one.name), ": ", exc.message), hint=exc.hint
            ) from None

    def _held_entry(self, one: Setting, text: str) -> str:
        name, place = split_bring(text) if one.knob.goes_as == "files" else (text, "")
        real = self.path(name)
        if one.knob.goes_as == "requirements":
            for read in files_read(str(real)):
                self.path(str(read))
        return f"{real}:{place or _own_name(name)}" if one.knob.goes_as == "files" else str(real)

    def _may_be_read(self, real: Path) -> bool:
        if not any(real.is_relative_to(folder) for folder in self.folders):
            return False
        is_private = any(
            real.is_relative_to(folder) or folder.is_relative_to(real) for folder in self.private
        )
        return not is_private or any(real.is_relative_to(folder) for folder in self.public)

    @property
    def _which(self) -> str:
        if not self.folders:
            return "None was allowed when it was started; a dataset on the Hub needs none."
        return "Give its full path; GET /api/v1/system lists the allowed folders."


def _own_name(name: str) -> str:
    """Where a file goes whose place is not said: its own name, and not that of what a link leads to."""
    own = Path(name).name
    return "." if own in NAMELESS else own


def _local(values: Mapping[str, Any]) -> Iterator[Setting]:
    return (one for name, one in SETTINGS.items() if one.knob.is_local and values.get(name))


def _real(text: str) -> Path | None:
    """None for what is not there, and for a path that means something in one folder alone."""
    if "\0" in text or not Path(text).is_absolute():
        return None
    try:
        return Path(text).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None


def _made_at(path: Path) -> Path | None:
    """Where it truly lies, or would once it was made: links and `..` are followed. None where that cannot be told."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None


def _folder(folder: Path) -> Path:
    real = _real(str(folder.expanduser().absolute()))
    if real is None or not real.is_dir():
        raise InvalidRequest(f"There is no folder {folder}.", hint="Give one that exists.")
    if real == real.parent:
        raise InvalidRequest(
            f"{folder} is all of this computer.", hint="Allow only the folder that clients need."
        )
    return real
