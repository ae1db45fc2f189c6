"""The first seconds of a pod whose image is not ours: fetch our wheel, check it, settle beside the image, be the agent.

The source of this file travels in the pod's start command. So it is standard library alone, knows nothing but its
arguments (addresses and sha256 of our wheel and of one of pip) and the environment, and imports nothing of ours but
what lies in the wheel that it has checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import importlib
import json
import os
import queue
import shutil
import ssl
import stat
import sys
import threading
import time
import typing
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

USER_AGENT = "pod-launcher-bootstrap"
OLDEST_PYTHON = (3, 11)
PLACES = {
    "runpod": ("RUNPOD_POD_ID", "RUNPOD_API_KEY", "RUNPOD_API_BASE_URL"),
    "hf-jobs": ("JOB_ID", "", ""),
    "local": ("LAUNCHER_LOCAL_RUN", "", ""),
    "ssh": ("LAUNCHER_SSH_RUN", "", ""),
}
"""The variables of each place, as `pod_image.contract.places` has them: a pod's id, its key, a stand-in's address."""
DEFAULT_PLACE = "runpod"
FOLDER = "LAUNCHER_FOLDER"
IMAGE_PYTHON = "LAUNCHER_IMAGE_PYTHON"
IMAGE_VARIABLES = "LAUNCHER_IMAGE_VARIABLES"
"""As `pod_image.contract.interpreter` has them."""
OURS_OF_HF = ("HF_DATASET_TOKEN", "HF_UPLOAD_TOKEN", "HF_TOKEN", "HF_ENDPOINT")
REMEDY = "Use an image with Python 3.11 or newer, or add it to yours."
FETCH_TRIES = 8
LINGER_SECONDS = 5.0
"""Between the reason and the end: the log of a pod that is gone cannot be read any more."""
INSTALL_SECONDS = 3_600.0
"""An installation that takes so long hangs; a launcher that still looks on has released the pod before."""
GONE_SECONDS = 30.0
"""After a release that was taken: who still lives then was not released."""
AGAIN_SECONDS = 20.0
PRINTING = threading.Lock()
LINES: queue.Queue[str] = queue.Queue(maxsize=1_000)
"""What is to be printed, by a thread of its own: nobody may be reading, and the pod has to end all the same."""


if typing.TYPE_CHECKING:  # an older Python has to get far enough to be told
    Way = tuple[str, str, str, Mapping[str, str], bytes | None]
    """Name, method, address, headers and body of a request that ends the pod."""


class Trouble(Exception):
    """The pod cannot become an agent; the text is for the person, and `remedy` what they may do."""

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy


def main(url: str, sha256: str, pip_url: str = "", pip_sha256: str = "") -> None:
    """Become the agent, or say why not and end the pod. Does not return."""
    start_printing()
    give_up_in(INSTALL_SECONDS)
    try:
        if sys.version_info < OLDEST_PYTHON:
            has = sys.version.split()[0]
            raise Trouble(f"The image has Python {has}; 3.11 or newer is needed.", REMEDY)
        home = agents_home()
        done = home / f"installed-{sha256[:16]}"
        if not done.is_file():  # a container that was started again has it all
            install(home, url, sha256, pip_url, pip_sha256)
            done.touch()
    except Exception as exc:
        hint = getattr(exc, "remedy", None)  # what is meant for the person has one
        end_pod(
            f"{type(exc).__name__} while installing" if hint is None else str(exc), hint=hint or ""
        )
    flush_lines(2.0)
    python = str(home / "python" / "bin" / "python")
    try:
        os.execve(
            python, [python, "-P", "-m", "pod_image"], agents_environment(os.environ, home, url)
        )
    except OSError as exc:
        end_pod(f"The agent could not be started: {exc.strerror}.")


def give_up_in(seconds: float) -> None:
    """End the pod by then, whatever hangs; the agent that this process becomes has a watch of its own."""
    late = threading.Timer(seconds, end_pod, ["Installing the agent took over an hour."])
    late.daemon = True
    with contextlib.suppress(RuntimeError):  # no more threads here
        late.start()


def agents_home() -> Path:
    """Where agent and run lie: below the image's working folder, or where this user may write. Raises Trouble.

    `launcher.services.following.control_program` looks for it in the same places.
    """
    is_root = os.geteuid() == 0
    own = os.environ.get("HOME", "")
    others = ["/launcher"] if is_root else [own and f"{own}/launcher", "/tmp/launcher"]
    given = Path(os.environ.get(FOLDER) or ".").absolute()
    for home in (given, *(Path(each) for each in others if each)):
        if is_root and not is_safe(home):
            continue
        with contextlib.suppress(OSError):
            home.mkdir(parents=True, exist_ok=True)
            if home.stat().st_uid == os.geteuid() and os.access(home, os.W_OK):
                return home
    raise Trouble(
        "The image's user cannot write to its working folder, its home or /tmp.",
        "Use an image with another user, or with a working folder that it can write to.",
    )


def is_safe(home: Path) -> bool:
    """Whether the trainer's user gets to the folder, and cannot put another in its place."""
    if any(url and os.environ.get(url) for _, _, url in PLACES.values()):
        return True  # a stand-in's, on somebody's own computer: no user is made there
    modes = [parent.stat().st_mode for parent in home.parents]
    return all(
        mode & stat.S_IXOTH and (mode & stat.S_ISVTX or not mode & stat.S_IWOTH) for mode in modes
    )


