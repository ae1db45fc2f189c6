"""`launcher doctor`: is everything in place, and if not, what to do."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from launcher import __version__
from launcher.cli.documents.account import CheckFacts, Doctor
from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.session import find
from launcher.cli.session import run as at_bench
from launcher.cli.terminal.layout import paragraph
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output, style
from launcher.config import hub_address, read_config
from launcher.errors import BadEnvironment, LauncherError
from launcher.providers.registry import access_to
from launcher.services.account.key_check import KeyCheck, check_keys
from launcher.services.common.our_image import compared
from launcher.services.common.workbench import Workbench
from launcher.stores.secrets import KeyName, Keys
from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.common_settings import DEFAULT_IMAGE
from pod_image.contract.next_steps import Said
from pod_image.contract.server_time import server_time
from pod_image.contract.surroundings import hub_faults, network_faults, read_no_proxy

app = command_app()
EXTRAS = {
    "audio": ("av", "soundfile", "soxr", "piper", "onnxruntime"),
    "demo": ("torch", "onnx"),
}
CLOCK_MAY_DIFFER = timedelta(seconds=60)
"""A deadline is absolute time: a clock that is wrong by more would shorten or lengthen runs."""
_LIBRARIES = ("huggingface_hub", "httpx", "pydantic", "typer", "keyring")


@dataclass(frozen=True)
class Check:
    """One thing looked at. `is_good` is None where it is only good to know."""

    name: str
    is_good: bool | None
    detail: str
    hint: str = ""


@app.command()
def doctor(
    image: Annotated[str, typer.Option(help="Image to look up in its registry.")] = DEFAULT_IMAGE,
    registry: Annotated[
        str, typer.Option(metavar="ID", help="RunPod registry credential, if the image is private.")
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check keys, balance, clock, image, folders, versions and extras. Nothing is changed."""
    keys = find()
    checks = [_versions(), _folders(), *_extras(), *_environment()]
    checks += _answers(keys, image, registry, [check.detail for check in checks])
    bad = [check for check in checks if check.is_good is False]
    document: Doctor = {
        "schema": "doctor",
        "version": 1,
        "checks": [_document(check) for check in checks],
    }
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: "\n".join(_line(check) for check in checks),
        quiet="\n".join(f"{check.name}: {check.detail}" for check in bad),
    )
    if bad:
        raise typer.Exit(1)


def _answers(keys: Keys, image: str, registry: str, said: Sequence[str]) -> list[Check]:
    """What is asked of others and of the history. What cannot be opened is named, unless it was `said`, and the rest
    is asked without it.
    """
    found: list[Check] = []
    without = replace(keys, runpod=None)
    for name, given, needs_history in (
        ("history", keys, True),
        ("key runpod", keys, False),
        ("key runpod", without, False),
    ):
        try:
            asked = at_bench(
                given,
                lambda bench, given=given: _asked(bench, given, image, registry),  # type: ignore[misc]
                ends_pods=not needs_history,
            )
        except LauncherError as error:
            check = Check(name, False, in_terminal(error.message), in_terminal(error.hint))
            # What keeps coming without the history was never about it.
            found = [each for each in found if each.detail != check.detail] + [check]
            continue
        known = {each.name for each in found}
        found += [check for check in asked if check.name not in known]
        break
    unopened = ("history", "key runpod")
    return [check for check in found if check.name not in unopened or check.detail not in said]


def _environment() -> list[Check]:
    """What this process was started with, as far as it keeps it from being answered; quiet where it does not."""
    faults = (*network_faults(), *hub_faults(hub_address()))
    unread = read_no_proxy()
    checks = [_environment_check(fault.message, fault.hint) for fault in faults]
    if unread:
        what = f"NO_PROXY contains entries that are not hosts: {', '.join(unread)}."
        checks.append(_environment_check(what, "Correct them; they are ignored."))
    return checks or [Check("environment", True, "nothing in it blocks requests to services")]


def _environment_check(said: Said, hint: Said) -> Check:
    return Check("environment", False, in_terminal(said), in_terminal(hint))


