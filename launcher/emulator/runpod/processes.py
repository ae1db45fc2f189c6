"""Containers as real processes: each pod in its own folder and session, with nothing of our environment but a path
and the number of threads that this computer is to spend on it.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from launcher.emulator.runpod.runner import CannotStart, ContainerSpec, ExecOutcome
from pod_image.contract.interpreter import module_command

OWN_IMAGES = ("*/pod-image", "*/pod-image:*", "*/pod-image@*", "pod-image", "pod-image:*")
"""Names of images whose entry point is `python -m pod_image`."""
PLATFORM_ENTRY = ("sleep", "infinity")
"""What an image of somebody else does without a command: it waits."""
_THREADS = "OMP_NUM_THREADS"
_SHIM = Path(__file__).with_name("shim.py")
_OUTPUT_LIMIT_CHARACTERS = 1_000_000


class ProcessContainer:
    """A process tree behind a shim. Its folder is `disk`, the first process's id is in `main.pid`."""

    next_due: float | None = None

    def __init__(
        self, process: "subprocess.Popen[bytes]", home: Path, env: Mapping[str, str]
    ) -> None:
        self._process = process
        self._home = home
        self._env = dict(env)
        self._running: set[subprocess.Popen[str]] = set()

    @property
    def main_pid(self) -> int | None:
        """The id of the container's first process; None until it was started."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self._home / "main.pid").read_text())
        return None

    def exit_code(self, now: float) -> int | None:
        return self._process.poll()

    def used(self) -> tuple[float, int]:
        import psutil

        seconds, memory_bytes = 0.0, 0
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.main_pid or self._process.pid)
            for process in [root, *root.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    times = process.cpu_times()
                    seconds += times.user + times.system
                    memory_bytes += process.memory_info().rss
        return seconds, memory_bytes

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        for command in tuple(self._running):
            _kill_group(command)

    def kill(self) -> None:
        if (pid := self.main_pid) is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait_ended(self, timeout_seconds: float) -> None:
        """Return when all of it has ended. The shim itself is killed if it is late."""
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            _kill_tree(self._process.pid)
            self._process.wait()

    async def execute(
        self, command: list[str], cwd: str | None, timeout_seconds: float
    ) -> ExecOutcome:
        return await asyncio.to_thread(self._execute, command, cwd, timeout_seconds)

    def _execute(self, command: list[str], cwd: str | None, timeout_seconds: float) -> ExecOutcome:
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd or self._home / "disk",
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as problem:
            return ExecOutcome(127, stderr=f"exec: {command[0]}: {problem.strerror}\n")
        self._running.add(process)
        try:
            return _collect(process, timeout_seconds)
        finally:
            self._running.discard(process)


def _collect(process: "subprocess.Popen[str]", timeout_seconds: float) -> ExecOutcome:
    try:
        out, err = process.communicate(timeout=timeout_seconds)
        return ExecOutcome(process.returncode, _cut(out), _cut(err))
    except subprocess.TimeoutExpired:
        _kill_group(process)
        out, err = process.communicate()
        return ExecOutcome(None, _cut(out), _cut(err), timed_out=True)


def _cut(text: str) -> str:
    return text[:_OUTPUT_LIMIT_CHARACTERS]


def _kill_group(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _kill_tree(pid: int) -> None:
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [*root.children(recursive=True), root]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


class ProcessRunner:
    """Pods as child processes. Below `root` each pod has a folder, whose `disk` is where its container works.

    An image of `own_images` runs `python -m pod_image` with the pod's arguments. Any other image runs the
    command it was given, with this Python first on the path and its own place to install into, or waits.
    """

    def __init__(
        self,
        root: Path,
        own_images: Sequence[str] = OWN_IMAGES,
        image_env: Mapping[str, str] | None = None,
        grace_seconds: float = 5.0,
        keep_folders: bool = True,
    ) -> None:
        self.root = root
        self._own_images = tuple(own_images)
        self._image_env = dict(image_env or {})
        self._grace_seconds = grace_seconds
        self._keep_folders = keep_folders
        self._is_closed = False
        self._live: list[tuple[str, ProcessContainer, threading.Thread]] = []

    def folder(self, pod_id: str) -> Path:
        return self.root / pod_id

    def start(
        self, spec: ContainerSpec, log: Callable[[str], None], now: float
    ) -> ProcessContainer:
        if self._is_closed:
            raise CannotStart("the emulated cloud is closing")
        self._forget_ended()
        home = self.folder(spec.pod_id)
        (home / "disk").mkdir(parents=True, exist_ok=True)
        (home / "main.pid").unlink(missing_ok=True)
        env = self._environment(spec, home / "disk")
        process = self._spawn(self._command(spec), home, env)
        container = ProcessContainer(process, home, env)
        reader = threading.Thread(target=_read_lines, args=(process, log), daemon=True)
        reader.start()
        self._live.append((spec.pod_id, container, reader))
        return container

    def wipe(self, pod_id: str) -> None:
        self._await_end(pod_id)
        shutil.rmtree(self.folder(pod_id) / "disk", ignore_errors=True)

    def remove(self, pod_id: str) -> None:
        if not self._keep_folders:
            self._await_end(pod_id)
            shutil.rmtree(self.folder(pod_id), ignore_errors=True)

    def close(self) -> None:
        self._is_closed = True
        for _, container, _ in self._live:
            container.stop()
        for _, container, reader in self._live:
            container.wait_ended(self._grace_seconds + 2.0)
            reader.join(timeout=2.0)
        self._live.clear()

    def is_own(self, image: str) -> bool:
        return any(fnmatchcase(image, pattern) for pattern in self._own_images)

    def _command(self, spec: ContainerSpec) -> list[str]:
        if spec.entrypoint:
            return [*spec.entrypoint, *spec.args]
        if self.is_own(spec.image):
            return [*module_command("pod_image"), *spec.args]
        return list(spec.args or PLATFORM_ENTRY)

    def _environment(self, spec: ContainerSpec, disk: Path) -> dict[str, str]:
        """What an image would bring (a path, a home, its Python packages), then the pod's own variables."""
        path = (str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin")
        base = {"PATH": os.pathsep.join(path), "HOME": str(disk), "LANG": "C.UTF-8"}
        if _THREADS in os.environ:
            base[_THREADS] = os.environ[_THREADS]
        if self.is_own(spec.image):
            base |= {"PYTHONPATH": str(_pod_image_home()), **self._image_env}
        else:
            packages = str(disk / ".packages")
            # Installing must not touch the environment that runs the emulator.
            base |= {"PIP_TARGET": packages, "PYTHONPATH": packages}
        return base | dict(spec.env)

    def _spawn(
        self, command: list[str], home: Path, env: dict[str, str]
    ) -> "subprocess.Popen[bytes]":
        shim = [sys.executable, "-I", str(_SHIM), str(home / "main.pid"), str(self._grace_seconds)]
        try:
            return subprocess.Popen(
                [*shim, *command],
                cwd=home / "disk",
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as problem:
            raise CannotStart(f"failed to start container: {problem}") from problem

    def _await_end(self, pod_id: str) -> None:
        for owner, container, _ in self._live:
            if owner == pod_id:
                container.wait_ended(self._grace_seconds + 2.0)

    def _forget_ended(self) -> None:
        self._live = [kept for kept in self._live if kept[2].is_alive()]


def _read_lines(process: "subprocess.Popen[bytes]", log: Callable[[str], None]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        for line in _lines(output):
            log(line)
    process.wait()
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()


def _lines(output: IO[bytes]) -> Iterator[str]:
    for raw in output:
        yield raw.decode("utf-8", "replace").rstrip("\r\n")


def _pod_image_home() -> Path:
    """The folder from which `import pod_image` works: the checkout or the installed packages."""
    found = find_spec("pod_image")
    if found is None or found.origin is None:
        raise CannotStart("the package pod_image is not installed beside the launcher")
    return Path(found.origin).parent.parent
