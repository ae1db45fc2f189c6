"""What is sent to a machine that ssh reaches: our half for machines, and the few lines that take it in there."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import json
import shlex
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import pod_image
from pod_image.contract.own_machine import MARK

_PACKAGE = Path(pod_image.__file__).parent
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PYTHONS = "python3 python python3.14 python3.13 python3.12 python3.11"
_TRY = (
    'for p in {names}; do "$p" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null '
    '&& exec "$p" -P -c {program} {sha256} "$0"; done'
)
_NEEDS = {"needs": "program"}
_NOT_OURS_HINT = "Remove that folder, or close it: chmod o-w. Or set XDG_CACHE_HOME there to a folder of your own."
_TAKE_IN = f"""
import hashlib, io, json, os, pathlib, runpy, shutil, sys, zipfile
sha256, verb = sys.argv[1:3]
cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
ours = cache / "pod-launcher"
home = ours / "program" / sha256[:16]
for folder in (ours, home.parent, home):
    if not folder.exists():
        continue
    owners = folder.lstat().st_uid, folder.stat().st_uid
    if set(owners) != set([os.getuid()]) or folder.stat().st_mode & 0o002:
        message = "Other users of that machine could change the program that runs start with: " + str(folder) + "."
        refused = dict(kind="unfit", message=message, hint={_NOT_OURS_HINT!r})
        print({MARK!r} + json.dumps(dict(refused=refused)))
        sys.exit()
if verb == "put":
    content = sys.stdin.buffer.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        sys.exit("what came is not what was sent")
    for folder in (ours, home.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = home.with_name(home.name + "." + str(os.getpid()))
    scratch.mkdir(mode=0o700)
    zipfile.ZipFile(io.BytesIO(content)).extractall(scratch)
    try:
        scratch.rename(home)
    except OSError:
        shutil.rmtree(scratch)
    print({MARK + '{"ok": {}}'!r})
elif not home.is_dir():
    print({MARK + json.dumps(_NEEDS)!r})
else:
    sys.path.insert(0, str(home))
    os.environ["PYTHONPATH"] = str(home)
    sys.argv = ["own_machine", verb]
    runpy.run_module("pod_image.own_machine", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Program:
    """An archive of our package. `sha256` is of `content`."""

    sha256: str
    content: bytes = field(repr=False)


@functools.cache
def program() -> Program:
    """Of the package that is installed beside this launcher: the same bytes from the same code."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(_PACKAGE.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                below = f"pod_image/{path.relative_to(_PACKAGE).as_posix()}"
                archive.writestr(zipfile.ZipInfo(below, _EPOCH), path.read_bytes())
    content = buffer.getvalue()
    return Program(hashlib.sha256(content).hexdigest(), content)


def remote_command(verb: str, host: str) -> str:
    """One line for that machine's shell, whichever it is: a Python of 3.11 or newer is looked for and does the rest."""
    packed = base64.b64encode(zlib.compress(_TAKE_IN.encode(), 9)).decode()
    start = f"import base64,zlib;exec(zlib.decompress(base64.b64decode('{packed}')))"
    search = _TRY.format(names=_PYTHONS, program=shlex.quote(start), sha256=program().sha256)
    none = {
        "kind": "unfit",
        "message": f"{host} has no Python 3.11 or newer that ssh finds.",
        "hint": "Install one there, or put it on the PATH that `ssh HOST env` shows.",
    }
    answer = shlex.quote(MARK + json.dumps({"refused": none}))
    profiles = "[ -r /etc/profile ] && . /etc/profile; [ -r ~/.profile ] && . ~/.profile"
    script = f"{search}; {profiles}; {search}; echo {answer}"
    return f"exec sh -c {shlex.quote(script)} {shlex.quote(verb)}"
