"""A run and a plan as a notebook and a terminal show them; nothing that a stranger wrote is more than text there."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree

import pytest

import launcher
from launcher.api.html import curve_html, run_html, sample_html
from launcher.domain.run_picture import picture_of
from pod_image.contract.outcomes import EndReason
from tests.api.programs import QUICK, deployed
from tests.kit.notebooks import Notebook
from tests.kit.runs import event
from tests.kit.runs import run as a_run
from tests.services.harness import LauncherHarness

EVIL = '<script>alert("x")</script>'


def test_a_notebook_draws_the_run_again_in_place_until_it_is_over(
    program: LauncherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = Notebook()
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    program.script.steps = 40
    run = deployed()
    run.show()
    (states,) = notebook.drawn
    assert "running" in states[0]
    assert "The run finished." in states[-1]
    assert "<polyline" in states[-1]
    assert 10 < len(states) < 60
    assert run.is_over
    run.show()
    assert notebook.drawn[1][-1] == states[-1]


def test_of_a_run_that_never_had_a_gpu_nothing_is_said_of_its_pod() -> None:
    page = run_html(a_run(end_reason=EndReason.BOOT_FAILED, pod_id=""), picture_of([]))
    assert "The run ended before it had a GPU." in page
    assert EndReason.BOOT_FAILED.sentence not in page


def test_events_that_come_together_are_drawn_once_a_second(
    program: LauncherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = Notebook()
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    run = deployed()
    run.wait()
    run.show()  # all of its events come from the repo, at one moment
    assert len(notebook.drawn[0]) == 2


def test_without_a_notebook_the_terminals_own_display_shows_it(
    program: LauncherHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sys.stdout, sys.stderr
    run = deployed()
    run.show()
    said = capsys.readouterr()
    assert "step 1, loss 1.000" in said.err
    assert "ended: The run finished." in said.err
    assert repr(run) in said.out
    assert (sys.stdout, sys.stderr) == before


def test_a_plan_is_shown_with_its_price_and_what_was_found(program: LauncherHarness) -> None:
    page = launcher.plan(QUICK)._repr_html_()
    assert "Plan for run-01" in page
    assert "At most" in page


def test_what_strangers_wrote_is_text_in_every_page() -> None:
    told = picture_of(
        [
            event("phase", 1, phase="train", state="started", detail=EVIL),
            event("step", 2, step=1, losses={EVIL: 2.0}),
            event("step", 3, step=2, losses={EVIL: 1.0}),
            event("warning", 4, code="x", message=EVIL, hint=EVIL),
        ]
    )
    known = a_run(run_id=EVIL, results_repo=EVIL, gpu_name=EVIL, detail=EVIL)
    pages = [run_html(known, told), curve_html(EVIL, [(0, 1), (1, 2)])]
    pages += [sample_html(EVIL, f"{EVIL}{end}", EVIL.encode()) for end in (".wav", ".txt", ".svg")]
    for page in pages:
        assert EVIL not in page
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        ElementTree.fromstring(f"<p>{page}</p>".replace(" controls ", ' controls="" '))
    assert re.findall(r"(?:src|href)=\"(?!data:(?:audio|image)/)", "".join(pages)) == []


@pytest.mark.parametrize("points", [[], [(1.0, 2.0)]])
def test_a_curve_without_two_points_is_not_drawn(points: list[tuple[float, float]]) -> None:
    assert curve_html("loss", points) == ""


def test_a_long_curve_stays_small_and_a_flat_one_can_be_drawn() -> None:
    long = curve_html("loss", [(step, 1 / (step + 1)) for step in range(20_000)])
    assert len(long) < 8_000
    assert "step 19,999" in long
    flat = curve_html("loss", [(0, 1.0), (9, 1.0)])
    assert "nan" not in flat
    assert "<polyline" in flat
