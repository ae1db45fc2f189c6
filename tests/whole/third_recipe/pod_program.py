"""Goes to `pod_image/recipes/counting/__main__.py`: the process of its one stage."""

from __future__ import annotations

import sys
from pathlib import Path

from pod_image.contract.bodies import Step
from pod_image.contract.paths import RunFolder
from pod_image.recipes.worker import Reporter, run_document
from tests.whole.third_recipe.contract import CountingSettings


def main() -> int:
    rounds = CountingSettings.of(run_document().settings).rounds
    folder, report = RunFolder(Path.cwd()), Reporter()
    count = 0
    for number in range(1, rounds + 1):
        count = sum(path.is_file() for path in folder.dataset.rglob("*"))
        left = 1 - number / rounds
        report(Step(step=number, total_steps=rounds, losses={"uncounted": left, "other": 9.0}))
    (folder.out / "counts" / "report.txt").write_text(f"{count} files, {rounds} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
