"""A pod that makes a voice as far as a launcher can tell, and what its examples stand on in the emulated Hub."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher.emulator.runpod import ScriptedContainer
from pod_image.contract.environment import RunDocument
from pod_image.hub import Repo, publish
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.clouds import CLIPS_REPO
from tests.kit.dataset_files import SHORT
from tests.services.harness import LauncherHarness, Script

SENTENCE = "The quick brown fox jumps over the lazy dog."
OURS = {"me/": "demo/", "my-clips": "clips"}
"""The names of the examples, in an account that the emulated Hub has."""


@dataclass
class VoiceScript(Script):
    """Each step has a sample, and what is said to it is answered. Several may run at once, each in its own repo."""

    lines: dict[str, list[str]] = field(default_factory=dict)

    def say(
        self, container: ScriptedContainer, document: RunDocument, event: str, **rest: Any
    ) -> None:
        super().say(container, document, event, **rest)
        self.lines.setdefault(document.attempt.nonce, []).append(self.said[-1])
        if event == "step":
            path = f"samples/step-{rest['step']}.wav"
            self.say(container, document, "sample", step=rest["step"], path=path, text=SENTENCE)

    def deliver(self, document: RunDocument) -> None:
        lines = self.lines[document.attempt.nonce]
        samples = [json.loads(line)["path"] for line in lines if '"event": "sample"' in line]
        folder = document.run_id
        files: dict[str, Path | bytes] = {
            f"{folder}/events.jsonl": "\n".join(lines).encode(),
            f"{folder}/run.json": self.record(document),
            f"{folder}/voice/voice.onnx": b"a voice",
            f"{folder}/voice/voice.onnx.json": b"{}",
            f"{folder}/log.txt": (self.log or "").encode(),
            **{f"{folder}/{path}": SHORT for path in samples},
        }
        publish(self.hub, Repo(document.settings.results_repo, "model"), files, "results")


def make_voices(program: LauncherHarness) -> VoiceScript:
    """Clips are in the Hub, and pods train on them from here on."""
    script = VoiceScript(program.hub, program.world, receipt_detail="It is done.")
    program.script = script
    program.runner.program, program.runner.on_exec = script.program, script.on_exec
    files: dict[str, Path | bytes] = {
        path.relative_to(DEMO_CLIPS).as_posix(): path
        for path in DEMO_CLIPS.rglob("*")
        if path.suffix in (".flac", ".csv")
    }
    program.hub.ask("", lambda api: api.create_repo(CLIPS_REPO, repo_type="dataset", exist_ok=True))
    publish(program.hub, Repo(CLIPS_REPO, "dataset"), files, "clips")
    return script


def in_our_account(code: str) -> str:
    """The same text with names that this Hub has."""
    for theirs, ours in OURS.items():
        code = code.replace(theirs, ours)
    return code
