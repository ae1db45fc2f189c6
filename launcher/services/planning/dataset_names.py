"""What a plan says of its datasets by their names and of findings by their codes; no dataset is looked into here.

Apart from `dataset_look`, which loads what reads one: the plan of a run that takes no dataset does without.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from launcher.domain.plan import DatasetPart, DatasetSummary
from launcher.errors import InvalidRequest
from pod_image.contract.datasets import ChosenDataset
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import NextStep, Said, Sentence, setting


def not_looked_into(pinned: Sequence[tuple[ChosenDataset, str]]) -> DatasetSummary:
    """Of a recipe that takes the files as they are: their commits alone."""
    name = joined_name(dataset.name for dataset, _ in pinned)
    parts = tuple(DatasetPart(dataset.name, commit) for dataset, commit in pinned)
    several = parts if len(parts) > 1 else ()
    return DatasetSummary(name, pinned[0][1], clips=0, minutes=None, parts=several)


def twice_findings(datasets: Sequence[ChosenDataset]) -> tuple[Finding, ...]:
    """An error for each dataset that a run names twice, the same folder at one revision."""
    often = Counter((dataset.repo, dataset.inside, dataset.revision) for dataset in datasets)
    return tuple(
        Finding(
            Severity.ERROR,
            "dataset_twice",
            f"The dataset {repo}{f'/{inside}' if inside else ''} is given twice.",
            Sentence(
                "Give it once; ", setting("dataset_shares"), " sets the weight of each dataset."
            ),
        )
        for (repo, inside, _), count in often.items()
        if count > 1
    )


def joined_name(names: Iterable[str]) -> str:
    """Such as "me/a, me/b and me/c"."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def refuse_unknown(forced: Collection[str]) -> None:
    """InvalidRequest for a code that no finding has: a misspelt one must not look as if it were heeded."""
    if not forced:
        return
    from pod_image.dataset import Code

    known = [code.value for code in Code]
    for code in forced:
        if code not in known:
            near = difflib.get_close_matches(code, known, n=3, cutoff=0.4)
            raise InvalidRequest(
                f"There is no finding called {code!r}.",
                hint=f"Did you mean {' or '.join(near)}?" if near else "The error shows its code.",
            )


def can_be_let_pass(code: str) -> bool:
    """Whether a finding of this code is one of the dataset, which `forced` may name."""
    from pod_image.dataset import Code

    return code in {known.value for known in Code}


def how_to_force(errors: Sequence[Finding]) -> Said:
    """How to let these errors pass, as far as they are the dataset's; else nothing."""
    codes = dict.fromkeys(finding.code for finding in errors if can_be_let_pass(finding.code))
    step = NextStep.LET_PASS.of(" ".join(codes))
    return Sentence("Or ignore known errors: ", step) if codes else ""
