"""The first seconds of a pod whose image is not ours: fetch our wheel, check it, install it, become the agent.

The source of this file travels in the pod's start command. So it is standard library alone, knows nothing
but its two arguments (address and sha256 of the wheel) and the environment, and imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import importlib.metadata
import io
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
import typing
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

USER_AGENT = "pod-launcher-bootstrap"
OLDEST_PYTHON = (3, 11)
AGENT_NEEDS = {
    "httpx": ("0.28", "1"),
    "huggingface-hub": ("2.2", "3"),
    "pydantic": ("2.10", "3"),
    "tenacity": ("9.1", "10"),
}
"""What does from these versions on, and no longer from those; anything else is installed at the image's pin."""
PLACES = {"runpod": ("RUNPOD_POD_ID", "RUNPOD_API_KEY", "RUNPOD_API_BASE_URL")}
"""The variables of each place, as `pod_image.contract.places` has them: a pod's id, its key, a stand-in's address."""
DEFAULT_PLACE = "runpod"
SECRETS = ("HF_DATASET_TOKEN", "HF_UPLOAD_TOKEN", *(key for _, key, _ in PLACES.values() if key))
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
    """The pod cannot become an agent; the text is for the person."""


def main(url: str, sha256: str) -> None:
    """Become the agent, or say why not and end the pod. Does not return."""
    start_printing()
    give_up_in(INSTALL_SECONDS)
    try:
        if sys.version_info < OLDEST_PYTHON:
            raise Trouble(
                f"The image has Python {sys.version.split()[0]}; 3.11 or newer is needed."
            )
        done = (
            Path(os.environ.get("LAUNCHER_FOLDER") or ".").absolute() / f"installed-{sha256[:16]}"
        )
        if not done.is_file():  # a container that was started again has it all
            install(url, sha256)
            done.parent.mkdir(parents=True, exist_ok=True)
            done.touch()
    except Exception as exc:
        detail = str(exc) if isinstance(exc, Trouble) else f"{type(exc).__name__} while installing"
        end_pod(detail)
    flush_lines(2.0)
    try:
        os.execv(sys.executable, [sys.executable, "-P", "-m", "pod_image"])
    except OSError as exc:
        end_pod(f"The agent could not be started: {exc.strerror}.")


def give_up_in(seconds: float) -> None:
    """End the pod by then, whatever hangs; the agent that this process becomes has a watch of its own."""
    late = threading.Timer(seconds, end_pod, ["Installing the agent took over an hour."])
    late.daemon = True
    with contextlib.suppress(RuntimeError):  # no more threads here
        late.start()


def install(url: str, sha256: str) -> None:
    """Put the wheel and what is missing beside it into this interpreter. Raises Trouble."""
    say("fetching the agent")
    content = fetch(url, os.environ.get("HF_UPLOAD_TOKEN", ""))
    check(content, sha256)
    wheel = Path(url.rpartition("/")[2])
    wheel.write_bytes(content)
    pip("--no-deps", "--no-index", "--upgrade", "--force-reinstall", str(wheel))
    wheel.unlink()
    absent = missing(needs(os.environ.get("LAUNCHER_RUN", ""), content), pins(content))
    if absent:
        say("installing " + ", ".join(absent))
        pip("--upgrade", *absent)
    make_trainer()


def fetch(url: str, token: str, tries: int = FETCH_TRIES, pause_seconds: float = 1.0) -> bytes:
    """The file behind the address. The token goes to that server alone, not to where it redirects."""
    for attempt in range(1, tries + 1):
        request = urllib.request.Request(url, headers={"User-Agent": USER_AGENT})
        request.add_unredirected_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
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


