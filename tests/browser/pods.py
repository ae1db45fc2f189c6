"""What a scripted pod does on the stage: a run's life in seconds, with everything a page can show."""

from __future__ import annotations

import io
import json
import math
import struct
import wave
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

from launcher.emulator.runpod import ExecOutcome, RunPodWorld, ScriptedContainer
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.hub import Hub, Repo, publish
from tests.kit.pod_programs import said_to_control
from tests.kit.tiny_voice import tiny_voice

SENTENCES = (
    "The quick brown fox jumps over the lazy dog.",
    "Tomorrow morning it may rain, but by noon the sun will be out.",
)


def tone(hertz: float = 220.0, seconds: float = 0.4, rate_hz: int = 16_000) -> bytes:
    """A short WAV: silent runs would prove nothing about hearing."""
    count = int(seconds * rate_hz)
    samples = (int(9000 * math.sin(2 * math.pi * hertz * n / rate_hz)) for n in range(count))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(b"".join(struct.pack("<h", one) for one in samples))
    return out.getvalue()


@dataclass
class Act:
    """How the next pods behave. Times in seconds; they train on until all steps are done or `enough` is set."""

    boots_in: float = 0.2
    steps: int = 10_000
    step_seconds: float = 0.25
    checkpoint_at: tuple[int, ...] = (4, 8)
    enough: Event = field(default_factory=Event)
    says_armed: bool = True
    removes_itself: bool = True
    reason: str = "finished"
    detail: str = ""
    hint: str = ""


@dataclass
class Player:
    """Plays acts: `program` and `on_exec` are what the emulated cloud runs."""

    world: RunPodWorld
    hub: Hub
    act: Act = field(default_factory=Act)
    orders: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def program(self, container: ScriptedContainer) -> Generator[float, None, int | None]:
        act = self.act
        document = RunDocument.from_json(container.spec.env[RUN_VARIABLE])
        life = _Life(self, container, document, act)
        yield from life.boot()
        if not act.says_armed:
            yield 1e9
        reason = yield from life.train()
        yield from life.finish(reason)
        if act.removes_itself:
            self.world.act(self.world.pods[container.spec.pod_id], "terminate")
        yield 1e9
        return 0

    def on_exec(self, container: ScriptedContainer, command: list[str]) -> ExecOutcome:
        said = said_to_control(command)
        if said is None:
            return ExecOutcome(127, stderr="not found")
        text = said[said.index("--text") + 1] if "--text" in said else ""
        order = {"command": said[0], "id": said[2], "text": text}
        self.orders.setdefault(container.spec.pod_id, []).append(order)
        return ExecOutcome(0, stdout=json.dumps({"id": said[2], "state": "received"}))


