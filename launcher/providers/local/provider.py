"""This computer as a Provider."""

from __future__ import annotations

from pathlib import Path

from launcher.clock import Clock, SystemClock
from launcher.providers.local.client import ThisComputer
from launcher.providers.local.place import LOCAL
from launcher.providers.own_machine import Machine, OwnMachine


class LocalProvider(OwnMachine):
    """See `launcher.providers.base.Provider` for what each method promises."""

    def __init__(
        self,
        *,
        runs: Path | None = None,
        machine: Machine | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`machine` stands in for this one."""
        super().__init__(LOCAL, machine or ThisComputer(runs), clock or SystemClock())
        self._runs = runs

    @property
    def is_in_use(self) -> bool:
        return self._runs is None or self._runs.is_dir()