async def _asked(bench: Workbench, keys: Keys, image: str, registry: str) -> list[Check]:
    checks = [_key(name, found) for name, found in (await check_keys(bench, keys)).items()]
    checks.append(await _clock(bench.config.hub_url))
    checks.append(await _interface(bench))
    checks.append(await _image(bench, image, registry))
    live = bench.runs.live()
    if live:
        names = ", ".join(run.run_id for run in live)
        checks.append(
            Check("runs", None, f"may still cost money: {names}", f"launcher show {live[0].run_id}")
        )
    return checks


async def _interface(bench: Workbench) -> Check:
    place = bench.place
    found = await access_to(place).check_interface(
        place.address(bench.config.place_urls, bench.config.hub_url), None
    )
    return Check(
        f"{place.title}'s API", found.is_good, in_terminal(found.sentence), in_terminal(found.hint)
    )


def _key(name: KeyName, found: KeyCheck | None) -> Check:
    label = f"key {name.value}"
    if found is None:
        return Check(label, False, "missing", f"launcher keys set {name.value}")
    return Check(label, found.state.is_usable, in_terminal(found.sentence), in_terminal(found.hint))


async def _clock(url: str) -> Check:
    """This computer's clock against the date of an answer that needs no key."""
    import httpx

    from launcher.open_http import open_http

    try:
        async with open_http(timeout=10.0) as client:
            answer = await client.head(url)
    except (BadEnvironment, httpx.HTTPError, ValueError) as exc:
        return Check("clock", None, f"could not be compared ({type(exc).__name__})")
    theirs = server_time(answer.headers.get("Date"), answer.headers.get("Age"))
    if theirs is None:
        return Check("clock", None, "could not be compared (the answer has no date)")
    apart = abs(datetime.now(UTC) - theirs)
    if apart <= CLOCK_MAY_DIFFER:
        return Check("clock", True, "agrees with Hugging Face's")
    return Check(
        "clock",
        False,
        f"is {apart.total_seconds():.0f} s off",
        "Set the clock: deadlines depend on it.",
    )


def _versions() -> Check:
    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    return Check(
        "versions",
        True,
        f"launcher {__version__}, Python {platform.python_version()}, {libraries}",
    )


async def _image(bench: Workbench, image: str, registry: str) -> Check:
    ours = f" (contract {CONTRACT_VERSION})" if image == DEFAULT_IMAGE else ""
    found = await bench.images.look(image, has_credential=bool(registry))
    if found is None:
        return Check("image", None, f"{image}{ours}, not checked: the cloud is simulated")
    if found.is_good:
        found = compared(image, found)
    return Check("image", found.is_good, found.sentence + ours, in_terminal(found.hint))


def _folders() -> Check:
    try:
        config = read_config()
        config.make_folders()
    except BadEnvironment as error:
        return Check("folders", False, str(error.message), str(error.hint))
    return Check("folders", True, f"{config.config_folder}, {config.data_folder}")


def _extras() -> list[Check]:
    checks = []
    for extra, modules in EXTRAS.items():
        absent = [name for name in modules if importlib.util.find_spec(name) is None]
        if absent:
            hint = f"pip install 'pod-launcher[{extra}]'"
            checks.append(
                Check(f"extra {extra}", None, f"not installed ({', '.join(absent)})", hint)
            )
        else:
            checks.append(Check(f"extra {extra}", True, "installed"))
    return checks


def _document(check: Check) -> CheckFacts:
    return {
        "name": check.name,
        "is_good": check.is_good,
        "detail": check.detail,
        "hint": check.hint,
    }


def _line(check: Check) -> str:
    words: dict[Any, tuple[str, str]] = {
        True: ("ok", "green"),
        False: ("no", "bold red"),
        None: ("--", "dim"),
    }
    word, look = words[check.is_good]
    lines = paragraph(f"{word}  {check.name}: {check.detail}", hanging=4)
    text = style(word, look) + lines[len(word) :]
    return f"{text}\n{paragraph(check.hint, indent=4)}" if check.hint else text
