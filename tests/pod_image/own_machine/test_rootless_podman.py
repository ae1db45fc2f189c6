"""A run in a real container of rootless Podman: what it sees, that no key shows, and that all of it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from launcher.providers.local.wire import answer_in
from launcher.services.planning.compose import compose
from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.environment import Attempt, RunDocument
from pod_image.own_machine.run_place import RunPlace
from tests.kit.rootless_podman import IMAGE, WHY_NOT, RootlessPodman, rootless_podman

NONCE = "abcdefghij"
TOKEN = "hub-token-0123456789"
PATIENCE_SECONDS = 60.0
LOOKS_AROUND = (
    "id -u; cat {home}/diary; ls /root {home}; mkdir -p out; echo half > out/part.txt; echo at work; "
    "while [ ! -e $LAUNCHER_FOLDER/enough ]; do sleep 0.1; done; echo all > out/part.txt"
)


@pytest.fixture(scope="module")
def podman() -> Iterator[RootlessPodman]:
    with rootless_podman() as found:
        if found is None:
            pytest.skip(WHY_NOT)
        (found.home / "diary").write_text("a secret of the person")
        found.user.give(found.home / "diary")
        yield found


def until(happens: Callable[[], Any], said: Callable[[], str]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not happens():
        assert time.monotonic() < give_up_at, said()
        time.sleep(0.1)


def ask(podman: RootlessPodman, verb: str, **asked: Any) -> dict[str, Any]:
    program = ["/usr/bin/python3", "-P", "-m", "pod_image.own_machine", verb]
    done = podman.call(program, json.dumps(asked))
    answer = answer_in(done.stdout)
    assert answer is not None, done.stderr
    assert "ok" in answer, answer
    return dict(answer["ok"])


def started(podman: RootlessPodman, run_id: str) -> RunPlace:
    """A run that looks around and then waits; its results go to a folder."""
    settings = compose(
        None,
        {
            "recipe": "command",
            "argv": ["sh", "-c", LOOKS_AROUND.format(home=podman.home)],
            "provider": "local",
            "results_folder": str(podman.home / "results"),
            "run_id": run_id,
            "container": "on",
            "container_image": IMAGE,
            "boot_minutes": 7.0,
        },
    ).settings
    document = RunDocument(
        contract=CONTRACT_VERSION,
        run_id=run_id,
        attempt=Attempt(number=1, nonce=NONCE),
        settings=settings,
        deadline=datetime.now(UTC) + timedelta(hours=1),
        price_per_hour_usd=0.0,
        place="local",
    ).to_json()
    place = RunPlace(podman.runs / f"{run_id}-a1-{NONCE}")
    ask(
        podman,
        "start",
        pod_id=place.pod_id,
        name=f"launcher-{place.pod_id}",
        nonce=NONCE,
        run_json=document,
        gpu_type="cpu",
        gpu_count=1,
        environment={"LAUNCHER_RUN": document},
        variable="LAUNCHER_LOCAL_RUN",
        keys={"HF_UPLOAD_TOKEN": TOKEN},
    )
    until(lambda: "| at work" in place.log.read_text(), place.log.read_text)
    return place


def containers(podman: RootlessPodman) -> list[str]:
    words = [
        "podman",
        "ps",
        "--all",
        "--filter",
        "label=pod-launcher.run",
        "--format",
        "{{.Names}}",
    ]
    return podman.call(words).stdout.split()


@pytest.mark.promise("secrets-nowhere")
@pytest.mark.slow
def test_a_run_in_a_container_sees_none_of_the_persons_files_delivers_and_leaves_nothing(
    podman: RootlessPodman,
) -> None:
    place = started(podman, "run-01")
    said = place.log.read_text()
    assert f"| {podman.user.uid}" in said
    assert "a secret of the person" not in said
    assert "| program" in said  # of the home there is what leads to the mounted folders, no more
    assert "| runtime" not in said
    assert containers(podman) == [f"pod-launcher-{place.pod_id}"]
    inspected = podman.call(["podman", "inspect", *containers(podman)]).stdout
    assert place.pod_id in inspected
    assert TOKEN not in inspected
    told = ask(
        podman,
        "execute",
        pod_id=place.pod_id,
        argv=["sh", "-c", f"pwd; cat {podman.home}/diary; : > enough"],
        seconds=30,
    )
    assert (told["stdout"].strip(), told["exit_code"]) == (str(place.disk), 0)
    until(lambda: place.ended, place.log.read_text)
    assert place.ended["code"] == 0
    assert (podman.home / "results/run-01/files/out/part.txt").read_text() == "all\n"
    until(lambda: not place.disk.exists(), place.log.read_text)
    assert containers(podman) == []
    assert TOKEN not in place.log.read_text()


@pytest.mark.promise("money-release")
@pytest.mark.slow
def test_a_container_is_ended_from_outside_with_all_that_is_in_it(podman: RootlessPodman) -> None:
    place = started(podman, "run-02")
    assert [each["id"] for each in ask(podman, "list")["runs"]] == [place.pod_id]
    podman.call(["sh", "-c", f"kill -KILL {place.process['pid']}"])
    assert [each["id"] for each in ask(podman, "list")["runs"]] == [place.pod_id]
    assert ask(podman, "end", pod_id=place.pod_id) == {}
    assert containers(podman) == []
    assert ask(podman, "list") == {"runs": []}
    assert (place.disk / "run").is_dir()
