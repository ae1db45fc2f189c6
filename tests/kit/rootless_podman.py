"""Podman as an ordinary user has it, in a home of its own: what a container on a machine of one's own really does.

`python -m tests.kit.rootless_podman` says in one line why it cannot be had here, or nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.kit import python_to_copy
from tests.kit.ordinary_user import OrdinaryUser

IMAGE = "localhost/launcher-tests:1"
WHY_NOT = "rootless Podman starts no container here"
_PROGRAMS = ("sh", "cat", "env", "id", "ls", "mkdir", "sleep", "true")
_OURS = Path(__file__).parents[2]


@dataclass(frozen=True)
class RootlessPodman:
    """`home` is the user's. Whoever is root acts as that user."""

    home: Path
    user: OrdinaryUser

    @property
    def runs(self) -> Path:
        return self.home / ".local" / "share" / "pod-launcher" / "runs"

    def call(self, words: Sequence[str], given: str = "") -> subprocess.CompletedProcess[str]:
        """As that user, with nothing else of this process's environment."""
        return subprocess.run(
            list(words),
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            cwd=self.home,
            env={
                "HOME": str(self.home),
                "USER": self.user.name,
                "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                "XDG_RUNTIME_DIR": str(self.home / "runtime"),
                "PYTHONPATH": str(self.home / "program"),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            **self.user.as_subprocess(),
        )


@contextmanager
def rootless_podman() -> Iterator[RootlessPodman | None]:
    """None where there is none that starts a container."""
    user = OrdinaryUser.found(needs_subuids=True)
    if user is None or not shutil.which("podman") or not _is_new(Path("/usr/bin/python3")):
        yield None
        return
    with user.folder("podman-") as home:
        podman = RootlessPodman(home, user)
        try:
            _furnish(podman)
            yield podman if _starts_containers(podman) else None
        finally:
            podman.call(["podman", "rm", "--all", "--force"])
            podman.call(["podman", "unshare", "rm", "-rf", str(home / ".local")])


def _is_new(python: Path) -> bool:
    asks = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", asks], capture_output=True).returncode == 0
    except OSError:
        return False


def _furnish(podman: RootlessPodman) -> None:
    """A home with our program, an image, and the runtime that works with most kernels."""
    for name in ("runtime", "program", ".config", ".config/containers"):
        folder = podman.home / name
        folder.mkdir(mode=0o755)
        podman.user.give(folder)
    (podman.home / "runtime").chmod(0o700)
    shutil.copytree(
        _OURS / "pod_image",
        podman.home / "program" / "pod_image",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    if shutil.which("runc", path="/usr/bin:/usr/sbin:/bin:/sbin"):
        settings = podman.home / ".config" / "containers" / "containers.conf"
        settings.write_text('[engine]\nruntime = "runc"\n')
    archive = podman.home / "image.tar"
    _write_image(archive)
    archive.chmod(0o644)
    podman.call(["podman", "import", str(archive), IMAGE])
    archive.unlink()


def _starts_containers(podman: RootlessPodman) -> bool:
    return (
        podman.call(["podman", "run", "--rm", "--network", "host", IMAGE, "true"]).returncode == 0
    )


def _write_image(archive: Path) -> None:
    """This Python with what an agent needs, a shell and a few programs, with the libraries that they load."""
    library = python_to_copy.LIBRARY
    programs = [Path(found) for name in _PROGRAMS if (found := shutil.which(name, path="/bin"))]
    python = python_to_copy.program()
    with tarfile.open(archive, "w", dereference=True) as tar:
        tar.add(python)
        tar.add(library, filter=_is_wanted)
        link = tarfile.TarInfo("usr/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, str(python)
        tar.addfile(link)
        for program in programs:
            tar.add(program, f"bin/{program.name}")
        packages = [*python_to_copy.files_of_packages()]
        for file, name in packages:
            tar.add(file, f"{library}/site-packages/{name}")
        loaded = [file for file, name in packages if ".so" in Path(name).name]
        native = [*programs, python, *library.glob("lib-dynload/*.so"), *loaded]
        for each in _libraries(native):
            tar.add(each)
        for name in ("tmp", "proc", "sys", "dev", "etc", "run"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(folder)


def _is_wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return entry if python_to_copy.is_wanted(entry.name) else None


def _libraries(native: Sequence[Path]) -> Iterator[str]:
    told = subprocess.run(["ldd", *map(str, native)], capture_output=True, text=True).stdout
    found = {match[0] for match in re.finditer(r"(?<=\s)/[^\s:]+(?= \(0x)", told)}
    yield from sorted(found)


if __name__ == "__main__":
    with rootless_podman() as found:
        if found is None:
            print(WHY_NOT)
