"""How the end of a run is told: by what is in its results repo, never by what was meant to be. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.domain.delivery import known_delivery
from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture
from launcher.recipes.base import Result
from launcher.ui.pages.run.what_is_there import FoundVoice, Left, has_checkpoint, result_files
from launcher.ui.widgets.elements import Tone
from pod_image.contract.figures import counted
from pod_image.contract.outcomes import EndReason
from pod_image.contract.paths import ResultsFolder
from pod_image.contract.results_address import results_kind


@dataclass(frozen=True)
class EndWords:
    """`tone` is "good" only where the run did what it was for, and nothing of it is known to be missing."""

    title: str
    lines: tuple[str, ...]
    tone: Tone


def end_words(
    run: Run,
    picture: RunPicture,
    result: Result | None,
    left: Left,
    results: int,
    voice: FoundVoice | None,
) -> EndWords:
    """`results` counts the files that the run was for; `voice` is the one of a run that makes voices."""
    name = result.name if result is not None else "results"
    speaks = result is not None and result.speaks
    if not left.is_known:
        counted_files = picture.ended is not None and picture.ended.delivered_count
        there = f"This computer does not know what reached {run.results_repo}. You can look it up there."
        if counted_files:
            there = f"Its files are in {run.results_repo}; you can see them there."
        return EndWords("What the run delivered is not known here", (there,), "note")
    if not (voice is not None if speaks else results):
        return _without(run, picture, result, left, name)
    missing = run.not_delivered or (picture.ended.missing_count if picture.ended else 0)
    is_whole = run.end_reason is not None and run.end_reason.is_success
    if is_whole and (voice is None or voice.is_final):
        title = f"Your {name} {'are' if _is_several(name) else 'is'} ready"
        lines = [run.end_sentence, _of_step(voice) if run.end_reason is EndReason.STOPPED else ""]
        lines.append(_delivered(run, picture, left, name, voice))
        return EndWords(title, _said(lines), "warning" if missing else "good")
    title = f"The run ended early; {'these are' if _is_several(name) else 'this is'} its {name}"
    if voice is not None:
        title = "The run ended early; this is its voice"
        if voice.step is not None:
            title = f"The run ended early; this is the voice of step {voice.step:,}"
    unfinished = ""
    if voice is not None and not voice.is_final:
        unfinished = "There is no final voice; this one is from a checkpoint."
    lines = [unfinished, _delivered(run, picture, left, name, voice)]
    return EndWords(title, _said(lines), "warning")


def _without(
    run: Run, picture: RunPicture, result: Result | None, left: Left, name: str
) -> EndWords:
    if not left.files and not run.shown_pod_id:
        return EndWords(
            "Nothing was delivered", ("It never had a GPU, so there is nothing to keep.",), "bad"
        )
    if not left.files:
        there = f"There is nothing of it in {run.results_repo}"
        there += "." if left.is_looked_up else ", as far as is known here."
        return EndWords("Nothing was delivered", (there,), "bad")
    if left.is_looked_up and result_files(run, left.told, result):
        lines = (f"It was delivered, but is no longer in {run.results_repo}.",)
        return EndWords(f"The {name} {'are' if _is_several(name) else 'is'} gone", lines, "bad")
    if has_checkpoint(run, left, picture):
        step = picture.checkpoints[-1].step if picture.checkpoints else None
        of_step = f" of step {step:,}" if step is not None else ""
        lines = ("Another run can continue from it.",)
        verb = "are" if _is_several(name) else "is"
        return EndWords(f"There {verb} no {name}, but a checkpoint{of_step}", lines, "warning")
    count = len([one for one in left.files if one.path not in ResultsFolder(run.run_id).own])
    arrived = (
        f"{counted(count, 'file')} of it {'is' if count == 1 else 'are'} in {run.results_repo}"
    )
    only_told = f"Only what the run reported is in {run.results_repo}, such as its log."
    lines = (f"{arrived}, and no {name} among them." if count else only_told,)
    return EndWords(f"No {name} {'were' if _is_several(name) else 'was'} delivered", lines, "bad")


def _of_step(voice: FoundVoice | None) -> str:
    if voice is None or voice.step is None:
        return ""
    return f"This is the voice of step {voice.step:,}."


def _delivered(
    run: Run, picture: RunPicture, left: Left, name: str, voice: FoundVoice | None
) -> str:
    """What was checked of it, and where that was."""
    ended = picture.ended.model_dump(mode="json") if picture.ended is not None else None
    found = known_delivery(run.not_delivered, ended, run.results_repo)
    if voice is not None and left.is_looked_up:
        told = picture.files.get(f"{run.run_id}/{voice.voice.path}")
        if told is not None and voice.sha256 and told.sha256 != voice.sha256:
            return f"The voice was replaced in the {results_kind(run.results_repo)} after the run ended."
    if found is not None and (found.missing or found.present):
        return found.sentence
    they = "They are" if _is_several(name) else "It is"
    return f"{they} in {run.results_repo}" + ("." if left.is_looked_up else ", checked there.")


def _is_several(name: str) -> bool:
    return name.endswith("s")


def _said(lines: list[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if line)
