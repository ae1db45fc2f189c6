"""What a shared page is made of, from this computer and the results repo; what could not be had is said."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from launcher.domain.run import Run, RunState
from launcher.emulator.hub.faults import Rule, refused
from launcher.services.sharing.choice import Choice
from launcher.services.sharing.shared_page import shared_page
from launcher.services.sharing.shared_run import gather
from pod_image.contract.outcomes import EndReason
from pod_image.hub import Repo, publish
from tests.kit.clouds import RESULTS_REPO
from tests.kit.repo_runs import AT, line, put, record
from tests.kit.runs import run
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness


def ended(**changes: Any) -> Run:
    """A run of this computer, its pod gone."""
    told = {"state": RunState.ENDED, "end_reason": EndReason.STOPPED, "results_repo": RESULTS_REPO}
    return run(**{**told, "planned_at": AT, "created_at": AT, "armed_at": AT, **changes})


@in_virtual_time
async def test_an_attempt_that_a_later_one_followed_is_shared_as_itself(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    own: dict[str, Path | bytes] = {
        "run-01/events-attempt-1.jsonl": line(1, "step", step=7, losses={"mel": 0.5}).encode()
    }
    publish(harness.hub, Repo(RESULTS_REPO, "model"), own, "a later attempt begins")
    put(
        harness.hub,
        record(attempt=2, nonce="bbbbbbbbbb"),
        line(1, "step", 900.0, step=5, losses={"mel": 9.0}),
    )
    shared = await gather(harness.bench, ended(), Choice())
    assert shared.picture.step is not None
    assert shared.picture.step.step == 7


@in_virtual_time
async def test_samples_that_could_not_be_looked_for_are_no_samples_that_are_not_there(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    put(harness.hub, record(), line(1, "sample", step=9, path="samples/9.wav", text="Hello."))
    harness.core.faults.add(Rule(r"^GET .*/tree/", math.inf, refusal=refused(403, "Forbidden")))
    shared = await gather(harness.bench, ended(), Choice())
    assert (shared.samples, shared.samples_made) == ((), 1)
    assert "403" in shared.trouble
    assert "Some samples are missing." in shared_page(shared, Choice())
