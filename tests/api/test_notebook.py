"""docs/notebook.ipynb, run from its first cell to its last: from a dataset to a voice."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.api.voice_pods import SENTENCE, in_our_account, make_voices
from tests.kit.checkout import ROOT
from tests.kit.notebooks import Notebook
from tests.services.harness import LauncherHarness

DOCUMENT = json.loads((ROOT / "docs" / "notebook.ipynb").read_text("utf-8"))
CELLS = ["".join(cell["source"]) for cell in DOCUMENT["cells"] if cell["cell_type"] == "code"]


@pytest.fixture
def notebook(program: LauncherHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    make_voices(program).steps = 25
    found = Notebook()
    monkeypatch.setitem(sys.modules, "IPython", found)
    monkeypatch.chdir(tmp_path)
    return found


def test_a_voice_comes_of_a_dataset_with_its_curve_drawn(
    program: LauncherHarness, notebook: Notebook, tmp_path: Path
) -> None:
    notebook.run(map(in_our_account, CELLS))

    plan, samples, run = notebook.shown
    assert "Plan for run-01" in plan
    assert "12 clips" in plan
    assert samples.count("data:audio/wav;base64,") == 6
    assert SENTENCE in samples
    assert "The run finished." in run
    assert "<polyline" in run
    (states,) = notebook.drawn
    assert len(states) > 10
    assert "<polyline" in states[-1]
    assert (tmp_path / "voices" / "run-01" / "voice" / "voice.onnx").is_file()
    assert (program.posts(), program.live()) == (1, [])


def test_cells_that_are_run_again_rent_nothing_more(
    program: LauncherHarness, notebook: Notebook
) -> None:
    first = [in_our_account(cell) for cell in CELLS[:2]]
    notebook.run([*first, first[1], first[1], *map(in_our_account, CELLS[2:])])
    assert program.posts() == 1


def test_the_way_takes_ten_lines() -> None:
    lines = [line for cell in CELLS for line in cell.splitlines() if line.strip()]
    plan_in_one = len(lines) - 4  # its arguments stand on lines of their own
    assert plan_in_one <= 10
    assert DOCUMENT["nbformat"] == 4
    assert all(not cell.get("outputs") for cell in DOCUMENT["cells"])