def needs(run_document: str, wheel: bytes) -> dict[str, tuple[str, str]]:
    """What the agent needs, and what the run's recipe says in the wheel that it needs; most bring their own.

    A setting that is on may need more: `packages-<setting>.txt`; and so may a value: `packages-<setting>-<value>.txt`.
    """
    text = ""
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        settings = json.loads(run_document)["settings"]
        folder = settings["recipe"].replace("-", "_")
        ons = [f"-{name}" for name, value in settings.items() if value and value != "off"]
        for more in ("", *ons, *(f"-{name}-{value}" for name, value in settings.items())):
            with contextlib.suppress(KeyError):
                text += in_wheel(wheel, f"recipes/{folder}/packages{more}.txt") + "\n"
    spans = (re.fullmatch(r"([\w.-]+)>=([\w.]+),<([\w.]+)", line) for line in lines_of(text))
    return {**AGENT_NEEDS, **{span[1]: (span[2], span[3]) for span in spans if span}}


def pins(wheel: bytes) -> dict[str, str]:
    """The image's own versions, which the wheel carries."""
    return dict(line.split("==") for line in lines_of(in_wheel(wheel, "requirements.txt")))


def in_wheel(wheel: bytes, name: str) -> str:
    """Text of a file of our package. Raises KeyError when it is not there."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        return archive.read(f"pod_image/{name}").decode()


def lines_of(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def missing(wanted: Mapping[str, tuple[str, str]], pinned: Mapping[str, str]) -> list[str]:
    """What has to be installed, as pip takes it: at the image's version, or within its span without one."""
    return [
        f"{name}=={pinned[name]}" if name in pinned else f"{name}>={span[0]},<{span[1]}"
        for name, span in wanted.items()
        if not is_there(name, span)
    ]


def is_there(name: str, span: tuple[str, str]) -> bool:
    try:
        found = numbers(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return False
    return numbers(span[0]) <= found < numbers(span[1])


def numbers(version: str) -> tuple[int, ...]:
    """2.13.0+cu130 as (2, 13, 0)."""
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


def pip(*arguments: str) -> None:
    """Wheels alone, and without the keys: installing runs nobody's code, and could not read them if it did."""
    kept = {name: value for name, value in os.environ.items() if name not in SECRETS}
    environment = {**kept, "PIP_BREAK_SYSTEM_PACKAGES": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    command = [sys.executable, "-P", "-m", "pip", "install", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", *arguments]
    if subprocess.run(command, env=environment).returncode != 0:
        raise Trouble("pip could not install what the agent needs; the lines above say why.")


def make_trainer() -> None:
    """The user that training runs as, apart from the agent's keys. Where the cloud is a stand-in on somebody's
    own computer, no user is made."""
    has_stand_in = any(url and os.environ.get(url) for _, _, url in PLACES.values())
    if has_stand_in or os.geteuid() != 0:
        return
    command = ["useradd", "--create-home", "--shell", "/usr/sbin/nologin", "trainer"]
    subprocess.run(command, stderr=subprocess.DEVNULL)


def end_pod(detail: str, environment: Mapping[str, str] = os.environ) -> typing.NoReturn:
    """Say why, as the agent would, then end this pod. Never returns: an exited container is started again, but for
    a place where the container's end is the pod's own."""
    start_printing()
    say(detail)
    put_out(json.dumps(last_word(detail, environment)))
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


def last_word(detail: str, environment: Mapping[str, str]) -> dict[str, object]:
    try:
        run_id = json.loads(environment.get("LAUNCHER_RUN", ""))["run_id"]
    except (ValueError, KeyError, TypeError):
        run_id = ""
    at = datetime.now(timezone.utc).isoformat()  # noqa: UP017 (Python 3.10 has to get this far to be told)
    start = {"event": "ended", "at": at, "run_id": run_id, "seq": 1}
    return {**start, "reason": "boot_failed", "detail": detail}


def release(first: int, ways: Sequence[Way]) -> int | None:
    """Each way to end this pod, that one first, until one is taken: its number. Never raises."""
    for step in range(len(ways)):
        number = (first + step) % len(ways)
        name, method, url, headers, body = ways[number]
        try:
            request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
            with urllib.request.urlopen(request, timeout=30):
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
