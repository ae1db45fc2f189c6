"""Each named fault of the demo meets something in a run, or is refused with the reason; at the end it is said how
often it struck."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from launcher.cli import app
from launcher.cli.completing import complete
from launcher.cli.demo_faults import (
    LONG_SECONDS,
    NEEDS_LARGE_FILE,
    NEEDS_TIME,
    command_that_shows,
    refuse_what_shows_nothing,
    struck_text,
)
from launcher.cli.demo_run import DemoOrder, _config, _run
from launcher.cli.terminal.output import Output
from launcher.demo.cloud import demo_cloud, fault_list
from launcher.demo.recipes import DemoRecipe
from launcher.emulator.hub import NAMED_FAULTS
from launcher.emulator.registry import FAULTS as OF_REGISTRIES
from launcher.emulator.runpod import FAULTS
from launcher.emulator.runpod.faults import DEMO, DEMO_STRIKES_FIRST
from launcher.errors import InvalidRequest
from tests.kit.processes import demo_in_background

NEEDS_A_PERSON = {"exec-refused"}
NEEDS_NODES = {"members-delete-cluster", "cluster-pods-late"}
MEETS = {
    **dict.fromkeys([name for name in FAULTS if name.startswith("create-")], r"^POST /v2/pods$"),
    **dict.fromkeys(["list-lag", "list-empty", "clock-skew"], r"^GET /v2/pods$"),
    **dict.fromkeys(["stuck-provisioning", "pod-error", "slow-image-pull"], r"^POST /v2/pods$"),
    **dict.fromkeys(["no-container", "dearer-than-listed"], r"^POST /v2/pods$"),
    **dict.fromkeys(["no-capacity", "insufficient-balance"], r"^POST /v2/pods$"),
    **dict.fromkeys(["server-errors", "rate-limited", "html-error-page", "slow-replies"], r"^GET "),
    "dropped-replies": r"^GET ",
    **dict.fromkeys(["delete-500", "delete-ignored", "delete-404"], r"^DELETE /v2/pods/\w+$"),
    **dict.fromkeys(["log-stream-cuts", "logs-unavailable"], r"^GET /v2/pods/\w+/logs$"),
    "secrets-refused": r"^\w+ /v2/account/secrets",
    "pod-key-refused": r"^GET /v2/pods/\w+$",
}
"""What each fault of the cloud strikes; those of the Hub say it themselves."""


@dataclass(frozen=True)
class Seen:
    """All requests of one run with the shortest command that has a large file, as `METHOD path`."""

    cloud: tuple[str, ...]
    hub: tuple[str, ...]
    log_lines: int
    registry: tuple[str, ...]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    root = tmp_path_factory.mktemp("run")
    order = DemoOrder(recipe=DemoRecipe.COMMAND, faults=tuple(NEEDS_LARGE_FILE))
    with demo_cloud(root) as cloud:
        began = len(cloud.hub.core.log)
        assert cloud.registry is not None
        outcome = complete(_run(order, cloud, _config(root, cloud), root, Output(quiet=True)))
        assert outcome.followed.run.end_reason == "finished"
        yield Seen(
            tuple(f"{one.method} {one.path}" for one in cloud.runpod.requests),
            tuple(f"{one.method} {one.path}" for one in cloud.hub.core.log[began:]),
            outcome.followed.last_word.seq if outcome.followed.last_word else 0,
            tuple(f"{one.method} {one.path}" for one in cloud.registry.app.seen),
        )


@pytest.mark.parametrize(
    "name", [name for name in FAULTS if name not in NEEDS_A_PERSON | NEEDS_NODES]
)
def test_each_fault_of_the_cloud_meets_something_in_the_shortest_run(seen: Seen, name: str) -> None:
    times, options = DEMO.get(name, (None, {}))
    if name in NEEDS_TIME:
        striker = DEMO_STRIKES_FIRST.get(name, name)
        assert DEMO[striker][1]["seconds"] + 10 < LONG_SECONDS
        assert f"sleep({LONG_SECONDS})" in command_that_shows([name])
        return
    met = [one for one in seen.cloud if re.search(MEETS[name], one)]
    assert met, seen.cloud
    if name == "log-stream-cuts":
        assert options["lines"] < seen.log_lines
    if name.startswith("delete"):
        return  # struck again whenever the pod tries again
    assert len(met) >= 1 or times is None


def test_the_demos_plan_passes_by_its_registry(seen: Seen) -> None:
    assert "HEAD /v2/pod-launcher/pod-image/manifests/0.1.0" in seen.registry


def test_an_image_that_the_demos_registry_does_not_have_rents_nothing(tmp_path: Path) -> None:
    order = DemoOrder(recipe=DemoRecipe.COMMAND, faults=("image-absent",))
    with demo_cloud(tmp_path, {"image-absent": True}) as cloud:
        with pytest.raises(InvalidRequest, match="does not exist"):
            complete(_run(order, cloud, _config(tmp_path, cloud), tmp_path, Output(quiet=True)))
        assert cloud.struck["image-absent"] == 1
        # What the registry does not have, no pod of the demo can pull.
        assert "manifest unknown" in str(cloud.runpod.world.images.obstacle("python:3.12", False))
        assert not [
            one for one in cloud.runpod.requests if one.method == "POST" and "pods" in one.path
        ]


@pytest.mark.parametrize("name", NAMED_FAULTS)
def test_each_fault_of_the_hub_meets_something_in_the_shortest_run(seen: Seen, name: str) -> None:
    (rule,) = NAMED_FAULTS[name].rules(0.0)
    met = [number for number, one in enumerate(seen.hub) if re.search(rule.pattern, one)]
    assert met, seen.hub
    if name == "token-revoked":
        first_commit = next(n for n, one in enumerate(seen.hub) if "/commit/" in one)
        assert met[-1] > first_commit


def test_each_name_is_held_by_one_of_these_tests_or_refused() -> None:
    of_cloud = {*MEETS, *NEEDS_TIME, *NEEDS_A_PERSON, *NEEDS_NODES}
    of_hub = {f"hub-{name}" for name in NAMED_FAULTS}
    assert set(fault_list()) == of_cloud | of_hub | set(OF_REGISTRIES)
    for name in NEEDS_NODES:
        for is_headless in (False, True):
            with pytest.raises(InvalidRequest, match="happens to a run on several nodes"):
                refuse_what_shows_nothing([name], is_headless=is_headless)
    for name in set(fault_list()) - NEEDS_NODES:
        refuse_what_shows_nothing([name], is_headless=False)
        if name in NEEDS_A_PERSON:
            with pytest.raises(
                InvalidRequest, match=f"{name} would have no effect: it happens when"
            ):
                refuse_what_shows_nothing([name], is_headless=True)
        else:
            refuse_what_shows_nothing([name], is_headless=True)


def test_a_fault_that_a_headless_run_cannot_show_is_refused_before_the_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["demo", "--headless", "--recipe", "command", "--fault", "exec-refused", "--json"]
    assert app.run(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "a headless run sends none" in json.loads(said.err)["error"]["message"]


def test_a_fault_that_ended_the_run_is_told_with_the_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUNCHER_HOME", str(tmp_path))
    words = ["demo", "--headless", "--recipe", "command", "--json"]
    assert app.run([*words, "--fault", "no-capacity", "--fault", "pod-vanishes"]) == 4
    hint = json.loads(capsys.readouterr().err.splitlines()[-1])["error"]["hint"]
    assert re.search(
        r"no-capacity struck (once|twice|\d+ times), pod-vanishes struck nothing", hint
    )


def test_a_fault_that_never_struck_is_said_to_have_struck_nothing(tmp_path: Path) -> None:
    words = ("--no-base", "--no-browser", "--fault", "exec-refused")
    with demo_in_background(tmp_path, *words) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Open http"):
                break
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Faults: exec-refused struck nothing." in rest


def test_how_often_is_said_in_words() -> None:
    assert struck_text({"a": 0, "b": 1, "c": 2, "d": 7}) == (
        "a struck nothing, b struck once, c struck twice, d struck 7 times"
    )
    assert struck_text({}) == ""
