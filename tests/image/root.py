"""A Debian root folder in which the Dockerfile's steps are done, and whose program runs as a pod's container."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from launcher.emulator.runpod import ContainerSpec, ProcessRunner
from launcher.emulator.runpod.processes import ProcessContainer
from tests.image.dockerfile import Stage

BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def make_base(root: Path, suite: str, packages: Sequence[str]) -> None:
    """A minimal Debian with these packages and `python`, as the slim base image has it."""
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", suite]
    done = subprocess.run([*command, str(root)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for name in ("resolv.conf", "hosts"):  # a container is given both
        shutil.copy(f"/etc/{name}", root / "etc" / name)


def build(stage: Stage, root: Path, context: Path, stages: Mapping[str, Path]) -> dict[str, str]:
    """Do the stage's steps in `root`; the environment they leave."""
    packages = LocalPackages()
    environment = {"PATH": BASE_PATH, "HOME": "/root", "LANG": "C.UTF-8"}
    for step in stage.steps:
        match step.name:
            case "RUN":
                command = ["/bin/sh", "-c", step.text]
                inside(root, command, {**environment, **packages.variables()}, packages.folders())
            case "COPY":
                _copy(step.text, root, context, stages)
            case "ENV":
                environment = Stage("", "", [step]).environment(environment)
            case "WORKDIR":
                (root / step.text.lstrip("/")).mkdir(parents=True, exist_ok=True)
    return environment


def enter(root: Path, command: Sequence[str], binds: Sequence[Path] = ()) -> list[str]:
    """The command line that runs `command` in the root: its own processes and mounts, our network."""
    mounts = [f"mount -t proc proc {shlex.quote(str(root / 'proc'))}"]
    shared = shlex.quote(str(root / "dev/shm"))
    mounts.append(f"mkdir -p {shared} && mount -t tmpfs tmpfs {shared}")
    for name in ("null", "zero", "urandom", "random"):
        device = shlex.quote(str(root / "dev" / name))
        mounts.append(f"rm -f {device} && touch {device} && mount --bind /dev/{name} {device}")
    for folder in binds:
        target = shlex.quote(str(root / str(folder).lstrip("/")))
        mounts.append(f"mkdir -p {target} && mount --bind {shlex.quote(str(folder))} {target}")
    script = " && ".join([*mounts, f"exec chroot {shlex.quote(str(root))} {shlex.join(command)}"])
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", script]


def inside(
    root: Path,
    command: Sequence[str],
    environment: Mapping[str, str],
    binds: Sequence[Path] = (),
    timeout_seconds: float = 600,
) -> str:
    """What the command prints. Raises AssertionError with its last lines when it fails."""
    done = subprocess.run(
        enter(root, command, binds),
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_seconds,
    )
    assert done.returncode == 0, f"{shlex.join(command)[:200]}\n{done.stdout[-4000:]}"
    return done.stdout


class LocalPackages:
    """This machine's own settings of pip, so that the root takes torch's build for processors from where we do."""

    def __init__(self) -> None:
        listed = subprocess.run(
            [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True
        )
        pairs = [line.split("=", 1) for line in listed.stdout.splitlines() if "=" in line]
        self._values = {key.rsplit(".", 1)[-1]: value.strip("'\"") for key, value in pairs}

    def variables(self) -> dict[str, str]:
        wanted = ("index-url", "extra-index-url", "find-links", "cert", "default-timeout")
        return {
            f"PIP_{name.upper().replace('-', '_')}": self._values[name]
            for name in wanted
            if name in self._values
        }

    def folders(self) -> list[Path]:
        """Every local folder that the settings name; an index with the folder around it, where its files are."""
        words = " ".join(self._values.values()).split()
        indexes = [Path(word.removeprefix("file://")).parent for word in words if "file://" in word]
        paths = [Path(word) for word in words if word.startswith("/")]
        found = [*indexes, *(path if path.is_dir() else path.parent for path in paths)]
        return [path for path in found if path.is_dir()]

    def has_torch_for_processors(self) -> bool:
        return any(list(folder.rglob("torch-*+cpu-cp311-*.whl")) for folder in self.folders())


def _copy(text: str, root: Path, context: Path, stages: Mapping[str, Path]) -> None:
    words = text.split()
    if words[0].startswith("--from="):
        source, target = words[1:]
        goal = root / target.lstrip("/")
        goal.parent.mkdir(parents=True, exist_ok=True)
        # Moved, not copied: that stage is done, and a gigabyte is not written twice.
        (stages[words[0].removeprefix("--from=")] / source.lstrip("/")).rename(goal)
        return
    *sources, target = words
    goal = root / target.lstrip("/")
    for source in sources:
        if (context / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(context / source, goal, ignore=ignored)
        else:
            goal.mkdir(parents=True, exist_ok=True)
            shutil.copy(context / source, goal)


class RootRunner(ProcessRunner):
    """Pods whose container is the built root: its entry point, its environment, its own users."""

    def __init__(
        self, folder: Path, root: Path, stage: Stage, environment: Mapping[str, str]
    ) -> None:
        super().__init__(folder, keep_folders=True)
        self._root_folder, self._stage, self._image = root, stage, dict(environment)
        self.printed: list[str] = []

    def start(
        self, spec: ContainerSpec, log: Callable[[str], None], now: float
    ) -> ProcessContainer:
        def keep(line: str) -> None:
            self.printed.append(line)
            log(line)

        return super().start(spec, keep, now)

    def _command(self, spec: ContainerSpec) -> list[str]:
        workdir = next(step.text for step in self._stage.steps if step.name == "WORKDIR")
        command = ["env", "-C", workdir, *self._stage.entrypoint, *spec.args]
        return enter(self._root_folder, command)

    def _environment(self, spec: ContainerSpec, disk: Path) -> dict[str, str]:
        return {**self._image, **spec.env}
