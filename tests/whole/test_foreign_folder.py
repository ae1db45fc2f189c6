"""Whatever folder somebody stands in, and whatever lies in it: no program of ours loads a module from there."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import os
import pwd
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from launcher.cli import demo_run
from launcher.emulator.runpod.processes import ProcessRunner
from launcher.emulator.runpod.runner import ContainerSpec
from launcher.errors import LauncherError, RunFailed
from launcher.forms.docs import command_reference
from launcher.services.following.instructions import CONTROL_PROGRAM
from launcher.services.launching.bootstrap import program_of_the_pod
from launcher.services.voices import export as exporting
from launcher.ui.server.server import open_in_browser
from launcher.workshop.pool import Job, RecordingFailed, decoders
from pod_image import private_python
from pod_image.agent import machine_trial
from pod_image.agent.ports import GuardOrders, ProcessSpec
from pod_image.agent.processes import SystemGuard, SystemProcesses, _checked
from pod_image.contract.environment import for_python
from pod_image.contract.interpreter import module_command, program_command, without_current_folder
from pod_image.contract.settings import RecipeName, RunSettings
from pod_image.environment_beside import make, see_the_image
from pod_image.recipes import load
from tests.kit.checkout import ROOT
from tests.kit.pod_programs import AGENT_WORDS
from tests.whole.foreign import THIRD_PARTY, ForeignFolder
from tests.whole.sources import modules


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ForeignFolder:
    """The current folder is a foreign one, and an empty part of PYTHONPATH leads there too."""
    (tmp_path / "foreign").mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", str(ROOT), "."]))
    monkeypatch.chdir(tmp_path / "foreign")
    return ForeignFolder(tmp_path / "foreign", tmp_path / "loaded")


def environment() -> dict[str, str]:
    path = (str(Path(sys.executable).parent), os.defpath)
    return {"PATH": os.pathsep.join(path), "PYTHONPATH": str(ROOT)}


def run(command: Sequence[str], **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment() | more, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60
    )  # fmt: skip


def test_such_a_folder_is_noticed_where_nothing_guards_against_it(foreign: ForeignFolder) -> None:
    run([sys.executable, "-m", "pod_image.control", "--help"])
    assert foreign.loaded


def test_the_browser(foreign: ForeignFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    program = foreign.folder / "browser"
    program.write_text(f'#!/bin/sh\necho "$@" > {foreign.folder}/opened\n')
    program.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    open_in_browser("file:///open.html").join()
    assert "open.html" in (foreign.folder / "opened").read_text()
    assert foreign.loaded == ""


def test_the_export(foreign: ForeignFolder) -> None:
    request = exporting.ExportRequest(foreign.folder / "none.ckpt", foreign.folder / "out")
    with pytest.raises(LauncherError, match=r"none\.ckpt"):
        asyncio.run(exporting.export(request))
    assert foreign.loaded == ""


def test_the_decoders_of_recordings(foreign: ForeignFolder) -> None:
    job = Job("none.wav", str(foreign.folder), "a", 22_050, "audio", None, None, None, True, 60.0)

    async def decode() -> None:
        async with decoders(1, 60.0) as pool:
            await pool.decode(job, lambda seconds: None)

    with pytest.raises(RecordingFailed, match=r"none\.wav|opened|read|found"):
        asyncio.run(decode())
    assert foreign.loaded == ""


def test_what_prints_the_reference_of_the_commands(foreign: ForeignFolder) -> None:
    assert "launcher dataset" in command_reference()
    assert foreign.loaded == ""


def test_the_runtime_that_speaks_at_the_end_of_the_demo(foreign: ForeignFolder) -> None:
    with pytest.raises(RunFailed, match="cannot speak"):
        demo_run._speak(foreign.folder / "none.onnx", foreign.folder / "none.wav")
    assert foreign.loaded == ""


def test_the_command_line_itself(foreign: ForeignFolder, tmp_path: Path) -> None:
    # What Python and `-m` load before a line of ours runs is beyond us; what we load is not.
    later = tmp_path / "later"
    later.mkdir()
    names = {*THIRD_PARTY, "json", "webbrowser", "tomllib", "sqlite3", "decimal", "asyncio"}
    beyond = {"sitecustomize", "usercustomize"}
    others = ForeignFolder(later, tmp_path / "loaded-later", sorted(names - beyond))
    os.chdir(later)
    home = str(tmp_path / "home")
    script = str(Path(sys.executable).with_name("launcher"))
    for command in ([script], [sys.executable, "-m", "launcher.cli.app"]):
        done = run(
            [*command, "presets", "list", "--json"],
            LAUNCHER_HOME=home,
            PYTHONPATH=f"{os.pathsep}{ROOT}",
        )
        assert done.returncode == 0, done.stderr
    assert others.loaded == foreign.loaded == ""


def test_what_exec_runs_in_the_pod(foreign: ForeignFolder) -> None:
    assert run([*CONTROL_PROGRAM, "--help"]).returncode == 0
    assert foreign.loaded == ""


@pytest.mark.parametrize("recipe", list(RecipeName))
def test_the_stages_of_a_recipe(foreign: ForeignFolder, recipe: RecipeName) -> None:
    async def answer(argv: tuple[str, ...]) -> int:
        spec = ProcessSpec(argv, foreign.folder, environment())
        stage = await SystemProcesses().start(spec, lambda line: None, lambda line: None)
        return await stage.wait()

    (stage, *_) = load(recipe).stages(RunSettings(recipe=recipe, argv=("true",)))
    assert asyncio.run(answer(tuple(stage.argv))) == 2  # LAUNCHER_RUN is not set
    assert foreign.loaded == ""


def test_the_processes_that_prepare_clips(foreign: ForeignFolder) -> None:
    program = (
        "from pathlib import Path; import os; os.cpu_count = lambda: 2; "
        "from pod_image.recipes.piper import preparation as p; p.FEWEST_FOR_PROCESSES = 1; "
        "from types import SimpleNamespace as Clip; "
    )
    done = run(program_command(program + PREPARING))
    assert "cannot be read" in done.stdout, done.stderr
    assert foreign.loaded == ""


PREPARING = (
    "how = p.Preparation(22050, 'en-us', trims=False); "
    "print([answer for _, answer in p._results([Clip(path=Path('none.wav'), text='Hello.')], how)])"
)


def test_the_guard(foreign: ForeignFolder) -> None:
    pod = {"place": "runpod", "api_url": "http://127.0.0.1:9", "pod_id": "pod-1"}
    orders = GuardOrders({**pod, "key": "demo-pod-key"}, foreign.folder, None)
    guard = SystemGuard(orders)
    process = guard._process
    assert process.stdin is not None
    process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)
    process.kill()
    process.wait()
    assert foreign.loaded == ""


def test_the_trial_of_the_machine(foreign: ForeignFolder) -> None:
    told = asyncio.run(SystemProcesses().answer(machine_trial._gpu_program(), 60.0))
    assert told is not None
    assert json.loads(told)["has_torch"] is True
    assert foreign.loaded == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a process as somebody")
def test_the_trial_of_the_trainers_user(foreign: ForeignFolder) -> None:
    _checked(pwd.getpwuid(os.geteuid()).pw_name, foreign.folder)
    assert foreign.loaded == ""


THE_AGENT = "in a pod that the launcher started"
"""What it says where it finds itself on no pod."""


@contextlib.contextmanager
def first_lines(command: Sequence[str], until: str, **more: str) -> Iterator[str]:
    """What it says up to a line with that text; then it is ended."""
    with subprocess.Popen(
        command, env=environment() | more, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said = ""
            while until not in said and (line := process.stdout.readline()):
                said += line
            yield said
        finally:
            process.kill()


def test_the_start_command_of_an_image_that_is_not_ours(foreign: ForeignFolder) -> None:
    command = ["python", "-c", program_of_the_pod(), "no address", "0" * 64]
    with first_lines(command, '"ended"', RUNPOD_API_BASE_URL="http://127.0.0.1:9") as said:
        assert "boot_failed" in said
    assert foreign.loaded == ""


def test_what_the_start_command_becomes(foreign: ForeignFolder) -> None:
    python = make(foreign.folder / "python")
    see_the_image(python)
    (foreign.folder / f"installed-{'0' * 16}").touch()
    command = ["python", "-c", program_of_the_pod(), "no address", "0" * 64]
    with first_lines(command, THE_AGENT, RUNPOD_API_BASE_URL="http://127.0.0.1:9") as said:
        assert THE_AGENT in said
    assert foreign.loaded == ""


def test_what_installs_in_the_pod(
    foreign: ForeignFolder, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    os.environ["PYTHONPATH"] = str(ROOT)
    make(tmp_path / "python")
    private_python.install(tmp_path / "python" / "bin" / "python", ["--help"], lambda: tmp_path)
    assert "requirement" in capfd.readouterr().out
    assert foreign.loaded == ""


def test_the_agent_in_an_emulated_pod(foreign: ForeignFolder, tmp_path: Path) -> None:
    home = tmp_path / "pods" / "pod-1"
    home.mkdir(parents=True)
    (home / "disk").symlink_to(foreign.folder)
    runner, said = ProcessRunner(tmp_path / "pods"), list[str]()
    spec = ContainerSpec("pod-1", "pod-image", (), None, {})
    runner.start(spec, said.append, 0.0)
    give_up_at = time.monotonic() + 30.0
    while not any(THE_AGENT in line for line in said) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    runner.close()
    assert THE_AGENT in "".join(said)
    assert foreign.loaded == ""


def test_parts_of_a_path_that_mean_the_current_folder_go() -> None:
    assert without_current_folder(f"{os.pathsep}/a{os.pathsep}.{os.pathsep}b/c{os.pathsep}") == "/a"
    assert "PYTHONPATH" not in for_python({"PYTHONPATH": os.pathsep})
    assert for_python({"PYTHONPATH": "/a"})["PYTHONPATH"] == "/a"


def test_on_windows_no_program_is_looked_for_in_the_current_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert for_python({})["NoDefaultCurrentDirectoryInExePath"] == "1"


FROM_ITS_OWN_FOLDER = {
    "pod_image/recipes/image_lora/recipe.py": "a trainer of the image, whose program imports what lies beside it there",
}


def test_every_interpreter_that_the_source_starts_is_told_to_leave_that_folder_out() -> None:
    bare = [
        f"{module.name}:{place}"
        for module in modules("launcher", "pod_image")
        for place in _bare_interpreters(module.tree)
        if module.name not in FROM_ITS_OWN_FOLDER
    ]
    # The start of a pod without our image is a shell's: it reaches back to Pythons that know no -P, and its first
    # statement takes the folder out itself.
    assert bare == []


def test_the_image_starts_the_agent_without_that_folder() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    (entry,) = (line for line in lines if line.startswith("ENTRYPOINT"))
    words = json.loads(entry.removeprefix("ENTRYPOINT"))
    assert words[words.index("python") :] == AGENT_WORDS


def test_an_image_that_brings_the_agent_along_starts_it_in_the_same_words() -> None:
    """It runs before our package is there, and has to say the words itself."""
    (module,) = [each for each in modules("pod_image") if each.name == "pod_image/bootstrap.py"]
    (words,) = [
        [ast.unparse(word) for word in call.args[1].elts]
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "os.execve"
        if isinstance(call.args[1], ast.List)
    ]
    assert words == ["python", *map(repr, AGENT_WORDS[1:])]


def _bare_interpreters(tree: ast.Module) -> Iterator[int]:
    """Where a Python begins a list of words, and neither -P nor -I comes next."""
    for node in ast.walk(tree):
        words: Sequence[ast.expr] = ()
        match node:
            case ast.List(elts=words) | ast.Tuple(elts=words) | ast.Call(args=words):
                pass
        for word, after in zip(words, [*words[1:], None], strict=False):
            if _is_interpreter(word) and not _is_safe(after) and not _is_only_asked_about(node):
                yield word.lineno


def _is_interpreter(word: ast.expr) -> bool:
    if isinstance(word, ast.Constant):
        return word.value in ("python", "python3")
    return isinstance(word, ast.Attribute) and word.attr == "executable"


def _is_safe(word: ast.expr | None) -> bool:
    return isinstance(word, ast.Constant) and word.value in ("-P", "-I")


def _is_only_asked_about(node: ast.AST) -> bool:
    """Paths are made of it, and execv takes it before the words."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) in (
        "Path",
        "shutil.which",
        "os.execv",
        "os.execve",
    )


def test_the_guard_over_the_source_sees_one_that_is_bare() -> None:
    for bare in (
        "[sys.executable, '-m', 'x']",
        "start(sys.executable, *words)",
        "('python', '-c')",
    ):
        assert list(_bare_interpreters(ast.parse(bare)))
    assert shlex.join(module_command("x")[1:]) == "-P -m x"