def agents_environment(environment: Mapping[str, str], home: Path, url: str) -> dict[str, str]:
    """What the image says to Python and to Hugging Face's library is not for the agent: its command gets it back.

    An image may name a mirror of the Hub: the run's tokens go nowhere but to where the wheel came from.
    """
    aside = {
        name: value
        for name, value in environment.items()
        if name.startswith("PYTHON") or (name.startswith("HF_") and name not in OURS_OF_HF)
    }
    hub = environment.get("HF_ENDPOINT", "")
    if hub and not url.startswith(hub.rstrip("/") + "/"):
        aside["HF_ENDPOINT"] = hub
    kept = {name: value for name, value in environment.items() if name not in aside}
    return {
        **kept,
        FOLDER: str(home),
        IMAGE_PYTHON: str(
            Path(sys.executable).absolute()
        ),  # a link stays one: by it, it finds its packages
        IMAGE_VARIABLES: json.dumps(aside),
    }


def install(home: Path, url: str, sha256: str, pip_url: str, pip_sha256: str) -> None:
    """Fetch our wheel, and let what lies in it do the rest. Raises Trouble."""
    say("fetching the agent")
    wheel = fetched(home, url, sha256)

    def carried_pip() -> Path:
        if not pip_url:
            hint = "Put pip into the image, or start from a computer whose Python has ensurepip."
            raise Trouble("The image's Python has no pip, and none was sent.", hint)
        return fetched(home, pip_url, pip_sha256)

    shutil.rmtree(home / "python", ignore_errors=True)  # an earlier start may have been cut off
    sys.path.insert(0, str(wheel))
    settle = importlib.import_module("pod_image.private_python").settle
    settle(home, wheel, os.environ.get("LAUNCHER_RUN", ""), carried_pip, say)


def fetched(home: Path, url: str, sha256: str) -> Path:
    content = fetch(url, os.environ.get("HF_UPLOAD_TOKEN", ""))
    check(content, sha256)
    path = home / url.rpartition("/")[2]
    path.write_bytes(content)
    return path


def fetch(url: str, token: str, tries: int = FETCH_TRIES, pause_seconds: float = 1.0) -> bytes:
    """The file behind the address. The token goes to that server alone, not to where it redirects."""
    for attempt in range(1, tries + 1):
        request = urllib.request.Request(url, headers={"User-Agent": USER_AGENT})
        request.add_unredirected_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=60, context=trusted()) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as exc:
            if exc.code in (401, 403):
                raise Trouble(f"Hugging Face refuses the upload token ({exc.code}).") from None
            reason = f"it answered {exc.code}"
        except (OSError, http.client.HTTPException) as exc:
            reason = type(exc).__name__
        if attempt < tries:
            time.sleep(min(30.0, pause_seconds * 2 ** (attempt - 1)))
    raise Trouble(f"The agent could not be fetched from Hugging Face: {reason}.")


def check(content: bytes, sha256: str) -> None:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Trouble(
            "The agent in the results repo is not the one that this run was launched with."
        )


