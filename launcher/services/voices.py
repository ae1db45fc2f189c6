"""The voices a run has delivered: finding them, fetching one, making one the run's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from launcher.domain.run import Run
from launcher.errors import InvalidRequest
from launcher.services.context import Workbench
from launcher.services.results import list_results
from pod_image.contract.paths import ResultsFolder
from pod_image.hub import RemoteFile, Repo, fetch, publish

_STEP = re.compile(r"step-(\d+)")
_FINAL_FOLDER = "voice"


@dataclass(frozen=True)
class Voice:
    """An `.onnx` with its `.onnx.json`. `path` is the onnx below the run's folder; `step` None is the final one."""

    run_id: str
    path: str
    size_bytes: int
    step: int | None

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).stem

    @property
    def title(self) -> str:
        return "final voice" if self.step is None else f"step {self.step:,}"


def voices_among(run_id: str, files: Sequence[RemoteFile]) -> list[Voice]:
    """The final voice first, then those of checkpoints, newest first; only whole ones."""
    paths = {file.path for file in files}
    found = []
    for file in files:
        if not file.path.endswith(".onnx") or f"{file.path}.json" not in paths:
            continue
        below = file.path.removeprefix(f"{run_id}/")
        match = _STEP.search(below)
        step = int(match[1]) if match and not below.startswith(f"{_FINAL_FOLDER}/") else None
        found.append(Voice(run_id, below, file.size_bytes, step))
    return sorted(found, key=lambda one: (one.step is not None, -(one.step or 0), one.path))


async def voices_of_run(bench: Workbench, run: Run) -> list[Voice]:
    """Raises HubError, NotConfigured."""
    return voices_among(run.run_id, await list_results(bench, run))


async def fetch_voice(bench: Workbench, run: Run, voice: Voice) -> Path:
    """Bring the voice to the results folder, checked; returns the `.onnx` on this machine."""
    into = bench.config.results_folder / run.results_repo
    await bench.results(run.results_repo).download(
        run.run_id, into, [voice.path, f"{voice.path}.json"]
    )
    return into / run.run_id / voice.path


def local_voices(results_folder: Path) -> list[Path]:
    """Every whole voice on this machine, newest first."""
    if not results_folder.is_dir():
        return []
    found = [
        path
        for path in results_folder.rglob("*.onnx")
        if path.with_name(f"{path.name}.json").is_file()
    ]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


async def use_voice(bench: Workbench, run: Run, voice: Voice) -> str:
    """Make a checkpoint's voice the one in the run's `voice/` folder, in one commit; returns the commit.

    Raises InvalidRequest for the final voice, HubError when the repo refuses.
    """
    if voice.step is None:
        raise InvalidRequest(f"{voice.name} is the voice of {run.run_id} already.")
    current = next((one for one in await voices_of_run(bench, run) if one.step is None), None)
    name = current.name if current is not None else voice.name
    into = bench.config.results_folder / run.results_repo
    repo = Repo(run.results_repo, "model")
    results = bench.results(run.results_repo)
    await bench.hub.run(
        fetch,
        bench.hub.upload,
        repo,
        await results.commit(),
        into,
        [ResultsFolder(run.run_id).path(path) for path in (voice.path, f"{voice.path}.json")],
        None,
    )
    source = into / run.run_id / voice.path
    target = ResultsFolder(run.run_id).path(f"{_FINAL_FOLDER}/{name}.onnx")
    files: dict[str, Path | bytes] = {
        target: source,
        f"{target}.json": source.with_name(f"{source.name}.json"),
    }
    receipt = await bench.hub.run(
        publish, bench.hub.upload, repo, files, f"Use step {voice.step} as {run.run_id}'s voice"
    )
    return str(receipt.commit)
