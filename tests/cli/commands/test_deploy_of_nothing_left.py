"""A dataset of which a training could take no clip is refused by the plan, and nothing is rented."""

from __future__ import annotations

from tests.cli.conftest import Shell
from tests.kit.clouds import RESULTS_REPO
from tests.kit.dataset_files import wav

ASKED = (
    *("--preset", "quick-check", "--results-repo", RESULTS_REPO),
    *("--dataset-repo", "demo/short", "--run-id", "run-01"),
)
TEXT = "A sentence that is far too long to be said in so little time"


def test_a_deploy_of_a_dataset_of_which_nothing_is_left_rents_nothing(shell: Shell) -> None:
    clips = {f"wavs/{n}.wav": wav(0.2 if n < 2 else 0.6, 16_000) for n in range(3)}
    table = "".join(f"wavs/{n}.wav|{TEXT} {'again ' * n}\n" for n in range(3)).encode()
    shell.push({**clips, "metadata.csv": table}, "demo/short")
    said = shell("deploy", "--yes", *ASKED)
    assert (said.code, shell.rented) == (2, 0)
    assert "None of the 3 clips can be used: 2 too short, 1 with more text than sound" in said.text
    assert "--force nothing-left" in said.text
    assert shell("plan", *ASKED, "--json").json["can_be_launched"] is False