def trusted() -> ssl.SSLContext:
    """Whom to believe: the image's own certificates, or those that pip brings where it has none."""
    paths = ssl.get_default_verify_paths()
    has_own = paths.cafile or (paths.capath and any(os.scandir(paths.capath)))
    for name in () if has_own else ("certifi", "pip._vendor.certifi"):
        with contextlib.suppress(ImportError, OSError):
            return ssl.create_default_context(cafile=importlib.import_module(name).where())
    return ssl.create_default_context()


def end_pod(
    detail: str, environment: Mapping[str, str] = os.environ, *, hint: str = ""
) -> typing.NoReturn:
    """Say why, as the agent would, then end this pod. Never returns: an exited container is started again, but for
    a place where the container's end is the pod's own."""
    start_printing()
    say(detail)
    put_out(json.dumps(last_word(detail, environment, hint)))
    time.sleep(LINGER_SECONDS)
    place, first = place_in(environment), 0
    while place in WAYS:
        ways = WAYS[place](environment)
        taken = release(first, ways)
        # Who still lives was not released, whatever the answer was: another way comes first then.
        first = 0 if taken is None else (taken + 1) % len(ways)
        time.sleep(AGAIN_SECONDS if taken is None else GONE_SECONDS)
    flush_lines(LINGER_SECONDS)
    os._exit(1)


def last_word(detail: str, environment: Mapping[str, str], hint: str) -> dict[str, object]:
    try:
        run_id = json.loads(environment.get("LAUNCHER_RUN", ""))["run_id"]
    except (ValueError, KeyError, TypeError):
        run_id = ""
    at = datetime.now(timezone.utc).isoformat()  # noqa: UP017 (Python 3.10 has to get this far to be told)
    start = {"event": "ended", "at": at, "run_id": run_id, "seq": 1}
    return {**start, "reason": "boot_failed", "detail": detail, "hint": hint}


def release(first: int, ways: Sequence[Way]) -> int | None:
    """Each way to end this pod, that one first, until one is taken: its number. Never raises."""
    for step in range(len(ways)):
        number = (first + step) % len(ways)
        name, method, url, headers, body = ways[number]
        try:
            request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
            with urllib.request.urlopen(request, timeout=30, context=trusted()):
                return number
        except Exception as exc:
            say(f"{name} was not taken ({getattr(exc, 'code', type(exc).__name__)})")
    return None


def place_in(environment: Mapping[str, str]) -> str:
    """Where this pod is: what the launcher named, or else whose variables are there."""
    try:
        named = json.loads(environment.get("LAUNCHER_RUN", ""))["place"]
    except (ValueError, KeyError, TypeError, RecursionError):
        named = None
    if isinstance(named, str) and named in PLACES:
        return named
    found = [name for name, (pod_id, _, _) in PLACES.items() if pod_id in environment]
    return found[0] if found else DEFAULT_PLACE


def runpod_ways(environment: Mapping[str, str]) -> Sequence[Way]:
    pod_id, key, url = (environment.get(name, "") for name in PLACES["runpod"])
    pod = f"{url or 'https://api.runpod.io'}/v2/pods/{pod_id}"
    headers = {
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        "Authorization": f"Bearer {key}",
    }
    return (
        ("delete", "DELETE", pod, headers, None),
        ("terminate", "POST", f"{pod}/action", headers, b'{"action": "terminate"}'),
        ("stop", "POST", f"{pod}/action", headers, b'{"action": "stop"}'),
    )


WAYS: Mapping[str, Callable[[Mapping[str, str]], Sequence[Way]]] = {
    "runpod": runpod_ways,
}
"""How a pod ends itself at each place. One that is not here ends with its container."""


def say(text: str) -> None:
    put_out(f"bootstrap: {text}")


def put_out(line: str) -> None:
    with contextlib.suppress(queue.Full):
        LINES.put_nowait(line)


def start_printing() -> None:
    if PRINTING.acquire(blocking=False):  # once
        with contextlib.suppress(RuntimeError):  # no more threads here: go on in silence
            threading.Thread(target=print_lines, daemon=True).start()


def print_lines() -> None:
    while True:
        line = LINES.get()
        with contextlib.suppress(OSError, ValueError):
            print(line, flush=True)
        LINES.task_done()


def flush_lines(seconds: float) -> None:
    """Wait until what was said is out, at most so long."""
    until = time.monotonic() + seconds
    while LINES.unfinished_tasks and time.monotonic() < until:
        time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
