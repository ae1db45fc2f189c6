"""Folders, base URLs and time limits of this process: one frozen object, read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from platformdirs import PlatformDirs

from launcher import __version__
from launcher.errors import BadEnvironment
from pod_image.contract.variables import PUBLIC_HUB_URL

APP_NAME = "pod-launcher"
USER_AGENT = f"{APP_NAME}/{__version__}"
"""Our own: firewalls in front of clouds refuse the usual ones of Python with 403."""
REGISTRY_VARIABLE = "LAUNCHER_REGISTRY_URL"
_PLACE_URL = re.compile(r"([A-Z][A-Z0-9_]*)_API_BASE_URL")


@dataclass(frozen=True)
class Config:
    """Where things are and how long we wait. Secrets are not part of it."""

    config_folder: Path
    data_folder: Path
    place_urls: Mapping[str, str] = field(default_factory=dict)
    """Addresses that stand in for a place's own, by its name."""
    hub_url: str = PUBLIC_HUB_URL
    registry_url: str = ""
    """Stands in for every registry of images, as a mirror that is told whose image is meant; empty asks their own."""
    request_timeout_seconds: float = 30.0
    poll_seconds: float = 5.0
    """Between two looks at the pods: one list call serves all runs, and 60 calls a minute are allowed."""
    reconcile_seconds: float = 60.0
    """How long a pod of unclear birth is looked for: lists lag."""

    @property
    def history_path(self) -> Path:
        return self.data_folder / "runs.sqlite"

    @property
    def queue_path(self) -> Path:
        """Apart from the history, which is a cache that may be deleted."""
        return self.data_folder / "queue.sqlite"

    @property
    def workers_folder(self) -> Path:
        """Which programs work on the queue now."""
        return self.data_folder / "queue-workers"

    @property
    def intents_folder(self) -> Path:
        return self.data_folder / "intents"

    @property
    def releases_folder(self) -> Path:
        return self.data_folder / "releases"

    @property
    def own_runs_folder(self) -> Path:
        """Where runs lie that are processes of this very computer."""
        return self.data_folder / "runs"

    @property
    def machines_folder(self) -> Path:
        """Which machines of the person's own may have a run of ours, apart from the history."""
        return self.data_folder / "machines"

    @property
    def plans_folder(self) -> Path:
        return self.data_folder / "plans"

    @property
    def told_folder(self) -> Path:
        return self.data_folder / "told"

    @property
    def presets_folder(self) -> Path:
        return self.config_folder / "presets"

    @property
    def preferences_path(self) -> Path:
        return self.config_folder / "preferences.toml"

    @property
    def form_address_path(self) -> Path:
        return self.config_folder / "form-address.json"

    @property
    def datasets_folder(self) -> Path:
        return self.data_folder / "datasets"

    @property
    def results_folder(self) -> Path:
        return self.data_folder / "results"

    @property
    def published_folder(self) -> Path:
        """What others have published, kept for a while: lists to choose from, and sounds to hear."""
        return self.data_folder / "published"

    def make_folders(self) -> None:
        """Make the folders, readable by their owner alone. Raises BadEnvironment where that cannot be."""
        for folder in (self.config_folder, self.data_folder):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
            except OSError as exc:
                raise BadEnvironment(
                    f"The launcher's folder {exc.filename or folder} cannot be used: {exc.strerror or exc}.",
                    hint="Make room on that disk, or set LAUNCHER_HOME to a folder that can be written.",
                ) from exc


def read_config(environment: Mapping[str, str] | None = None) -> Config:
    """The configuration of this process.

    `LAUNCHER_HOME` moves both folders below one; `<PLACE>_API_BASE_URL`, `HF_ENDPOINT` and `LAUNCHER_REGISTRY_URL`
    point at other services.
    Raises BadEnvironment where there is no home.
    """
    values = os.environ if environment is None else environment
    config_folder, data_folder = _folders(values)
    _look_into(config_folder, data_folder)
    return Config(
        config_folder=config_folder,
        data_folder=data_folder,
        place_urls=_place_urls(values),
        hub_url=hub_address(values),
        registry_url=(values.get(REGISTRY_VARIABLE) or "").rstrip("/"),
    )


def hub_address(values: Mapping[str, str] = os.environ) -> str:
    return (values.get("HF_ENDPOINT") or PUBLIC_HUB_URL).rstrip("/")


def _place_urls(values: Mapping[str, str]) -> dict[str, str]:
    found = {_PLACE_URL.fullmatch(name): value.rstrip("/") for name, value in values.items()}
    return {match[1].lower(): url for match, url in found.items() if match is not None and url}


def _folders(values: Mapping[str, str]) -> tuple[Path, Path]:
    if values.get("LAUNCHER_HOME"):
        home = _home(values["LAUNCHER_HOME"])
        return home / "config", home / "data"
    dirs = PlatformDirs(APP_NAME, appauthor=False)
    config, data = dirs.user_config_path, dirs.user_data_path
    if not (config.is_absolute() and data.is_absolute()):  # a ~ that nobody could read
        raise BadEnvironment(
            "This user has no home folder that could be found.",
            hint="Set HOME, or set LAUNCHER_HOME to a folder that can be written.",
        )
    # macOS and Windows have one folder for both.
    return (config / "config", data / "data") if config == data else (config, data)


def _look_into(*folders: Path) -> None:
    """Raises BadEnvironment for a folder that may not even be asked what it holds; one that is absent may be."""
    for folder in folders:
        try:
            (folder / "any").exists()
        except OSError as exc:
            named = str(folder) if len(str(folder)) < 200 else f"{str(folder)[:100]}…"
            raise BadEnvironment(
                f"The launcher's folder {named} cannot be used: {exc.strerror or exc}.",
                hint="Set LAUNCHER_HOME to a folder that can be written.",
            ) from exc


def _home(named: str) -> Path:
    try:
        return Path(named).expanduser()
    except RuntimeError as exc:
        raise BadEnvironment(
            f"LAUNCHER_HOME names a home folder that could not be found: {named}.",
            hint="Set LAUNCHER_HOME to a folder that can be written, as a full path.",
        ) from exc


def is_private(folder: Path) -> bool:
    """Whether nobody else can reach what lies there: it, or a folder above it, is its owner's alone."""
    above = [path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()]
    return os.name == "posix" and any(path.stat().st_mode & 0o077 == 0 for path in above)


@contextmanager
def private_files(folder: Path) -> Iterator[None]:
    """What is written in the block, by programs started in it too, is its owner's alone where `folder` is private.

    Elsewhere the person's own habits hold: a voice may be for others to read.
    """
    if not is_private(folder):
        yield
        return
    _OWNER_ONLY.enter()
    try:
        yield
    finally:
        _OWNER_ONLY.leave()


class _OwnerOnly:
    """For several threads: the process has one umask, which the first to begin changes and the last to end restores."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._blocks = 0
        self._before = 0

    def enter(self) -> None:
        with self._lock:
            if self._blocks == 0:
                self._before = os.umask(0o077)
            self._blocks += 1

    def leave(self) -> None:
        with self._lock:
            self._blocks -= 1
            if self._blocks == 0:
                os.umask(self._before)


_OWNER_ONLY = _OwnerOnly()
