"""What a plan says of the shares of several datasets in a training. Pure."""

from __future__ import annotations

from launcher.domain.plan import DatasetSummary
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.recipes.piper import PiperSettings

UNEVEN = 20.0
"""A clip that is learnt so many times as often as another is learnt by heart: the voice then fits it alone."""


def share_findings(settings: PiperSettings, dataset: DatasetSummary | None) -> tuple[Finding, ...]:
    """An error where shares and datasets are not as many; a warning where some clips are learnt far more often."""
    shares, datasets = settings.dataset_shares, chosen_datasets(settings)
    if not shares:
        return ()
    if len(shares) != len(datasets):
        return (_error(len(shares), len(datasets)),)
    parts = dataset.parts if dataset else ()
    if len(parts) != len(shares) or not all(part.clips for part in parts):
        return ()
    often = [share / part.clips for share, part in zip(shares, parts, strict=True)]
    times = max(often) / min(often)
    if times < UNEVEN:
        return ()
    most, least = parts[often.index(max(often))], parts[often.index(min(often))]
    return (
        Finding(
            Severity.WARNING,
            "shares_uneven",
            f"With these shares each of the {counted(most.clips, 'clip')} of {most.name} is used "
            f"{times:,.0f} times as often as one of {least.name}: the voice may memorise them.",
            Sentence("Bring ", setting("dataset_shares"), " closer to the numbers of clips."),
        ),
    )


def _error(shares: int, datasets: int) -> Finding:
    hint: Said = Sentence(
        "Give ", setting("dataset_shares"), " one number for each dataset, or leave it out."
    )
    there = counted(datasets, "dataset")
    return Finding(
        Severity.ERROR,
        "dataset_shares",
        f"There {'is' if datasets == 1 else 'are'} {there}, and {counted(shares, 'share')}.",
        hint,
    )
