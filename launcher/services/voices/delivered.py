"""The voices a run has delivered: finding them, fetching one, making one the run's own."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from weakref import WeakValueDictionary

from launcher.config import private_files
from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest
from launcher.hub.results_repo import exactly
from launcher.services.common.workbench import Workbench
from launcher.services.following.delivered_files import list_results, results_folder
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.paths import ResultsFolder
from pod_image.contract.results_address import name_below
from pod_image.contract.whole_file import write_whole
from pod_image.hub import RemoteFile, Repo, publish

_STEP = re.compile(r"step-(\d+)")
_FINAL_FOLDER = "voice"
_FETCHING: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()
"""Of two at once each would write the other's half of a file, and move it away."""
_COMES_AT_THE_END = Sentence(
    "Voices are made at the end of a run; ", NextStep.FOLLOW_RUN, " shows its progress."
)


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
        found.append(Voice(run_id, below, file.size_bytes, _step_of(below)))
    return sorted(found, key=lambda one: (one.step is not None, -(one.step or 0), one.path))


def _step_of(below: str) -> int | None:
    match = _STEP.search(below)
    return int(match[1]) if match and not below.startswith(f"{_FINAL_FOLDER}/") else None


async def voices_of_run(bench: Workbench, run: Run, revision: str = "") -> list[Voice]:
    """Of the run as it is now, or of a version of it. Raises HubError, NotConfigured."""
    return voices_among(run.run_id, await list_results(bench, run, revision))


async def fetch_voice(bench: Workbench, run: Run, voice: Voice, revision: str = "") -> Path:
    """Bring the voice to the results folder, checked; returns the `.onnx` on this machine."""
    into = results_folder(bench, run, revision)
    async with _alone(into):
        await bench.results(run.results_repo).download(
            run.run_id, into, exactly(voice.path, f"{voice.path}.json"), revision=revision
        )
    return into / run.run_id / voice.path


async def fetch_description(bench: Workbench, run: Run, voice: Voice) -> Path:
    """Bring the `.json` alone, which is small; returns the path of the `.onnx` that it describes, here or not."""
    into = results_folder(bench, run)
    async with _alone(into):
        await bench.results(run.results_repo).download(
            run.run_id, into, exactly(f"{voice.path}.json")
        )
    return into / run.run_id / voice.path


def _alone(folder: Path) -> asyncio.Lock:
    return _FETCHING.setdefault(folder, asyncio.Lock())


def local_path(bench: Workbench, run: Run, voice: Voice) -> Path | None:
    """The voice's `.onnx` where it is on this machine already, whole; it may be older than what the repo holds."""
    path = results_folder(bench, run) / run.run_id / voice.path
    return path if path.is_file() and path.with_name(f"{path.name}.json").is_file() else None


def step_of_final(run_id: str, files: Sequence[RemoteFile]) -> int | None:
    """Which checkpoint's voice is the final one: by its checksum, else as the one whose own folder has none."""
    voices = voices_among(run_id, files)
    sums = {file.path: file.sha256 for file in files}
    final = next((one for one in voices if one.step is None), None)
    if final is None:
        return None
    wanted = sums[f"{run_id}/{final.path}"]
    for one in voices:
        if one.step is not None and wanted and sums[f"{run_id}/{one.path}"] == wanted:
            return one.step
    return _step_of(_folder_without_voice(run_id, files, voices))


def in_use_here(run_folder: Path, run_id: str, files: Sequence[RemoteFile]) -> set[Path]:
    """Voices of the run on this machine that are the one in use, as `files` of the repo have it now. Blocking.

    What lies here as the final voice may be older than the repo's: it is compared by its checksum.
    """
    voices, step = voices_among(run_id, files), step_of_final(run_id, files)
    found = {run_folder / one.path for one in voices if one.step is not None and one.step == step}
    sums = {file.path: file.sha256 for file in files}
    for one in voices:
        path = run_folder / one.path
        if one.step is None and path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest == sums[f"{run_id}/{one.path}"]:
                found.add(path)
    return {path for path in found if path.is_file()}


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


