"""Where a person is told of their runs, at a terminal: chosen, kept, named by the plan, tested."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest

from launcher.cli.commands import notify
from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.key_store import InMemory
from tests.kit.receivers import NTFY, SECRET_WORDS, WEBHOOK

RUN = (*COMMAND_RUN, "--max-hours", "1")
WORK = ("--", "true")


@pytest.fixture(autouse=True)
def ring() -> Iterator[InMemory]:
    """A keyring of this test alone."""
    before, mine = keyring.get_keyring(), InMemory()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def kept_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_with_no_address_the_plan_says_quietly_that_nobody_is_told(shell: Shell) -> None:
    said = shell("plan", *RUN, *WORK)
    assert "Notify none while this computer is off (--notify ntfy://TOPIC)" in said.text
    document = shell("plan", *RUN, "--json", *WORK).json
    assert document["told"] == {"here": [], "from_pod": []}
    assert not any("told" in str(each) for each in document["remarks"])


def test_the_plan_names_the_host_that_its_pod_tells_at_and_hands_the_address_over(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUNCHER_NOTIFY", f"{NTFY} desktop")
    said = shell("plan", *RUN, *WORK)
    assert (
        "Notify ntfy.test, from the pod, even while this computer is off desktop, while this computer "
        "follows the run" in said.text
    )
    assert "the Hugging Face tokens and your address at ntfy.test, as account secrets" in said.text
    curl = shell("plan", *RUN, "--curl", *WORK)
    assert "<your notification addresses>" in curl.out
    assert "LAUNCHER_NOTIFY" in curl.out
    assert not any(word in said.text + curl.out for word in SECRET_WORDS)


def test_an_address_is_kept_here_where_the_person_says_so(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUNCHER_NOTIFY", NTFY)
    said = shell("plan", *RUN, "--notify-here", *WORK)
    assert "Notify ntfy.test, while this computer follows the run; none while it" in said.text
    assert "LAUNCHER_NOTIFY" not in shell("plan", *RUN, "--notify-here", "--curl", *WORK).out
    assert "Notify none while" in shell("plan", *RUN, "--no-notify", *WORK).text


def test_a_run_is_told_of_from_its_order_to_its_end_and_no_address_is_kept(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LAUNCHER_NOTIFY", NTFY)
    said = shell("deploy", *RUN, "--yes", "--notify", "desktop", *WORK)
    assert said.code == 0
    assert shell.harness.told.kinds("desktop") == ["armed", "ended"]
    assert shell.harness.told.kinds("ntfy.test") == [
        "armed",
        "ended",
    ]  # the scripted pod says nothing of it
    assert not any(word in said.text for word in SECRET_WORDS)
    shown = shell("show", "--json").out + shell("runs", "--json").out
    assert not any(word in shown for word in SECRET_WORDS)
    kept = kept_on_disk(tmp_path / "home")
    assert not any(word.encode() in kept for word in SECRET_WORDS)


def test_a_detached_run_has_told_that_it_is_armed_and_its_watcher_tells_the_rest(
    shell: Shell,
) -> None:
    said = shell("deploy", *RUN, "--yes", "--detach", "--notify", "desktop", *WORK)
    assert said.code == 0
    assert shell.harness.told.kinds("desktop") == ["armed"]
    assert shell("watch", "--notify", "desktop").code == 0
    assert shell.harness.told.kinds("desktop") == ["armed", "ended"]


@pytest.mark.parametrize("command", [("deploy", *RUN, "--yes"), ("watch",), ("notify", "test")])
def test_an_address_with_a_secret_is_refused_as_an_argument(
    shell: Shell, command: tuple[str, ...]
) -> None:
    words = (*command, WEBHOOK) if command[0] == "notify" else (*command, "--notify", WEBHOOK)
    said = shell(*words, *(WORK if command[0] == "deploy" else ()))
    assert said.code == 2
    assert "Store it instead: launcher keys set notify" in said.text
    assert shell.rented == 0
    assert not any(word in said.text for word in SECRET_WORDS)


def test_an_address_that_is_none_is_refused_before_anything_is_rented(shell: Shell) -> None:
    said = shell("deploy", *RUN, "--yes", "--notify", "nonsense://x", *WORK)
    assert (said.code, shell.rented) == (2, 0)
    assert "Apprise does not know addresses that start with nonsense://" in said.text


def test_addresses_are_kept_in_the_keyring_like_a_key_and_used_from_there(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, ring: InMemory
) -> None:
    typed = iter([f"{NTFY} desktop", "nonsense://Very-Secret-1"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(typed))
    assert "Stored in the keyring: notify" in shell("keys", "set", "notify").text
    assert list(ring.kept.values()) == [f"{NTFY} desktop"]
    refused = shell("keys", "set", "notify")
    assert (refused.code, list(ring.kept.values())) == (2, [f"{NTFY} desktop"])
    assert "Secret" not in refused.text
    listed = shell("notify", "list", "--json").json["addresses"]
    assert listed == [
        {"address": "ntfy.test", "source": "keyring", "from_pod": True},
        {"address": "desktop", "source": "keyring", "from_pod": False},
    ]
    assert "ntfy.test, from the pod" in shell("plan", *RUN, *WORK).text
    assert shell("keys", "forget", "notify").code == 0
    assert ring.kept == {}


def test_a_preference_holds_for_every_run_and_holds_no_secret(shell: Shell) -> None:
    assert "Notifications about every run go to desktop." in shell("notify", "set", "desktop").text
    assert shell("notify", "list", "--json").json["addresses"] == [
        {"address": "desktop", "source": "preference", "from_pod": False}
    ]
    assert "desktop, while this computer follows the run" in shell("plan", *RUN, *WORK).text
    assert shell("notify", "set", WEBHOOK).code == 2
    assert shell("notify", "set").code == 0
    assert "No notifications are set up" in shell("notify", "list").text


def test_one_test_message_goes_to_every_address_and_what_failed_is_said(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: Any = shell.harness.told
    monkeypatch.setattr(notify, "SENDER", told)
    monkeypatch.setenv("LAUNCHER_NOTIFY", f"{NTFY} desktop")
    assert shell("notify", "test").code == 0
    assert [news.kind for _, news, _ in told.got] == ["test", "test"]
    told.whys["ntfy.test"] = "the server answered 403"
    said = shell("notify", "test", "--json")
    assert said.code == 5
    assert said.json["tests"][0] == {
        "address": "ntfy.test",
        "sent": False,
        "detail": "the server answered 403",
    }
    assert not any(word in said.text for word in SECRET_WORDS)


def test_without_an_address_a_test_says_how_to_name_one(shell: Shell) -> None:
    said = shell("notify", "test")
    assert said.code == 2
    assert "launcher keys set notify" in said.text


def test_a_plan_that_was_shown_is_launched_with_the_addresses_that_it_named_or_says_what_moved(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUNCHER_NOTIFY", NTFY)
    by_pod = shell("plan", *RUN, "--json", *WORK).json["hash"]
    here = shell("plan", *RUN, "--notify-here", "--json", *WORK).json["hash"]
    assert by_pod != here
    monkeypatch.delenv("LAUNCHER_NOTIFY")
    moved = shell("deploy", "--plan", by_pod, "--yes")
    assert moved.code != 0
    assert "Notifications from its pod: ntfy.test, now none." in moved.text
    monkeypatch.setenv("LAUNCHER_NOTIFY", NTFY)
    assert shell("deploy", "--plan", here, "--yes", "--notify", "desktop").code == 0
    assert "LAUNCHER_NOTIFY" not in shell.harness.runner.started[-1].spec.env
    assert shell.harness.told.kinds("desktop") == ["armed", "ended"]
