"""The agent's own Python in an image of somebody else's: what is installed there, and from where."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from launcher.services.launching.pod_wheel import make_wheel, pod_wheel
from pod_image import environment_beside, private_python
from pod_image.contract.secret_names import SECRET_VARIABLES
from pod_image.contract.settings import RecipeName
from tests.kit.checkout import ROOT

WHEEL = b"a wheel"


def test_what_is_there_in_a_version_that_does_stays_and_the_rest_comes_at_the_images_pin() -> None:
    wanted = {"pydantic": ("2.10", "3"), "httpx": ("99", "100"), "no-such-thing": ("1", "2")}
    pinned = {"pydantic": "2.14.3", "httpx": "99.1", "no-such-thing": "1.5"}
    assert private_python.missing(wanted, pinned) == ["httpx==99.1", "no-such-thing==1.5"]


def needs_of(recipe: str) -> dict[str, tuple[str, str]]:
    document = json.dumps({"settings": {"recipe": recipe}})
    return private_python.needs(document, pod_wheel().content)


def test_a_command_needs_the_agent_alone_and_a_voice_the_rest_too() -> None:
    command = needs_of("command")
    assert "torch" not in command
    assert set(needs_of("piper")) > set(command)
    assert needs_of("piper")["torch"] == ("2.9", "3")
    assert private_python.needs("", WHEEL) == command == private_python.AGENT_NEEDS


def test_a_recipe_s_own_packages_come_from_the_wheel_and_without_a_pin_within_their_span() -> None:
    wheel = make_wheel({"recipes/chess/packages.txt": b"# of chess\nno-such-thing>=1.5,<2\n"}, "1")
    wanted = private_python.needs('{"settings": {"recipe": "chess"}}', wheel.content)
    assert wanted["no-such-thing"] == ("1.5", "2")
    only = {name: span for name, span in wanted.items() if name not in private_python.AGENT_NEEDS}
    assert private_python.missing(only, {}) == ["no-such-thing>=1.5,<2"]


@pytest.mark.parametrize(
    ("kind", "packages"),
    [
        ("espeak", set()),
        ("hebrew", set()),
        ("japanese", {"pyopenjtalk-plus"}),
        ("thai", {"tltk", "pandas", "unicode-rbnf"}),
        ("pinyin", {"g2pw", "transformers", "sentence-stream", "unicode-rbnf"}),
    ],
)
def test_what_the_value_of_a_setting_needs_is_installed_where_no_image_of_ours_has_it(
    kind: str, packages: set[str]
) -> None:
    document = json.dumps({"settings": {"recipe": "piper", "phoneme_type": kind, "epochs": 5}})
    wanted = private_python.needs(document, pod_wheel().content)
    assert wanted.keys() - needs_of("piper").keys() == packages
    assert all(private_python.numbers(least) for least, _ in wanted.values())


@pytest.mark.parametrize(
    ("model", "packages"), [("off", set()), ("base", {"faster-whisper", "av"})]
)
def test_a_setting_that_is_on_needs_more_whatever_its_value(model: str, packages: set[str]) -> None:
    document = json.dumps({"settings": {"recipe": "piper", "transcribe": model}})
    wanted = private_python.needs(document, pod_wheel().content)
    assert wanted.keys() - needs_of("piper").keys() == packages


def test_every_need_has_a_pin_that_is_within_its_span() -> None:
    pinned = private_python.pins(pod_wheel().content)
    for name, (least, below) in {
        n: s for each in RecipeName for n, s in needs_of(each).items()
    }.items():
        version = private_python.numbers(pinned[name])
        assert private_python.numbers(least) <= version < private_python.numbers(below), name


def test_the_needs_here_are_what_the_pins_name_as_imported() -> None:
    text = (Path(private_python.__file__).parent / "requirements.txt").read_text()
    direct = text.partition("# What pod_image imports\n")[2].partition("\n\n")[0]
    names = {line.split("==")[0] for line in direct.splitlines()}
    assert names == {name for each in RecipeName for name in needs_of(each)}


def test_installing_never_shows_pip_the_keys_nor_what_the_image_says_to_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in (*SECRET_VARIABLES, "LAUNCHER_SECRET_WANDB_API_KEY"):
        monkeypatch.setenv(name, "demo-key")
    for name in ("PIP_TARGET", "PIP_USER", "PIP_CONSTRAINT", "PYTHONPATH"):
        monkeypatch.setenv(name, "the-image's")
    seen = tmp_path / "seen"
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nenv > {seen}\n")
    python.chmod(0o755)
    monkeypatch.setattr(private_python, "pip_command", lambda *given: [str(python)])
    private_python.install(python, ["nothing"], lambda: Path("none"))
    assert "demo-key" not in seen.read_text()
    assert "the-image's" not in seen.read_text()
    assert f"PATH={os.environ['PATH']}" in seen.read_text()


def test_an_environment_is_made_without_the_module_venv_and_pip_is_found_beside_a_python_that_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = environment_beside.make(tmp_path / "apart")
    asked = "import sys, importlib.util as i; print(sys.prefix, i.find_spec('pip'), i.find_spec('pytest'))"
    said = subprocess.run([str(python), "-I", "-c", asked], capture_output=True, text=True)
    assert said.stdout.split() == [str(tmp_path / "apart"), "None", "None"]
    own = environment_beside.pip_command(python)
    assert own is not None
    assert own[1:] == ["-P", "-m", "pip", "--python", str(python)]
    monkeypatch.setattr(environment_beside, "_pip_of", lambda python: (22, 2))
    monkeypatch.setattr(environment_beside, "PIPS_BESIDE_PYTHON", (str(tmp_path),))
    assert environment_beside.pip_command(python) is None
    sent = tmp_path / "sent" / "pip-99.0-py3-none-any.whl"
    assert environment_beside.pip_command(python, [sent]) == [str(python), "-P", f"{sent}/pip"]
    (tmp_path / "pip-24.0-py3-none-any.whl").touch()
    beside = environment_beside.pip_command(python, [sent])
    assert beside == [str(python), "-P", f"{tmp_path}/pip-24.0-py3-none-any.whl/pip"]


def test_a_recipe_of_ours_finds_the_images_packages_after_the_agents_own(tmp_path: Path) -> None:
    python = environment_beside.make(tmp_path / "apart")
    (tmp_path / "theirs").mkdir()
    for folder, version in (
        (environment_beside.site_packages(tmp_path / "apart"), 2),
        (tmp_path / "theirs", 1),
    ):
        (folder / "hub.py").write_text(f"version = {version}")
    (tmp_path / "theirs" / "torch.py").write_text("version = 29")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'theirs')!r}); sys.path.append({str(ROOT)!r}); "
        "from pod_image.environment_beside import see_the_image; from pathlib import Path; "
        f"see_the_image(Path({str(python)!r}))"
    )
    subprocess.run([sys.executable, "-I", "-c", program], check=True)
    asked = "import hub, torch; print(hub.version, torch.version)"
    said = subprocess.run([str(python), "-I", "-c", asked], capture_output=True, text=True)
    assert said.stdout == "2 29\n", said.stderr


def test_a_small_image_without_useradd_gets_its_user_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/app:/bin/sh\n")
    (tmp_path / "group").write_text("root:x:0:\napp:x:1000:\n")
    for _ in range(2):
        private_python.add_user(tmp_path, "trainer")
    last = (tmp_path / "passwd").read_text().splitlines()[2:]
    assert last == ["trainer:x:1001:1001::/tmp:/usr/sbin/nologin"]
    assert (tmp_path / "group").read_text().splitlines()[2:] == ["trainer:x:1001:"]


def test_what_runs_with_the_images_python_imports_nothing_that_it_may_not_have() -> None:
    ours = {"pod_image.contract.places", "pod_image.contract.secret_names"}
    both: list[tuple[ModuleType, set[str]]] = [
        (environment_beside, set()),
        (private_python, {*ours, environment_beside.__name__}),
    ]
    for module, more in both:
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        whole = {each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
        whole |= {
            one.name
            for each in ast.walk(tree)
            if isinstance(each, ast.Import)
            for one in each.names
        }
        assert {name.partition(".")[0] for name in whole - more} <= set(sys.stdlib_module_names)