def chosen_voice(run: Run, found: Sequence[Voice], step: int | None) -> Voice:
    """The final voice, or with `step` that checkpoint's. Raises InvalidRequest, which says what there is."""
    voice = next((one for one in found if one.step == step), None)
    if voice is not None:
        return voice
    steps = ", ".join(str(one.step) for one in found if one.step is not None)
    if step is None:
        named = Sentence(
            "Choose a checkpoint's voice with ", NextStep.CHOOSE_CHECKPOINT, f": {steps}."
        )
        raise InvalidRequest(
            f"{run.run_id} has no final voice in {run.results_repo}.",
            hint=named if steps else _COMES_AT_THE_END,
        )
    raise InvalidRequest(
        f"{run.run_id} has no voice for step {step} in {run.results_repo}.",
        hint=f"It has voices for the steps {steps}." if steps else _COMES_AT_THE_END,
    )


def voice_here(results_folder: Path, run: Run, step: int | None) -> Path | None:
    """The `.onnx` of that voice of the run where it is on this machine already, whole."""
    folder = results_folder / name_below(run.results_repo) / run.run_id
    found = (
        path
        for path in local_voices(folder)
        if _step_of(path.relative_to(folder).as_posix()) == step
    )
    return next(found, None)


async def use_voice(bench: Workbench, run: Run, voice: Voice) -> str:
    """Make a checkpoint's voice the one in the run's `voice/` folder, in one commit; returns the commit.

    The voice that was there moves to its own checkpoint's folder where it has no copy there yet: nothing is lost.

    Raises InvalidRequest for the final voice and while the run still writes, HubError when the repo refuses.
    """
    if run.state is not RunState.ENDED:
        raise InvalidRequest(
            f"{run.run_id} is still writing its results: its end would overwrite the choice.",
            hint=Sentence("Choose when it is over; ", NextStep.FOLLOW_RUN, " shows how far it is."),
        )
    if voice.step is None:
        raise InvalidRequest(f"{voice.name} is already the voice of {run.run_id}.")
    delivered = await list_results(bench, run)
    found = voices_among(run.run_id, delivered)
    current = next((one for one in found if one.step is None), None)
    name = current.name if current is not None else voice.name
    source = await fetch_voice(bench, run, voice)
    files = _pair(run, f"{_FINAL_FOLDER}/{name}.onnx", source)
    folder = _folder_without_voice(run.run_id, delivered, found)
    if current is not None and folder:
        kept = await fetch_voice(bench, run, current)
        files |= _pair(run, f"{folder}/{kept.name}", kept)
    receipt = await bench.hub.run(
        publish,
        bench.hub.upload,
        Repo(run.results_repo, "model"),
        files,
        f"Use step {voice.step} as {run.run_id}'s voice",
    )
    _take_over_here(bench, run, files)
    return str(receipt.commit)


def _pair(run: Run, below: str, onnx: Path) -> dict[str, Path | bytes]:
    """Both files of a voice, by their path in the repo. Read now: `below` may be this file's own place here."""
    path = ResultsFolder(run.run_id).path(below)
    described = onnx.with_name(f"{onnx.name}.json")
    return {path: onnx.read_bytes(), f"{path}.json": described.read_bytes()}


def _folder_without_voice(run_id: str, files: Sequence[RemoteFile], voices: Sequence[Voice]) -> str:
    """The folder of the checkpoint whose voice is the final one alone; empty where that cannot be told.

    The pod leaves each kept checkpoint's voice in a folder of its name, but for the one that became the final voice.
    """
    steps = {one.step for one in voices}
    paths = (PurePosixPath(file.path.removeprefix(f"{run_id}/")) for file in files)
    bare = [
        str(path.with_suffix(""))
        for path in paths
        if path.suffix == ".ckpt" and _step_of(str(path)) not in steps
    ]
    return bare[0] if len(bare) == 1 else ""


def _take_over_here(bench: Workbench, run: Run, files: Mapping[str, Path | bytes]) -> None:
    """What is on this machine already becomes what the repo holds now."""
    into = bench.config.results_folder / name_below(run.results_repo)
    for path, content in files.items():
        if isinstance(content, bytes) and (into / path).is_file():
            with private_files(into):
                write_whole(into / path, content, is_shared=True)
