"""`launcher demo`: the stand-ins alone, and whole runs with real processes on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import wave
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from launcher.cli import app
from launcher.cli.terminal.next_steps import in_terminal
from launcher.demo import recipes
from launcher.demo.cloud import check_extra
from launcher.errors import NotConfigured
from tests.kit.printed_documents import check_printed
from tests.kit.processes import LAUNCHER, LONGEST_SECONDS, demo_in_background

KEYS = {
    "schema",
    "version",
    "run_id",
    "end_reason",
    "phases",
    "steps",
    "first_loss",
    "last_loss",
    "voice",
    "spoken_wav",
    "provider_calls",
    "pods_left",
    "cost_usd",
    "results_repo",
    "faults",
}


def demo(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A demo in a person's home with nothing in it but a folder for what is temporary."""
    (home / "tmp").mkdir()
    ours = {"LAUNCHER_HOME": str(home)}
    places = {"HOME": str(home), "TMPDIR": str(home / "tmp")}
    others = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "XDG_"))}
    return subprocess.run(
        [*LAUNCHER, "demo", *words],
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        env={**others, **ours, **places},
    )


@pytest.mark.slow
def test_the_whole_way_with_a_command_leaves_results_and_no_pod(tmp_path: Path) -> None:
    done = demo(
        tmp_path, "--headless", "--recipe", "command", "--json", "--out", str(tmp_path / "o")
    )
    assert done.returncode == 0, done.stderr
    check_printed(("demo", "--json"), 0, done.stdout, done.stderr)
    document = json.loads(done.stdout.splitlines()[-1])
    assert set(document) == KEYS
    assert document["end_reason"] == "finished"
    assert [phase["name"] for phase in document["phases"]][:2] == ["boot", "fetch"]
    assert document["pods_left"] == 0
    assert 0 < document["cost_usd"] < 0.1
    assert document["provider_calls"] > 0
    made = tmp_path / "o" / "run-01" / "files" / "out" / "hello.txt"
    assert made.read_text() == "made on a pod"
    assert not (tmp_path / ".cache").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.slow
def test_the_demo_trains_exactly_so_many_steps_and_the_voice_speaks(tmp_path: Path) -> None:
    out = tmp_path / "voice"
    words = ("--headless", "--no-base", "--json", "--steps", "2", "--seed", "7")
    done = demo(tmp_path, *words, "--out", str(out))
    assert done.returncode == 0, done.stderr
    check_printed(("demo", "--json"), 0, done.stdout, done.stderr)
    document = json.loads(done.stdout.splitlines()[-1])
    assert set(document) == KEYS
    assert (document["steps"], document["end_reason"], document["pods_left"]) == (2, "finished", 0)
    assert document["first_loss"] > 0
    onnx = Path(document["voice"]["onnx"])
    assert onnx.is_relative_to(out)
    assert hashlib.sha256(onnx.read_bytes()).hexdigest() == document["voice"]["sha256"]
    assert json.loads(Path(document["voice"]["json"]).read_text())["audio"]["sample_rate"] == 16_000
    with wave.open(document["spoken_wav"]) as spoken:
        assert spoken.getframerate() == 16_000
        assert spoken.getnframes() > 1_600
        assert any(spoken.readframes(spoken.getnframes()))


def test_the_stand_ins_alone_say_where_they_are_and_close_on_sigterm(tmp_path: Path) -> None:
    with demo_in_background(tmp_path, "--emulators", "--no-base", "--json") as process:
        assert process.stdout is not None
        document = json.loads(process.stdout.readline())
        assert set(document) == {"schema", "version", "env", "dataset_repo", "results_repo"}
        assert set(document["env"]) == {
            "RUNPOD_API_BASE_URL",
            "RUNPOD_API_KEY",
            "HF_ENDPOINT",
            "HF_DATASET_TOKEN",
            "HF_UPLOAD_TOKEN",
            "HF_JOBS_TOKEN",
            "LAUNCHER_REGISTRY_URL",
        }
        words = ("plan", "--preset", "quick-check", "--dataset-repo", document["dataset_repo"])
        planned = subprocess.run(
            [*LAUNCHER, *words, "--results-repo", document["results_repo"], "--json"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **document["env"], "LAUNCHER_HOME": str(tmp_path)},
        )
        assert json.loads(planned.stdout)["dataset"]["clips"] == 12
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with pytest.raises(OSError, match="refused"):
        urlopen(document["env"]["HF_ENDPOINT"], timeout=5)


def test_without_json_the_stand_ins_print_lines_for_a_shell(tmp_path: Path) -> None:
    # By the word that earlier releases had for --emulators.
    with demo_in_background(tmp_path, "--serve", "--no-base") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        assert all(line.startswith("export ") for line in lines)
        address = urlsplit(lines[0].partition("=")[2].strip())
        assert address.hostname == "127.0.0.1"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_ending_the_demo_before_the_pod_is_armed_releases_it(tmp_path: Path) -> None:
    words = ("--headless", "--recipe", "command", "--fault", "stuck-provisioning")
    with demo_in_background(tmp_path, *words) as process:
        assert process.stderr is not None
        seen = []
        for line in process.stderr:
            seen.append(line)
            if "is rented" in line:
                break
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "released" in rest
        assert "Traceback" not in rest


def test_a_demo_that_is_ended_later_does_not_claim_that_its_run_goes_on(tmp_path: Path) -> None:
    with demo_in_background(tmp_path, "--headless", "--recipe", "command") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "armed" in line:
                break
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "The demo was ended, and run-01 with it" in rest
        assert "continues without this computer" not in rest


def test_the_faults_are_listed_and_an_unknown_one_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert app.run(["demo", "--fault", "list", "--json"]) == 0
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert "create-500-but-rents" in faults
    assert "hub-busy" in faults
    assert app.run(["demo", "--headless", "--fault", "gremlins"]) == 2
    assert "--fault list" in capsys.readouterr().err


def test_a_missing_extra_is_an_error_that_gives_the_install_command() -> None:
    with pytest.raises(NotConfigured) as caught:
        check_extra(("surely_no_such_library",))
    assert "pip install 'pod-launcher[demo]'" in in_terminal(caught.value.hint)
    assert "surely_no_such_library" in in_terminal(caught.value.message)


@pytest.mark.parametrize("words", [["demo"], ["demo", "--headless"]], ids=["form", "headless"])
def test_a_demo_that_cannot_train_here_says_so_before_it_starts_anything(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(recipes._PACKAGES, recipes.USUAL, ("surely_no_such_library",))
    assert app.run(words) == 3
    said = capsys.readouterr()
    assert "pip install 'pod-launcher[demo]'" in said.err
    assert "Starting" not in said.out


@pytest.mark.parametrize("word", ["--emulators", "--serve"])
def test_emulators_and_headless_are_not_for_one_call(
    capsys: pytest.CaptureFixture[str], word: str
) -> None:
    assert app.run(["demo", word, "--headless"]) == 2


@pytest.mark.parametrize("place", ["local", "ssh"])
def test_a_machine_of_ones_own_needs_no_stand_in_and_is_no_part_of_the_demo(
    capsys: pytest.CaptureFixture[str], place: str
) -> None:
    assert app.run(["demo", "--headless", "--provider", place]) == 2
    assert f"launcher deploy --provider {place}" in capsys.readouterr().err
