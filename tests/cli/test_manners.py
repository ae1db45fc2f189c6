"""How the command line behaves: streams, colours, help, start-up."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import keyring.backends.fail
import pytest

from launcher.cli import app
from launcher.cli.command_list import COMMANDS, root_help
from launcher.cli.commands import doctor
from launcher.cli.terminal.layout import fit, lasted, pairs, table, usd
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output
from launcher.forms.fields import fields
from launcher.forms.option_names import option_of
from launcher.providers.place import Place
from launcher.services.common.image_check import ImageCheck
from launcher.stores.secrets import KeyName, KeyringStore
from pod_image.contract.common_settings import DEFAULT_IMAGE
from tests.cli.conftest import Shell
from tests.kit.key_store import MemoryKeyStore

HEAVY = {
    "nicegui",
    "httpx",
    "keyring",
    "huggingface_hub",
    "pydantic",
    "torch",
    "fastapi",
    "numpy",
    "optuna",
}


def in_fresh_interpreter(*words: str, home: Path) -> tuple[str, set[str]]:
    """What a command prints and which of the heavy libraries it has loaded by its end."""
    program = (
        "import sys; from launcher.cli.app import run; code = run(sys.argv[1:]); "
        f"print('loaded:', *sorted({HEAVY!r} & set(sys.modules))); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LAUNCHER_HOME": str(home)},
    )
    text, _, loaded = done.stdout.rpartition("loaded:")
    return text, set(loaded.split())


@pytest.mark.parametrize("words", [(), ("--help",), ("--version",), ("runs",), ("runs", "--json")])
def test_the_light_commands_load_nothing_heavy(words: tuple[str, ...], tmp_path: Path) -> None:
    text, loaded = in_fresh_interpreter(*words, home=tmp_path)
    assert loaded == set()
    assert text.strip()


@pytest.mark.parametrize("command", ["plan", "deploy", "study create"])
def test_the_help_of_every_setting_loads_what_declares_them_and_no_service(
    command: str, tmp_path: Path
) -> None:
    text, loaded = in_fresh_interpreter(*command.split(), "--help", home=tmp_path)
    assert loaded == {"pydantic"}
    assert all(option_of(field.name) in text for _, group in fields() for field in group)


@pytest.mark.parametrize("words", [("presets", "list"), ("keys", "--help")])
def test_no_command_but_the_page_loads_nicegui_or_torch(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    _, loaded = in_fresh_interpreter(*words, home=tmp_path)
    assert loaded & {"nicegui", "torch", "fastapi"} == set()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("de", ["demo", "deploy"]), ("deploy --qual", ["--quality"]), ("deploy --quality l", ["low"])],
)
def test_a_shell_completes_commands_options_and_choices(typed: str, offered: list[str]) -> None:
    words = f"launcher {typed}"
    done = subprocess.run(
        [sys.executable, "-c", "from launcher.cli.app import main; main()"],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "_LAUNCHER_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        },
    )
    assert done.stdout.split() == offered


def test_root_help_names_every_command_and_fits_eighty_columns() -> None:
    text = root_help()
    assert all(entry.name in text for entry in COMMANDS if entry.section)
    assert "gpus" not in text
    assert max(len(line) for line in text.splitlines()) <= 80


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_every_command_has_help(entry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([entry.name, "--help"]) == 0
    assert "Usage:" in capsys.readouterr().out


def test_every_setting_is_an_option_of_plan_and_deploy(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("plan", "deploy"):
        app.run([command, "--help"])
        text = " ".join(capsys.readouterr().out.split())
        assert all(option_of(field.name) in text for _, members in fields() for field in members)


def test_a_group_alone_shows_its_commands_and_calls_it_no_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert app.run(["keys"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Usage: launcher keys")
    assert "check" in said
    assert app.run(["logs", "--nope"]) == 2
    assert "lists the commands" not in capsys.readouterr().err


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["deplyo"]) == 2
    assert "deploy" in capsys.readouterr().err


def test_an_error_as_json_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["presets", "show", "nothing", "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert json.loads(printed.err)["error"]["code"] == "invalid_request"


class _Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_and_for_those_who_did_not_refuse_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from launcher.cli.terminal.output import uses_colour

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert uses_colour(_Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not uses_colour(_Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not uses_colour(_Terminal())


def test_answers_go_to_stdout_and_talk_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.talk("on the way")
    output.answer({"a": 1}, lambda: "done")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("done\n", "on the way\n")


def test_a_table_is_cut_at_the_terminal_and_aligns_wide_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    text = table(("A", "B"), [("日本", "x"), ("abcde", "y" * 60)])
    lines = text.splitlines()
    assert lines[1].index("x") == 5  # two wide letters and three blanks
    assert lines[2].endswith("…")
    assert all(len(line) <= 40 for line in lines)
    assert pairs([("a", "word " * 20)]).count("\n") >= 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "-"), (4.6, "5 s"), (200, "3 min 20 s"), (60, "1 min"), (7500, "2 h 5 min")],
)
def test_a_length_of_time_is_told_in_two_units(seconds: float | None, words: str) -> None:
    assert lasted(seconds) == words
    assert fit("abcdef", 4) == "abc…"


def test_small_sums_keep_their_digits() -> None:
    assert [usd(x) for x in (None, 0.0, 0.00001, 0.0031, 0.44, 12.5)] == [
        "-",
        "$0.00",
        "under $0.0001",
        "$0.0031",
        "$0.44",
        "$12.50",
    ]


@pytest.mark.parametrize("words", [("--help",), ("presets", "list"), ("presets", "list", "--json")])
def test_a_reader_that_went_away_is_no_error(words: tuple[str, ...], tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "launcher.cli.app", *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LAUNCHER_HOME": str(tmp_path)},
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_presets_are_listed_shown_saved_from_a_run_and_deleted(shell: Shell) -> None:
    assert "quick-check" in shell("presets", "list").out
    shown = shell("presets", "show", "quick-check", "--json").json
    assert shown["is_built_in"] is True
    words = ("--recipe", "command", "--results-repo", "demo/voices", "--disk-gb", "17")
    shell("deploy", *words, "--yes", "--quiet", "--", "true")
    assert shell("presets", "save", "mine", "--from", "run-01").code == 0
    settings = shell("presets", "show", "mine", "--json").json["settings"]
    assert settings == {"recipe": "command", "argv": ["true"], "disk_gb": 17}
    assert shell("presets", "save", "quick-check", "--set", "disk_gb=9").code == 2
    assert shell("presets", "delete", "quick-check").code == 2
    assert shell("presets", "delete", "mine").code == 0
    assert shell("presets", "show", "mine").code == 2


def test_gpus_are_listed_with_price_and_can_be_narrowed(shell: Shell) -> None:
    found = shell("gpus", "--min-memory", "40", "--cloud", "secure", "--json").json["offers"]
    offers = [each["offer"] for each in found if each["fits"]]
    assert offers
    assert all((each["memory_gb"] >= 40, each["cloud"]) == (True, "secure") for each in offers)
    prices = [offer["price_per_hour_usd"] for offer in offers]
    assert prices == sorted(prices)
    two = shell("gpus", "--count", "2", "--provider", "runpod", "--json").json["offers"]
    assert {each["offer"]["gpu_count"] for each in two} == {2}
    wanted = ("--recipe", "command", "--gpu-count", "2", "--provider", "runpod", "--json")
    assert two == shell("offers", *wanted).json["offers"]
    assert shell("gpus", "--count", "2", "--gpu-count", "2", "--quiet").code == 0
    torn = shell("gpus", "--count", "2", "--gpu-count", "4")
    assert (torn.code, "--count 2 and --gpu-count 4 contradict" in torn.text) == (2, True)
    assert "AN HOUR" in shell("gpus").out


@pytest.mark.parametrize("words", [("doctor",), ("keys", "check")])
def test_the_accounts_limits_and_the_scopes_a_key_lacks_are_shown(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    shell.world.account.most_pods = 5
    assert "Balance $25.00. Everything running costs $0.00 of at most $80.00" in shell(*words).text
    weak = {"account:read", "graphql:read"}
    monkeypatch.setenv("RUNPOD_API_KEY", shell.world.add_key(kind="restricted", without=weak).value)
    said = shell(*words).text
    assert "Balance $25.00. The key lacks the scope account:read." in said
    assert "Give the key account:read at console.runpod.io/user/settings." in said


def test_doctor_asks_no_registry_where_the_cloud_is_a_stand_in(shell: Shell) -> None:
    checks = {check["name"]: check for check in shell("doctor", "--json").json["checks"]}
    assert checks["image"]["is_good"] is None
    assert DEFAULT_IMAGE in checks["image"]["detail"]


def test_doctor_passes_on_what_the_registry_says_of_the_image_that_was_named(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []

    async def check_image(
        image: str, place: Place, *, has_credential: bool, **_: object
    ) -> ImageCheck:
        asked.append((image, has_credential))
        return ImageCheck(False, f"{image} is not there", "Look at the name.")

    monkeypatch.setattr(Place, "has_stand_in", lambda *_: False)
    monkeypatch.setattr("launcher.services.common.image_looks.check_image", check_image)
    said = shell("doctor", "--image", "me/pod:1", "--registry", "cred-1", "--json")
    checks = {check["name"]: check for check in said.json["checks"]}
    assert asked == [("me/pod:1", True)]
    assert said.code == 1
    assert checks["image"]["detail"] == "me/pod:1 is not there"


@pytest.mark.parametrize(("theirs", "is_good"), [("ab", True), ("cd", False)])
def test_doctor_holds_the_tag_of_our_image_to_the_digest_of_this_release(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, theirs: str, is_good: bool
) -> None:
    async def check_image(
        image: str, place: Place, *, has_credential: bool, **_: object
    ) -> ImageCheck:
        return ImageCheck(True, f"{image} is there", digest=f"sha256:{theirs * 32}")

    monkeypatch.setattr("launcher.image_digest.IMAGE_DIGEST", f"sha256:{'ab' * 32}")
    monkeypatch.setattr(Place, "has_stand_in", lambda *_: False)
    monkeypatch.setattr("launcher.services.common.image_looks.check_image", check_image)
    checks = {check["name"]: check for check in shell("doctor", "--json").json["checks"]}
    assert checks["image"]["is_good"] is is_good


@pytest.mark.parametrize(
    ("seconds_off", "is_good", "said"), [(3, True, "agrees"), (300, False, "300 s off")]
)
async def test_doctor_compares_the_clock_with_an_answer_that_needs_no_key(
    seconds_off: int, is_good: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = format_datetime(datetime.now(UTC) - timedelta(seconds=seconds_off), usegmt=True)
    answer = httpx.Response(200, headers={"Date": theirs})
    transport = httpx.MockTransport(lambda _: answer)
    monkeypatch.setattr(httpx, "AsyncClient", partial(httpx.AsyncClient, transport=transport))
    check = await doctor._clock("https://hub.test")
    assert check.is_good is is_good
    assert said in check.detail.replace("301 s", "300 s")  # the second may turn on the way


async def test_a_clock_that_nobody_answers_about_is_not_called_wrong() -> None:
    check = await doctor._clock("http://127.0.0.1:1")
    assert check.is_good is None


def test_doctor_names_an_extra_that_is_not_installed_with_its_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "EXTRAS", {"audio": ("surely_no_such_library",)})
    (check,) = doctor._extras()
    assert (check.is_good, in_terminal(check.hint)) == (None, "pip install 'pod-launcher[audio]'")


def test_doctor_finds_what_is_missing_and_says_what_to_do(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNPOD_API_KEY")
    said = shell("doctor", "--json")
    checks = {check["name"]: check for check in said.json["checks"]}
    assert said.code == 1
    assert checks["key runpod"]["is_good"] is False
    assert checks["key runpod"]["hint"] == "launcher keys set runpod"
    assert checks["key hf-upload"]["is_good"] is True


def test_keys_check_tells_where_each_key_comes_from(shell: Shell) -> None:
    said = shell("keys", "check", "--json")
    assert said.code == 0
    assert {row["source"] for row in said.json["keys"]} == {"environment"}
    for secret in (shell.world.api_key, "demo-hub-write-token"):
        assert secret not in said.out


def test_a_key_is_never_an_argument(shell: Shell) -> None:
    assert shell("keys", "set", "runpod", "demo-key").code == 2


def test_a_dataset_is_checked_where_it_lies_and_in_its_repo(
    shell: Shell, demo_dataset: str, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    said = shell("dataset", "check", demo_dataset, "--quality", "x-low", "--report", str(page))
    assert "12 of 12 lines" in said.text
    assert page.read_text().startswith("<!doctype html>")
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "metadata.csv").write_text("a|Hello.\n")
    broken = shell("dataset", "check", str(folder), "--json")
    assert broken.code == 2
    assert "file-absent" in broken.json["finding_counts"]
    assert shell("dataset", "check", "no-such-folder").code == 2


class Piped(io.StringIO):
    """Standard input that is no terminal."""


def test_a_key_from_a_pipe_is_kept_and_forgotten_again(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryKeyStore()
    monkeypatch.setattr("launcher.cli.commands.keys.KeyringStore", lambda: store)
    monkeypatch.setattr(sys, "stdin", Piped("demo-key-typed\n"))
    said = shell("keys", "set", "runpod", "--json")
    assert (said.code, said.json) == (0, {"schema": "keys.set", "version": 1, "stored": ["runpod"]})
    kept = store.read(KeyName.RUNPOD)
    assert kept is not None
    assert kept.get_secret_value() == "demo-key-typed"
    assert "demo-key-typed" not in said.out + said.err
    assert shell("keys", "forget", "--json").json["forgotten"] == ["runpod"]
    assert store.read(KeyName.RUNPOD) is None


def test_several_keys_cannot_come_through_one_pipe(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Piped("demo-key\n"))
    assert shell("keys", "set").code == 2


def test_without_a_keyring_no_key_is_stored_and_the_variables_are_named(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KeyringStore(keyring.backends.fail.Keyring())
    monkeypatch.setattr("launcher.cli.commands.keys.KeyringStore", lambda: store)
    monkeypatch.setattr(sys, "stdin", Piped("demo-key-typed\n"))
    said = shell("keys", "set", "runpod")
    assert said.code == 3
    assert "RUNPOD_API_KEY" in said.text
