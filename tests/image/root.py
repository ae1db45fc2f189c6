"""A Debian root folder in which the Dockerfile's steps are done, and whose program runs as a pod's container."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from launcher.emulator.runpod import ContainerSpec, ProcessRunner
from launcher.emulator.runpod.processes import ProcessContainer
from tests.image.dockerfile import Stage

BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


SITE_PACKAGES = "opt/pod/lib/python3.11/site-packages"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_LEFT_OUT = ("doc", "info", "locale", "man")
"""Folders of /usr/share that the slim base image leaves out too."""
_UNPACK = """
cd "$1"
for each in var/cache/apt/archives/*.deb; do
  case $each in */ca-certificates_*) continue ;; esac
  dpkg-deb --fsys-tarfile "$each" | tar --extract --keep-directory-symlink $2
  { dpkg-deb --field "$each"; printf 'Status: install ok installed\n\n'; } >> var/lib/dpkg/status
done
rm -rf var/cache/apt/archives/*.deb
"""
"""Certificates are left to the Dockerfile's own step: a package of Python brings them along otherwise."""


class NoPackages(Exception):
    """Debian's packages cannot be had from here."""


def make_base(root: Path, suite: str, packages: Sequence[str]) -> None:
    """A minimal Debian with these packages and `python`, as the slim base image has it.

    Its packages are unpacked and registered, and none is configured: nothing in a container needs more, and
    debootstrap takes four times the processor's time (59 s for 15) to do so. Raises NoPackages.
    """
    for folder in ("etc/apt/preferences.d", "var/lib/dpkg/info", "var/log/apt"):
        (root / folder).mkdir(parents=True)
    for folder in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
        (root / folder).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    (root / "var/lib/dpkg/status").touch()
    source = f"deb [signed-by={KEYRING}] {_mirror(suite)} {suite} main\n"
    (root / "etc/apt/sources.list").write_text(source)
    _apt(root, "update")
    _apt(root, "install", "--yes", "--download-only", "?essential", "apt", *packages)
    left_out = " ".join(f"--exclude=./usr/share/{name}" for name in _LEFT_OUT)
    subprocess.run(["/bin/sh", "-ec", _UNPACK, "unpack", str(root), left_out], check=True)
    for name in ("passwd", "group"):
        shutil.copy(root / f"usr/share/base-passwd/{name}.master", root / "etc" / name)
    (root / "usr/local/bin").mkdir(parents=True)
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for name in ("resolv.conf", "hosts"):  # a container is given both
        shutil.copy(f"/etc/{name}", root / "etc" / name)


def _mirror(suite: str) -> str:
    """Where this machine has that Debian from. Raises NoPackages."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"]
    listed = subprocess.run(command, capture_output=True, text=True).stdout
    for address, *rest in (line.split() for line in listed.splitlines() if line.strip()):
        if rest == [suite, "main"] and Path(KEYRING).is_file():
            return address
    raise NoPackages(f"this machine has no source of Debian {suite}")


def _apt(root: Path, *words: str) -> None:
    options = {
        "Dir": root,
        "Dir::State::status": root / "var/lib/dpkg/status",
        "Dir::Etc::sourceparts": "-",
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
        "Acquire::http::Timeout": 20,
        "Acquire::Retries": 1,
    }
    given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    command = ["apt-get", "--quiet", "--quiet", *given, *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        raise NoPackages("its server does not answer") from None
    # A list that could not be fetched is only a warning for apt-get, when there is an older one.
    if done.returncode != 0 or "Failed to fetch" in done.stderr:
        raise NoPackages(done.stderr.strip().partition("\n")[0])


def torch_for_processors() -> list[Path]:
    """Folders of the torch beside this Python, if its machine code does in the root: built for processors alone."""
    try:
        torch = distribution("torch")
    except PackageNotFoundError:
        return []
    if not torch.version.endswith("+cpu") or sys.version_info[:2] != (3, 11):
        return []
    tops = {Path(str(path)).parts[0] for path in torch.files or ()} - {"..", "bin"}
    return [Path(str(torch.locate_file(top))) for top in sorted(tops)]


def put_in(folders: Sequence[Path], root: Path) -> None:
    """Packages that lie in `root` before its steps are done: pip finds the version it wants and leaves them alone.

    This machine's certificates with them, which the base image has for pip.
    """
    (root / CERTIFICATES).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(f"/{CERTIFICATES}", root / CERTIFICATES)
    for folder in folders:
        goal = root / SITE_PACKAGES / folder.name
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(folder, goal, ignore=ignored, copy_function=_link)


def _link(source: str, target: str) -> None:
    """One file in two places: 700 MB are not written again. A copy where the disks differ."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


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
        mounts.append(f"mount -o remount,bind,ro {target}")
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
        wanted = ("index-url", "extra-index-url", "find-links", "default-timeout")
        return {
            f"PIP_{name.upper().replace('-', '_')}": self._values[name]
            for name in wanted
            if name in self._values
        }

    def folders(self) -> list[Path]:
        """Every local folder that the settings name; an index with the folder around it, where its files are."""
        words = " ".join(self.variables().values()).split()
        indexes = [Path(word.removeprefix("file://")).parent for word in words if "file://" in word]
        paths = [Path(word) for word in words if word.startswith("/")]
        found = [*indexes, *(path if path.is_dir() else path.parent for path in paths)]
        return [path for path in found if path.is_dir()]


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
