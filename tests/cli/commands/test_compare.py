"""`launcher compare`: runs beside each other, by the same figures as the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pod_image.hub import Repo, publish
from tests.cli.conftest import Shell
from tests.kit.clouds import RESULTS_REPO
from tests.kit.repo_runs import AT, line, record

OVER = {"state": "ended", "end_reason": "finished", "ended_at": AT, "not_delivered": ()}
DISTANCE = "mel_cepstral_distance_db"


def put(shell: Shell, run_id: str, *, loss: float, distance: float, **settings: Any) -> None:
    """A run that ended, as its pod left it."""
    told = (
        line(1, "step", step=1_200, losses={"mel": loss}),
        line(2, "checkpoint", step=1_000, path="a", size_bytes=1, is_best=True, scores={DISTANCE: distance}),
        line(3, "ended", reason="finished"),
    )  # fmt: skip
    known = record(
        **OVER, run_id=run_id, nonce=f"nonce-{run_id}"[:10], recipe="piper", settings=settings,
        cost_usd=0.4, pod_id=f"pod-{run_id}",
    )  # fmt: skip
    files: dict[str, Path | bytes] = {
        f"{run_id}/events.jsonl": "\n".join(told).replace('"run-01"', f'"{run_id}"').encode(),
        f"{run_id}/run.json": known.to_json().encode(),
    }
    publish(shell.harness.hub, Repo(RESULTS_REPO, "model"), files, "results")


def put_two(shell: Shell) -> tuple[str, str]:
    put(shell, "run-01", loss=0.5, distance=6.5, batch_size=32, epochs=7)
    put(shell, "run-02", loss=0.4, distance=6.25, batch_size=16, epochs=7)
    return f"{RESULTS_REPO}/run-01", f"{RESULTS_REPO}/run-02"


def test_two_runs_stand_beside_each_other_with_what_differs(shell: Shell) -> None:
    said = shell("compare", *put_two(shell))
    assert said.code == 0
    rows = {words[0]: " ".join(words) for words in map(str.split, said.out.splitlines()) if words}
    assert "finished 1,200 0.5 at 1,200 6.5 dB at 1,000" in rows["run-01"]
    assert "0.4 at 1,200 6.25 dB at 1,000" in rows["run-02"]
    assert "$0.40" in rows["run-01"]
    assert "BEST SCORE is “Distance from the recordings”, with its step." in said.text
    assert "Batch size: 32 clips (run-01); 16 clips (run-02)" in said.text
    assert "Epochs" not in said.text


def test_programs_read_the_same_as_json(shell: Shell) -> None:
    found = shell("compare", *put_two(shell), "--json").json
    assert [one["run_id"] for one in found["runs"]] == ["run-01", "run-02"]
    assert [one["last_loss"]["value"] for one in found["runs"]] == [0.5, 0.4]
    assert found["runs"][1]["best_score"] == {"name": DISTANCE, "value": 6.25, "step": 1_000}
    assert found["settings"] == [{"name": "batch_size", "values": [32, 16]}]


def test_runs_that_were_started_alike_are_said_to_be(shell: Shell) -> None:
    for run_id in ("run-01", "run-02"):
        put(shell, run_id, loss=0.5, distance=6.5, epochs=7)
    said = shell("compare", f"{RESULTS_REPO}/run-01", f"{RESULTS_REPO}/run-02")
    assert "They were started with the same settings." in said.text


def test_one_run_alone_is_not_compared(shell: Shell) -> None:
    first, _ = put_two(shell)
    for words in ((first,), (first, first), (first, "run-01")):
        said = shell("compare", *words)
        assert said.code == 2
        assert "launcher runs" in said.text
