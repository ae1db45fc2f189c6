"""What a run that is over has left in its results repo, and which voice of it counts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture
from launcher.recipes.base import Result
from launcher.services.voices.delivered import Voice, step_of_final, voices_among
from pod_image.contract.paths import ResultsFolder
from pod_image.hub import RemoteFile


@dataclass(frozen=True)
class Left:
    """`files` are in the results repo, by its own listing where `is_looked_up`, else by the pod's word, which compared
    them there. `is_known` is False where nobody has said yet what arrived.
    """

    files: tuple[RemoteFile, ...]
    is_looked_up: bool
    is_known: bool
    told: tuple[RemoteFile, ...] = ()
    """What the pod said had arrived, whatever became of it."""

    @property
    def size_bytes(self) -> int:
        return sum(one.size_bytes for one in self.files)


def left_by(run: Run, picture: RunPicture, listed: Sequence[RemoteFile] | None) -> Left:
    """`listed` is what the repo holds of the run now; None where it was not looked at, or could not be."""
    prefix = f"{run.run_id}/"
    told = tuple(
        RemoteFile(one.path, one.size_bytes, one.sha256, "")
        for one in picture.files.values()
        if one.path.startswith(prefix)
    )
    if listed is not None:
        return Left(tuple(listed), is_looked_up=True, is_known=True, told=told)
    never_delivers = run.end_reason is not None and not run.end_reason.delivers
    counted = picture.ended.delivered_count if picture.ended is not None else 0
    has_said = (
        picture.ended is not None and not counted
    )  # of files that are only counted nobody knows which
    is_known = bool(told) or has_said or never_delivers or not run.shown_pod_id
    return Left(told, is_looked_up=False, is_known=is_known, told=told)


def result_files(run: Run, files: Sequence[RemoteFile], result: Result | None) -> list[RemoteFile]:
    """What the run was for, of these files; of a recipe that names nothing, all but what the agent says of it."""
    own = ResultsFolder(run.run_id).own
    patterns = result.patterns if result is not None else ("**",)
    return [
        one
        for one in files
        if one.path not in own
        and any(fnmatchcase(one.path.removeprefix(f"{run.run_id}/"), each) for each in patterns)
    ]


def has_checkpoint(run: Run, left: Left, picture: RunPicture) -> bool:
    """Whether another run could go on from here: a checkpoint is in the repo."""
    kept = {f"{run.run_id}/{one.path}" for one in picture.checkpoints}
    return any(
        "/checkpoints/" in one.path or one.path in kept or _is_below(one.path, kept)
        for one in left.files
    )


@dataclass(frozen=True)
class FoundVoice:
    """`step` is that of its checkpoint, None where nobody can tell. `is_final`: it is in the run's `voice/` folder."""

    voice: Voice
    step: int | None
    size_bytes: int
    sha256: str

    @property
    def is_final(self) -> bool:
        return self.voice.step is None


def voice_left(run: Run, left: Left, picture: RunPicture) -> FoundVoice | None:
    """The final voice; where the run came to none, the best checkpoint's, or the newest one's."""
    found = voices_among(run.run_id, left.files)
    if not found:
        return None
    best = picture.best
    chosen = found[0]
    if chosen.step is not None and best is not None:
        chosen = next((one for one in found if one.step == best.step), chosen)
    (file,) = [one for one in left.files if one.path == f"{run.run_id}/{chosen.path}"]
    step = chosen.step
    if step is None:
        step = step_of_final(run.run_id, left.files)
    if step is None and picture.checkpoints:
        step = best.step if best is not None else picture.checkpoints[-1].step
    return FoundVoice(chosen, step, file.size_bytes, file.sha256 or "")


def _is_below(path: str, folders: set[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)