class _Life:
    def __init__(
        self, player: Player, container: ScriptedContainer, document: RunDocument, act: Act
    ) -> None:
        self.player, self.container, self.document, self.act = player, container, document, act
        self.seq = 0
        self.delivered: dict[str, bytes] = {}
        self.lines: list[str] = []

    def say(self, event: str, **rest: Any) -> None:
        self.seq += 1
        at = datetime.fromtimestamp(self.container.now, UTC).isoformat()
        head = {"event": event, "at": at, "run_id": self.document.run_id, "seq": self.seq}
        line = json.dumps({**head, **rest})
        self.lines.append(line)
        self.container.log(line)

    def phase(self, name: str, state: str, **rest: Any) -> None:
        self.say("phase", phase=name, state=state, **rest)

    def boot(self) -> Generator[float, None, None]:
        self.container.log("pulling the image: already there")
        self.phase("boot", "started")
        yield self.act.boots_in
        if not self.act.says_armed:
            return
        deadline = self.document.deadline.isoformat()
        self.say("armed", works=True, arms=[{"name": "own pod", "works": True}], deadline=deadline)
        self.phase("boot", "ended", seconds=self.act.boots_in)
        for name, count in (("fetch", 1e6), ("prepare", 12)):
            self.phase(name, "started")
            unit = "bytes" if name == "fetch" else "clips"
            self.phase(name, "progress", done=count, total=count, unit=unit)
            self.phase(name, "ended", seconds=0.2)

    def train(self) -> Generator[float, None, str]:
        self.phase("train", "started")
        self.sample(0, "reference.wav", "A good map is worth more than a fast horse.", "reference")
        for step in range(1, self.act.steps + 1):
            yield self.act.step_seconds
            self.step(step)
            if step in self.act.checkpoint_at:
                self.checkpoint(step)
            for order in self.player.orders.pop(self.container.spec.pod_id, []):
                self.obey(order, step)
                if order["command"] == "stop":
                    return "stopped"
            if self.act.enough.is_set():
                break
        return self.act.reason

    def step(self, step: int) -> None:
        wave_ = 0.15 * math.sin(step * 1.7) + 0.05 * math.sin(step * 5.3)
        left = (self.act.steps - step) * self.act.step_seconds
        mel = 1.2 + 1.6 * math.exp(-step / 14) + wave_
        self.say(
            "step",
            step=step,
            total_steps=self.act.steps,
            epoch=step // 6,
            losses={"mel": mel, "kl": 4.0 / step},
            steps_per_second=round(1 / self.act.step_seconds, 3),
            seconds_left=left,
            cost_usd=self.cost_usd(step),
            cost_at_end_usd=self.cost_usd(self.act.steps),
        )
        if step % 4 == 0:
            gpu = {
                "use_percent": 90 + step % 7,
                "memory_used_gb": 9.4,
                "memory_total_gb": 24.0,
                "temperature_c": 61.0,
            }
            self.say(
                "machine",
                gpus=[gpu],
                cpu_percent=38.0,
                memory_used_gb=11.2,
                memory_total_gb=62.0,
                disk_free_gb=27.0,
            )
        self.container.log(f"epoch {step // 6} step {step}: mel {mel:.3f}")

    def cost_usd(self, steps: int) -> float:
        seconds = self.act.boots_in + steps * self.act.step_seconds
        return self.document.price_per_hour_usd * seconds / 3600

    def checkpoint(self, step: int) -> None:
        path = f"checkpoints/step-{step:08d}.ckpt"
        self.say("checkpoint", step=step, path=path, size_bytes=2_000_000)
        for number, text in enumerate(SENTENCES, start=1):
            self.sample(step, f"step-{step:08d}/{number:02d}.wav", text)

    def sample(self, step: int, name: str, text: str, kind: str = "sample") -> None:
        content = tone(180 + 3 * step)
        path = f"samples/{name}"
        self.deliver({path: content}, f"samples of step {step}")
        self.say("sample", step=step, path=path, text=text, seconds=0.4, kind=kind)

    def obey(self, order: dict[str, str], step: int) -> None:
        if order["command"] == "sample":
            self.sample(step, f"step-{step:08d}/asked-{order['id']}.wav", order["text"])
        if order["command"] == "save":
            self.checkpoint(step)
        self.say(
            "command",
            id=order["id"],
            command=order["command"],
            state="done",
            detail=f"at step {step}",
        )

    def deliver(self, files: dict[str, bytes], message: str) -> None:
        run_id = self.document.run_id
        repo = Repo(self.document.settings.results_repo, "model")
        named: dict[str, Path | bytes] = {f"{run_id}/{path}": body for path, body in files.items()}
        receipt = publish(self.player.hub, repo, named, message)
        listed = [
            {
                "path": f"{run_id}/{path}",
                "size_bytes": len(body),
                "sha256": sha256(body).hexdigest(),
            }
            for path, body in files.items()
        ]
        self.say("upload", commit=receipt.commit, files=listed)

    def finish(self, reason: str) -> Generator[float, None, None]:
        for name in ("export", "deliver"):
            self.phase(name, "started")
            yield 0.1
            if name == "deliver":
                voice = {f"voice/{file}": body for file, body in tiny_voice().items()}
                self.deliver(voice, "the voice")
            self.phase(name, "ended", seconds=0.1)
        self.phase("release", "started")
        self.say(
            "ended",
            reason=reason,
            detail=self.act.detail,
            hint=self.act.hint,
            steps=self.act.steps,
            cost_usd=self.cost_usd(self.act.steps),
            phases=[{"name": "train", "seconds": self.act.steps * self.act.step_seconds}],
        )
        self.deliver({"events.jsonl": "\n".join(self.lines).encode()}, "the events")
