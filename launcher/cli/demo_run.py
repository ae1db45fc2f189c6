"""One run of the demo from plan to spoken sentence: the very services that a real run goes through."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from launcher.cli.completing import complete
from launcher.cli.demo_faults import command_that_shows, struck_text
from launcher.cli.documents.made import Demo, DemoPhase, DemoVoice
from launcher.cli.documents.plan import plan_document
from launcher.cli.following import (
    Followed,
    end_on_signals,
    follow_to_end,
    launch_and_show,
    raise_if_bad,
)
from launcher.cli.terminal.layout import lasted, usd
from launcher.cli.terminal.live import Live
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.picture import Picture
from launcher.config import Config, read_config
from launcher.demo.base_voice import DemoBase
from launcher.demo.cloud import DemoCloud, check_extra, demo_cloud
from launcher.demo.recipes import USUAL, DemoRecipe, DemoWork, demo_settings
from launcher.domain.advice import FINE_TUNE_TIME
from launcher.domain.plan import Composed
from launcher.domain.pod import PodStatus
from launcher.domain.run import Run
from launcher.errors import Interrupted, LauncherError, RunFailed
from launcher.services.common.workbench import Workbench, open_workbench
from launcher.services.following.delivered_files import download_results
from launcher.services.planning.plan import make_plan, raise_errors
from launcher.stores.secrets import Keys, find_keys
from pod_image.contract.environment import for_python
from pod_image.contract.figures import counted, dollars_per_hour
from pod_image.contract.interpreter import module_command, program_command
from pod_image.contract.next_steps import joined
from pod_image.contract.places import DEFAULT_PLACE

SENTENCE = "This voice was trained a minute ago, on a computer without a graphics card."
SPEAK_SECONDS = 120
WORTH_HEARING = ("voice/**", "samples/**", "files/**", "run.json", "events.jsonl")
"""Brought here. Checkpoints, hundreds of megabytes each, stay in the results repo as they would with a real run."""


@dataclass(frozen=True)
class DemoOrder:
    """What was asked of the demo. `out`: folder for what comes out, by default one of the launcher's own.

    `base`: a voice to start from; without one the training starts from nothing.
    """

    steps: int | None = None
    out: Path | None = None
    seed: int = 1234
    faults: tuple[str, ...] = ()
    recipe: DemoRecipe = USUAL
    image: str = ""
    base: DemoBase | None = None
    provider: str = DEFAULT_PLACE


@dataclass(frozen=True)
class DemoOutcome:
    """What came out, measured from outside where it can be."""

    followed: Followed
    folder: Path
    provider_calls: int
    pods_left: int
    results_repo: str
    onnx: Path | None = None
    spoken_wav: Path | None = None
    began_as: str = ""
    struck: Mapping[str, int] = field(default_factory=dict)

    def document(self) -> Demo:
        ended, run = self.followed.ended, self.followed.run
        phases: list[DemoPhase] = [
            {"name": phase.name, "seconds": round(phase.seconds, 3)}
            for phase in (ended.phases if ended else ())
        ]
        return {
            "schema": "demo",
            "version": 1,
            "run_id": run.run_id,
            "end_reason": run.end_reason,
            "phases": phases,
            "steps": ended.steps if ended else 0,
            "first_loss": ended.first_loss if ended else None,
            "last_loss": ended.last_loss if ended else None,
            "voice": self._voice(),
            "spoken_wav": str(self.spoken_wav) if self.spoken_wav else None,
            "provider_calls": self.provider_calls,
            "pods_left": self.pods_left,
            "cost_usd": run.cost_usd,
            "results_repo": self.results_repo,
            "faults": dict(self.struck),
        }

    def _voice(self) -> DemoVoice | None:
        if self.onnx is None:
            return None
        return {
            "onnx": str(self.onnx),
            "json": f"{self.onnx}.json",
            "sha256": hashlib.sha256(self.onnx.read_bytes()).hexdigest(),
        }


def run_demo(order: DemoOrder, root: Path, output: Output) -> None:
    """Do the run below `root` and say what came out. Everything that was started is closed at the end.

    Raises NotConfigured when the extra is missing, RunFailed when the run ended badly.
    """
    check_extra(order.recipe.packages)
    end_on_signals()
    output.talk(
        "RunPod, Hugging Face and the image registries are simulated on this computer;\neverything else is "
        "real. You pay nothing: the dollars are what a GPU would cost."
    )
    folder = order.out or read_config().data_folder / "demo"
    with demo_cloud(root, dict.fromkeys(order.faults), base=order.base) as cloud:
        try:
            outcome = complete(_run(order, cloud, _config(root, cloud), folder, output))
        except LauncherError as error:
            # Some faults end the run before there is an outcome that could tell of them.
            error.hint = joined([error.hint, _faults_line(cloud.struck).strip()], "\n")
            raise
        if outcome.onnx is not None:
            outcome = replace(outcome, spoken_wav=_speak(outcome.onnx, folder / "spoken.wav"))
        outcome = replace(outcome, pods_left=_pods_left(cloud), struck=cloud.struck)
    output.answer(outcome.document(), lambda: _text(outcome), quiet=str(outcome.folder))
    raise_if_bad(outcome.followed)


def _config(root: Path, cloud: DemoCloud) -> Config:
    """Its own home, so that the demo never mixes with real runs; loopback is asked more often."""
    config = read_config({**cloud.env, "LAUNCHER_HOME": str(root / "home")})
    return replace(config, poll_seconds=2.0)


async def _run(
    order: DemoOrder, cloud: DemoCloud, config: Config, folder: Path, output: Output
) -> DemoOutcome:
    keys = find_keys(cloud.env)
    composed = _composed(order, cloud, config)
    async with open_workbench(config, keys) as bench:
        bench.runs.on_trouble = output.talk
        leaving = "Ctrl-C: end the demo and remove everything it made"
        with Live(output, Picture(is_demo=True), leaving) as live:
            followed = await _to_its_end(bench, composed, order.base, keys, live, output)
        into = await _brought_here(bench, followed, folder)
        return DemoOutcome(
            followed=followed,
            folder=into,
            provider_calls=bench.at(order.provider).provider.calls,
            pods_left=_pods_left(cloud),
            results_repo=cloud.results_repo,
            onnx=next(iter(sorted(into.glob("voice/*.onnx"))), None),
            began_as=order.base.name if order.base else "",
        )


async def _to_its_end(
    bench: Workbench,
    composed: Composed,
    base: DemoBase | None,
    keys: Keys,
    live: Live,
    output: Output,
) -> Followed:
    plan = await make_plan(bench, composed, keys)
    output.event(plan_document(plan))
    raise_errors(plan)
    live.say(
        f"Plan: {plan.run_id}, {plan.offer.gpu_name} at {dollars_per_hour(plan.offer.price_per_hour_usd)}, "
        f"{usd(plan.worst_case_usd)} at most"
    )
    if base is not None and plan.base_licence:
        live.say(f"Starts from {base.checkpoint}; licence on its card: {plan.base_licence}")
    launched = await launch_and_show(bench, plan, keys, live, _demo_left)
    return await follow_to_end(bench, launched, live, _demo_left)


def _demo_left(run: Run) -> Interrupted:
    """The cloud goes with the demo, and the pod with the cloud: here no run goes on."""
    return Interrupted(
        f"The demo was ended, and {run.run_id} with it; its pod and simulated services are gone.",
        hint="A run on a real GPU would continue: there Ctrl-C only stops watching.",
    )


def _composed(order: DemoOrder, cloud: DemoCloud, config: Config) -> Composed:
    given: dict[str, Any] = {
        "dataset_repo": cloud.dataset_repo,
        "results_repo": cloud.results_repo,
        "provider": order.provider,
        **({"image": order.image} if order.image else {}),
    }
    command = program_command(command_that_shows(order.faults))
    work = DemoWork(order.recipe, command, order.seed, order.steps, order.base)
    return demo_settings(work, given, config)


async def _brought_here(bench: Workbench, followed: Followed, folder: Path) -> Path:
    reason = followed.run.end_reason
    if reason is None or not reason.delivers:
        return folder
    got = await download_results(bench, followed.run, folder, WORTH_HEARING)
    return got.folder


def _speak(onnx: Path, wav: Path) -> Path:
    """Have the unmodified Piper runtime say a sentence. Raises RunFailed when it cannot."""
    command = module_command("piper", "-m", str(onnx), "-f", str(wav), "--", SENTENCE)
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=SPEAK_SECONDS,
            env=for_python(os.environ),
        )
    except subprocess.TimeoutExpired:
        raise RunFailed(f"The Piper runtime said nothing within {SPEAK_SECONDS} s.") from None
    if done.returncode != 0 or not wav.is_file():
        last_line = next(iter(reversed(done.stderr.strip().splitlines())), "no reason given")
        raise RunFailed(
            f"The Piper runtime cannot speak with the voice: {last_line}",
            hint=f"Try it yourself: python -P -m piper -m {onnx} -f spoken.wav -- Hello.",
        )
    return wav


def _pods_left(cloud: DemoCloud) -> int:
    """Pods that the stand-in still bills; asked of the cloud itself, not of our own books."""
    import httpx

    answer = httpx.get(
        f"{cloud.runpod.url}/v2/pods",
        headers={"Authorization": f"Bearer {cloud.runpod.api_key}"},
        timeout=10.0,
    )
    pods: Sequence[dict[str, Any]] = []
    with suppress(ValueError):
        pods = answer.json()["pods"] if answer.is_success else []
    ended = PodStatus.TERMINATED.value.upper()
    paid = sum(str(pod.get("status", "")).upper() != ended for pod in pods)
    return paid + cloud.jobs_left


def _text(outcome: DemoOutcome) -> str:
    document, ended = outcome.document(), outcome.followed.ended
    run = outcome.followed.run
    phases = ", ".join(f"{p['name']} {lasted(p['seconds'])}" for p in document["phases"])
    lines = [f"{run.run_id}: {run.end_sentence or 'no end is known'}"]
    if phases:
        lines.append(f"  Phases     {phases}")
    if ended and ended.steps and ended.first_loss is not None and ended.last_loss is not None:
        lines.append(
            f"  Training   {counted(ended.steps, 'step')}, mel loss {ended.first_loss:.3f} to {ended.last_loss:.3f}"
        )
    lines.append(
        f"  Money      {usd(run.cost_usd)} it would have cost; pods left: {outcome.pods_left}"
    )
    if outcome.onnx is not None:
        lines += [f"  Voice      {outcome.onnx}", f"  It speaks  {outcome.spoken_wav}"]
        lines.append(_how_it_sounds(outcome))
    else:
        lines.append(f"  Results    {outcome.folder}")
    if outcome.struck:
        lines.append(_faults_line(outcome.struck))
    return "\n".join(lines)


def _faults_line(struck: Mapping[str, int]) -> str:
    return f"  Faults     {struck_text(struck)}" if struck else ""


def _how_it_sounds(outcome: DemoOutcome) -> str:
    if not outcome.began_as:
        return (
            "A minute on a CPU shows that every step works, but the voice mumbles. A good voice\ntakes "
            f"{FINE_TUNE_TIME} on a GPU."
        )
    return (
        f"A minute on a CPU shows that every step works, not how good a voice can be: it started "
        f"from {outcome.began_as} and is\n"
        f"hardly past that. To sound like the recordings takes {FINE_TUNE_TIME} on a GPU."
    )
