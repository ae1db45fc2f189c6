"""An engine of containers that has no walls: `podman` or `docker` in a folder of PATH, whose containers are processes.

It takes the words that the real one takes, keeps a line of each call, and gives a container nothing of its caller's
environment: only what the words say.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

_PROGRAM = """#!{python}
import json, os, signal, subprocess, sys, time
from pathlib import Path
sys.path.insert(0, {ours!r})
from pod_image.agent.init import adopt_orphans
from pod_image.process_table import living_processes, members

STATE, ANSWER = Path({state!r}), {answer!r}
verb, words = sys.argv[1], sys.argv[2:]
with (STATE / "calls").open("a") as calls:
    calls.write(json.dumps(sys.argv) + "\\n")


def options(words):
    found, flags = [], {{"--rm", "--interactive", "--all", "--quiet", "--force"}}
    while words and words[0].startswith("--"):
        name, words = words[0], words[1:]
        if name in flags:
            found.append((name, ""))
        else:
            found.append((name, words[0]))
            words = words[1:]
    return found, words


def kill_below(pid, itself):
    while left := members({{pid}}, living_processes()) - (set() if itself else {{pid}}):
        for each in left:
            try:
                os.kill(each, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.02)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except OSError:
            pass


def run(found, rest):
    named = dict(found)
    handed = [text if "=" in text else text + "=" + os.environ[text] for name, text in found if name == "--env"]
    environment = dict(text.split("=", 1) for text in handed)
    environment["PATH"] = {path!r}
    adopt_orphans()
    begun = subprocess.Popen(
        [named["--entrypoint"], *rest[1:]], env=environment, cwd=named["--workdir"], start_new_session=True
    )
    kept = STATE / (named["--name"] + ".json")
    labels = [text for name, text in found if name == "--label"]
    kept.write_text(json.dumps(dict(pid=begun.pid, labels=labels, env=environment, cwd=named["--workdir"])))
    signal.signal(signal.SIGTERM, lambda *_: begun.send_signal(signal.SIGTERM))
    code = begun.wait()
    kill_below(os.getpid(), itself=False)
    kept.unlink(missing_ok=True)
    return 128 - code if code < 0 else code


found, rest = options(words)
if verb == "info":
    print(ANSWER)
    sys.exit(0 if ANSWER else 1)
elif verb == "run":
    sys.exit(run(found, rest))
elif verb == "ps":
    label = dict(found)["--filter"].removeprefix("label=")
    for kept in STATE.glob("*.json"):
        if label in json.loads(kept.read_text())["labels"]:
            print(kept.stem)
elif verb == "exec":
    kept = json.loads((STATE / (rest[0] + ".json")).read_text())
    sys.exit(subprocess.run(rest[1:], env=kept["env"], cwd=kept["cwd"]).returncode)
elif verb == "rm":
    kept = STATE / (rest[0] + ".json")
    if not kept.exists():
        sys.exit(1)
    kill_below(json.loads(kept.read_text())["pid"], itself=True)
    kept.unlink(missing_ok=True)
"""
_OURS = Path(__file__).parents[2]
ANSWERS = {"podman": "5.2.0 true", "docker": '28.2.2 ["name=seccomp"]'}


class StandInEngine:
    """`answer`: what it says when it is asked who it is; empty for one that is installed and does not work."""

    def __init__(self, folder: Path, name: str = "podman", answer: str | None = None) -> None:
        self.folder, self.name = folder / f"{name}-bin", name
        self.state = folder / f"{name}-state"
        self.folder.mkdir()
        self.state.mkdir()
        program = self.folder / name
        filled = _PROGRAM.format(
            python=sys.executable,
            ours=str(_OURS),
            state=str(self.state),
            answer=ANSWERS[name] if answer is None else answer,
            path=f"{Path(sys.executable).parent}:/usr/bin:/bin",
        )
        program.write_text(filled)
        program.chmod(0o755)

    def put_first(self, monkeypatch: pytest.MonkeyPatch, rest: str = "/usr/bin:/bin") -> None:
        monkeypatch.setenv("PATH", f"{self.folder}:{rest}")

    def calls(self, verb: str) -> list[list[str]]:
        """The words of each call of it, in their order."""
        lines = (self.state / "calls").read_text().splitlines()
        return [words for words in map(json.loads, lines) if words[1] == verb]

    @property
    def containers(self) -> list[str]:
        return [kept.stem for kept in self.state.glob("*.json")]
