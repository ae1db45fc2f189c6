"""Which studies this computer has made or run, and by which id it claims trials; the repos know the rest."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from launcher.domain.studies.address import StudyAddress, study_address
from launcher.errors import InvalidRequest, NotConfigured
from pod_image.contract.whole_file import write_whole

_MOST = 200


@dataclass(frozen=True)
class KnownStudies:
    folder: Path
    """Of this computer's data."""

    def addresses(self) -> list[StudyAddress]:
        """The one that was used last first."""
        found = (study_address(str(text)) for text in self._read().get("studies", []))
        return [address for address in found if address is not None]

    def remember(self, address: StudyAddress) -> None:
        """Put it first. Raises NotConfigured where the file cannot be written."""
        kept = [each for each in self.addresses() if each != address]
        self._write({**self._read(), "studies": [str(each) for each in [address, *kept][:_MOST]]})

    def found(self, typed: str) -> StudyAddress:
        """The study of that address, of that name, or the one used last. Raises InvalidRequest."""
        address = study_address(typed)
        if address is not None:
            return address
        known = self.addresses()
        named = [each for each in known if each.name == typed.strip()] if typed else known[:1]
        if len(named) == 1:
            return named[0]
        if named:
            listed = ", ".join(map(str, named))
            raise InvalidRequest(
                f"More than one study is called {typed}.", hint=f"Name one of: {listed}"
            )
        which = f"study {typed!r}" if typed else "study yet"
        raise InvalidRequest(
            f"This computer knows no {which}.",
            hint="Give it with its results repo or folder, as OWNER/NAME/STUDY or /FOLDER/STUDY.",
        )

    def keep_copy(self, address: StudyAddress, study: str, trials: str) -> None:
        """Both files as they were read last, to be shown at once. A copy that cannot be written is none."""
        with suppress(OSError):
            path = self._copy(address)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            text = json.dumps({"study": study, "trials": trials})
            write_whole(path, text, is_private=True)

    def copy(self, address: StudyAddress) -> tuple[str, str] | None:
        try:
            kept = json.loads(self._copy(address).read_text("utf-8"))
            return str(kept["study"]), str(kept["trials"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def computer_id(self) -> str:
        """By which this computer claims trials: made once. Raises NotConfigured where it cannot be kept."""
        kept = self._read()
        found = kept.get("computer")
        if isinstance(found, str) and found:
            return found
        made = secrets.token_hex(6)
        self._write({**kept, "computer": made})
        return made

    @contextmanager
    def lock(self, address: StudyAddress) -> Iterator[None]:
        """Held while this computer runs that study. Raises InvalidRequest where another process does."""
        path = self._file_of(address, "lock")
        lock = FileLock(path, mode=0o600, is_singleton=False)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            raise InvalidRequest(
                f"Another program on this computer is running {address} now.",
                hint="Let it continue there, or end it first.",
            ) from None
        except OSError as exc:
            raise self._unwritable(exc) from exc
        try:
            yield
        finally:
            lock.release()

    def _copy(self, address: StudyAddress) -> Path:
        return self._file_of(address, "json")

    def _file_of(self, address: StudyAddress, kind: str) -> Path:
        """By a digest: a name of a repo may be longer than that of a file, and two may differ by a hyphen alone."""
        name = hashlib.sha256(str(address).encode()).hexdigest()[:24]
        return self.folder / "studies" / f"{name}.{kind}"

    @property
    def _path(self) -> Path:
        return self.folder / "studies.json"

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, kept: dict[str, Any]) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._path, json.dumps(kept), is_private=True)
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def _unwritable(self, exc: OSError) -> NotConfigured:
        return NotConfigured(
            f"The list of studies could not be saved to {self.folder}: {exc.strerror or exc}.",
            hint="Make room on that disk, or set LAUNCHER_HOME to a folder that can be written.",
        )
