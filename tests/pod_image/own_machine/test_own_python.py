"""The Python that is made for runs beside the machine's own: for one run at a time, and once for all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pod_image.own_machine import own_python
from pod_image.own_machine.own_python import CannotPrepare, agents_python

ORDER = {"run_json": "{}", "may_install": True}


class Installer:
    """In the place of pip: says when it begins, and goes on when it is let."""

    def __init__(self) -> None:
        self.began, self.may_end = threading.Event(), threading.Event()
        self.times = 0

    def __call__(self, python: Path, words: list[str], no_pip: Callable[[], Path]) -> None:
        self.times += 1
        (python.parent / "half").touch()
        self.began.set()
        assert self.may_end.wait(30)
        assert (python.parent / "half").is_file(), "another run removed it"


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    def made(home: Path) -> Path:
        (home / "bin").mkdir(parents=True)
        return home / "bin" / "python"

    found = Installer()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name, act in {
        "absent_packages": lambda _: ["torch"],
        "make": made,
        "see_the_image": lambda _: None,
        "pip_command": lambda _: ("pip",),
        "install": found,
    }.items():
        monkeypatch.setattr(own_python, name, act)
    return found


def test_two_runs_that_start_together_install_once_and_neither_harms_the_other(
    installer: Installer,
) -> None:
    got: list[Any] = []
    runs = [threading.Thread(target=lambda: got.append(agents_python(ORDER))) for _ in range(2)]
    runs[0].start()
    assert installer.began.wait(30)
    runs[1].start()
    runs[1].join(0.5)
    assert runs[1].is_alive()  # it waits
    installer.may_end.set()
    for run in runs:
        run.join(30)
    assert installer.times == 1
    assert len(set(got)) == 1
    assert len(got) == 2


def test_a_run_waits_for_another_ones_packages_no_longer_than_is_sensible(
    installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = threading.Thread(target=agents_python, args=(ORDER,))
    first.start()
    assert installer.began.wait(30)
    monkeypatch.setattr(own_python, "_PATIENCE_SECONDS", 0.0)
    with pytest.raises(CannotPrepare, match="Another run has been installing"):
        agents_python(ORDER)
    installer.may_end.set()
    first.join(30)
